"""Cost `slippage`: the loss from executions at worse than the best price."""


class Slippage:
    """Cost of executions at worse than the best price; it is fixed, for opening and closing together.

    It does not depend on the size of the position, which is a fraction of a capital that is not known.

    Args:
        slippage_bps: the cost, bps.

    >>> Slippage(slippage_bps=0.1).bps(spread_bps=0.4)
    0.1
    """

    def __init__(self, slippage_bps: float) -> None:
        self._both = slippage_bps

    def bps(self, spread_bps: float) -> float:
        """Return the fixed slippage of both executions, bps; it does not depend on the spread."""
        return self._both
