"""Sizing rule: a cap that shrinks with the drawdown."""

from streams.market.sizing.protocol import Case


class DrawdownCap:
    """The cap shrinks in proportion to how much of the bearable drawdown is left.

    The drawdown is that of a paper equity; it decays over `memory` matured predictions, as an arm that holds nothing
    could not earn it back.

    >>> cap = DrawdownCap(bearable_bps=100.0, largest=1.0, memory=10)
    >>> case = Case(0.7, net_bps=0.2, deviation_bps=2.0, regime="calm-range", stand_aside=False, drawdown_bps=25.0)
    >>> cap.limit(case)
    0.75
    >>> cap.after(25.0, net_bps=-5.0), cap.after(25.0, net_bps=30.0)  # a tenth is forgotten, then 5 lost or 30 earned
    (27.5, 0.0)

    References:
        Grossman and Zhou (1993), Optimal investment strategies for controlling drawdowns: exposure in proportion to
        the cushion.
    """

    def __init__(self, bearable_bps: float, largest: float, memory: int) -> None:
        self._bearable = bearable_bps
        self._largest = largest
        self._kept = 1.0 - 1.0 / memory

    def limit(self, case: Case) -> float:
        """See `Rule.limit`."""
        return self._largest * max(0.0, 1.0 - case.drawdown_bps / self._bearable)

    def after(self, drawdown_bps: float, net_bps: float) -> float:
        """Drawdown after a matured position earned `net_bps` of capital."""
        return max(0.0, self._kept * drawdown_bps - net_bps)
