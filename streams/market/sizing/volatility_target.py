"""Sizing rule `volatility_target`: a largest volatility of the position's return."""

from math import sqrt
from typing import Final

from streams.market.sizing.protocol import NO_LIMIT, Case

HOUR_NS: Final = 3_600_000_000_000


class VolatilityTarget:
    """Sizing rule: the standard deviation of the position's return over an hour is at most `target_bps`.

    The standard deviation over the horizon of a prediction is scaled to an hour by the square root of time.

    Args:
        target_bps: largest standard deviation over an hour, bps of capital.
        horizon_ns: how far ahead predictions look, ns.

    >>> case = Case(0.7, net_bps=0.2, deviation_bps=2.0, regime="calm-range", stand_aside=False, drawdown_bps=0.0)
    >>> VolatilityTarget(target_bps=60.0, horizon_ns=HOUR_NS // 3600).limit(case)  # 2 bps in a second, 120 in an hour
    0.5

    References:
        Harvey et al. (2018), The impact of volatility targeting, equation 1.
    """

    def __init__(self, target_bps: float, horizon_ns: int) -> None:
        self._target = target_bps * sqrt(horizon_ns / HOUR_NS)

    def limit(self, case: Case) -> float:
        """Return the largest position, fraction of capital; `NO_LIMIT` (any) while the standard deviation is 0."""
        deviation = case.deviation_bps
        return min(self._target / deviation, NO_LIMIT) if deviation > 0.0 else NO_LIMIT
