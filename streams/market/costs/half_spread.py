"""Cost `half_spread`: half the spread at each of the two executions."""


class HalfSpread:
    """Cost of the spread: half of it when a position is opened and half of it when the position is closed.

    Both halves are computed from the spread at the time of the prediction, although the spread may have changed when
    the position is closed.

    >>> HalfSpread().bps(spread_bps=0.4)
    0.4

    References:
        Roll (1984), A simple implicit measure of the effective bid-ask spread: a round trip pays the spread once.
    """

    def bps(self, spread_bps: float) -> float:
        """Return the whole spread, as both halves together, bps of the mid."""
        return spread_bps
