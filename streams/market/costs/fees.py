"""Cost: the fee of the venue."""


class Fees:
    """A fee for each of the two executions.

    >>> Fees(fee_bps=0.5).bps(spread_bps=0.4)
    1.0
    """

    def __init__(self, fee_bps: float) -> None:
        self._both = 2.0 * fee_bps

    def bps(self, spread_bps: float) -> float:
        """See `Cost.bps`."""
        return self._both
