"""Sizing rule: no position while neither side can be excluded."""

from streams.market.sizing.protocol import NO_LIMIT, Case


class StandAside:
    """No position unless the conformal set holds one side alone, see `streams.market.confidence.conformal`.

    >>> case = Case(0.7, net_bps=0.2, deviation_bps=2.0, regime="calm-range", stand_aside=True, drawdown_bps=0.0)
    >>> StandAside().limit(case)
    0.0
    """

    def limit(self, case: Case) -> float:
        """See `Rule.limit`."""
        return 0.0 if case.stand_aside else NO_LIMIT
