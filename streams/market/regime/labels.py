"""The four regimes: calm or volatile, each ranging or trending."""

from msgspec import Struct

from schemas.errors import ConfigurationError
from schemas.limits import NAMING_SAID, is_name


class Regime(Struct, frozen=True):
    """A kind of market: calm or volatile, and ranging or trending.

    Attributes:
        name: name of the regime in predictions, such as `calm-range`.
        volatile: whether the volatility is clearly above its usual level.
        trending: whether the drift of the mid is larger than noise explains.
    """

    name: str
    volatile: bool
    trending: bool

    def __post_init__(self) -> None:
        """Check the name of the regime.

        Raises:
            ConfigurationError: the name is empty, too long, or has characters that names in records must not have.
        """
        if not is_name(self.name):
            raise ConfigurationError(f"regime: {NAMING_SAID}, was {self.name!r}")


REGIMES = (
    Regime("calm-range", volatile=False, trending=False),
    Regime("calm-trend", volatile=False, trending=True),
    Regime("volatile-range", volatile=True, trending=False),
    Regime("volatile-trend", volatile=True, trending=True),
)
"""All of them; place `2 * volatile + trending`."""
