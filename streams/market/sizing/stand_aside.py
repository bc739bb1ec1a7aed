"""Sizing rule `stand_aside`: no position unless exactly one side is probable enough."""

from streams.market.sizing.protocol import NO_LIMIT, Case


class StandAside:
    """Sizing rule: no position unless the conformal set holds exactly one side, up or down.

    The conformal set holds the sides that are probable enough; `streams.market.confidence.conformal` computes it.

    >>> case = Case(0.7, net_bps=0.2, deviation_bps=2.0, regime="calm-range", stand_aside=True, drawdown_bps=0.0)
    >>> StandAside().limit(case)
    0.0
    """

    def limit(self, case: Case) -> float:
        """Return 0 (no position) if `case.stand_aside` is set, else `NO_LIMIT`."""
        return 0.0 if case.stand_aside else NO_LIMIT
