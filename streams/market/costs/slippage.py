"""Cost: slippage, the loss beyond the best price."""


class Slippage:
    """A fixed loss of both executions together; it does not depend on the size, since the capital is not known.

    >>> Slippage(slippage_bps=0.1).bps(spread_bps=0.4)
    0.1
    """

    def __init__(self, slippage_bps: float) -> None:
        self._both = slippage_bps

    def bps(self, spread_bps: float) -> float:
        """See `Cost.bps`."""
        return self._both
