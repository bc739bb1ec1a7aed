"""Cost `fees`: the fee of the trading venue."""


class Fees:
    """Cost of the venue's fee, which is paid when a position is opened and again when it is closed.

    Args:
        fee_bps: fee of one execution, bps of its value.

    >>> Fees(fee_bps=0.5).bps(spread_bps=0.4)
    1.0
    """

    def __init__(self, fee_bps: float) -> None:
        self._both = 2.0 * fee_bps

    def bps(self, spread_bps: float) -> float:
        """Return the fee of both executions, bps; it does not depend on the spread."""
        return self._both
