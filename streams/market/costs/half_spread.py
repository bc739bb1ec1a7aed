"""Cost: half the spread at each of the two executions."""


class HalfSpread:
    """Half the spread on the way in and half on the way out.

    The spread is that at prediction time; when the position is left it may differ.

    >>> HalfSpread().bps(spread_bps=0.4)
    0.4

    References:
        Roll (1984), A simple implicit measure of the effective bid-ask spread: a round trip pays the spread once.
    """

    def bps(self, spread_bps: float) -> float:
        """See `Cost.bps`."""
        return spread_bps
