"""Regimes: calm or volatile, ranging or trending."""

from msgspec import Struct

from schemas.errors import ConfigurationError
from schemas.limits import NAMING_SAID, is_name


class Regime(Struct, frozen=True):
    """A kind of market, labelled by its statistics.

    Attributes:
        name: as it stands in predictions.
        volatile: whether volatility is clearly above its usual level.
        trending: whether the drift is larger than noise explains.
    """

    name: str
    volatile: bool
    trending: bool

    def __post_init__(self) -> None:
        """Raises `ConfigurationError` for a name that records cannot carry."""
        if not is_name(self.name):
            raise ConfigurationError(f"regime: {NAMING_SAID}, was {self.name!r}")


REGIMES = (
    Regime("calm-range", volatile=False, trending=False),
    Regime("calm-trend", volatile=False, trending=True),
    Regime("volatile-range", volatile=True, trending=False),
    Regime("volatile-trend", volatile=True, trending=True),
)
"""All of them; place `2 * volatile + trending`."""
