"""Sizing rule `regime_cap`: a largest position for each regime."""

from collections.abc import Mapping

from schemas.errors import ConfigurationError
from streams.market.regime import REGIMES
from streams.market.sizing.protocol import NO_LIMIT, Case


class RegimeCap:
    """Sizing rule: a largest position for each regime that has a cap.

    Args:
        caps: largest position in a regime, fraction of capital, by the regime's name; other regimes have no limit.

    Raises:
        ConfigurationError: a name in `caps` is not that of a regime.

    >>> case = Case(0.7, net_bps=0.2, deviation_bps=2.0, regime="volatile-trend", stand_aside=False, drawdown_bps=0.0)
    >>> RegimeCap({"volatile-trend": 0.5}).limit(case), RegimeCap({"calm-range": 0.1}).limit(case) == NO_LIMIT
    (0.5, True)
    """

    def __init__(self, caps: Mapping[str, float]) -> None:
        names = [regime.name for regime in REGIMES]
        unknown = [name for name in caps if name not in names]
        if unknown:
            raise ConfigurationError(
                f"[market.sizing.regime_caps]: expected each of {', '.join(names)}, was {', '.join(unknown)}"
            )
        self._caps = dict(caps)

    def limit(self, case: Case) -> float:
        """Return the cap of the regime in `case`, fraction of capital; `NO_LIMIT` if the regime has no cap."""
        return self._caps.get(case.regime, NO_LIMIT)
