"""Sizing rule: a target for the volatility of the position."""

from math import sqrt
from typing import Final

from streams.market.sizing.protocol import NO_LIMIT, Case

HOUR_NS: Final = 3_600_000_000_000


class VolatilityTarget:
    """Limit: the position whose standard deviation, scaled to an hour by the square root of time, is the target.

    >>> case = Case(0.7, net_bps=0.2, deviation_bps=2.0, regime="calm-range", stand_aside=False, drawdown_bps=0.0)
    >>> VolatilityTarget(target_bps=60.0, horizon_ns=HOUR_NS // 3600).limit(case)  # 2 bps a second, 120 an hour
    0.5

    References:
        Harvey et al. (2018), The impact of volatility targeting, equation 1.
    """

    def __init__(self, target_bps: float, horizon_ns: int) -> None:
        self._target = target_bps * sqrt(horizon_ns / HOUR_NS)

    def limit(self, case: Case) -> float:
        """See `Rule.limit`."""
        deviation = case.deviation_bps
        return min(self._target / deviation, NO_LIMIT) if deviation > 0.0 else NO_LIMIT
