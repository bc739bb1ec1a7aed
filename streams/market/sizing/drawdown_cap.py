"""Sizing rule `drawdown_cap`: a limit on the position that shrinks as the drawdown grows."""

from streams.market.sizing.protocol import Case


class DrawdownCap:
    """Sizing rule: the largest position shrinks linearly with the drawdown, to 0 at the largest bearable drawdown.

    The drawdown is that of simulated profits and losses: how far their sum is below its peak. It decays slowly by
    itself: at a limit of 0 no position could ever earn it back.

    Args:
        bearable_bps: drawdown at which the limit is 0, bps of capital.
        largest: limit without a drawdown, fraction of capital.
        memory: number of scored predictions over which a drawdown decays.

    >>> cap = DrawdownCap(bearable_bps=100.0, largest=1.0, memory=10)
    >>> case = Case(0.7, net_bps=0.2, deviation_bps=2.0, regime="calm-range", stand_aside=False, drawdown_bps=25.0)
    >>> cap.limit(case)
    0.75
    >>> cap.after(25.0, net_bps=-5.0), cap.after(25.0, net_bps=30.0)  # 25 decays by a tenth; then 5 lost or 30 earned
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
        """Return the largest position at the drawdown of `case`, fraction of capital, 0 or more."""
        return self._largest * max(0.0, 1.0 - case.drawdown_bps / self._bearable)

    def after(self, drawdown_bps: float, net_bps: float) -> float:
        """Return the drawdown after one more scored prediction, bps of capital, 0 or more.

        Args:
            drawdown_bps: drawdown before, bps of capital.
            net_bps: what the position of this prediction earned after costs, bps of capital; below 0 for a loss.
        """
        return max(0.0, self._kept * drawdown_bps - net_bps)
