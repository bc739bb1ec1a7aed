"""Cost `slippage`: the loss from executions at worse than the best price."""


class Slippage:
    """Cost of executions at worse than the best price; it is fixed, for opening and closing together.

    The cost does not depend on the size of the position: a size is a fraction of capital, and the amount of capital is
    not known here.

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
