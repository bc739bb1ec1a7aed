"""Every rule of sizing by name."""

from collections.abc import Callable

from schemas.errors import ConfigurationError
from schemas.limits import NAMING_SAID, is_name
from streams.market.sizing.confidence_floor import ConfidenceFloor
from streams.market.sizing.drawdown_cap import DrawdownCap
from streams.market.sizing.kelly import Kelly
from streams.market.sizing.parameters import SizingParameters
from streams.market.sizing.protocol import Rule
from streams.market.sizing.regime_cap import RegimeCap
from streams.market.sizing.stand_aside import StandAside
from streams.market.sizing.volatility_target import VolatilityTarget

COST, LARGEST = "cost", "max_position"
"""Names of the two rules that cannot be switched off."""

RULES: dict[str, Callable[[SizingParameters, int], Rule]] = {
    "stand_aside": lambda parameters, horizon_ns: StandAside(),
    "confidence_floor": lambda parameters, horizon_ns: ConfidenceFloor(parameters.confidence_floor),
    "kelly": lambda parameters, horizon_ns: Kelly(parameters.kelly_fraction),
    "volatility_target": lambda parameters, horizon_ns: VolatilityTarget(parameters.volatility_target_bps, horizon_ns),
    "regime_cap": lambda parameters, horizon_ns: RegimeCap(parameters.regime_caps),
    "drawdown_cap": lambda parameters, horizon_ns: drawdown_cap(parameters),
}
"""Every rule by name; they are built from the parameters and the horizon, ns."""

RULES_BUILT_IN = tuple(RULES)
"""Names of those that no plug-in brings."""


def register(name: str, build: Callable[[SizingParameters, int], Rule]) -> None:
    """Make a rule known to parameters.

    Raises:
        ConfigurationError: the name is taken.
    """
    if not is_name(name):
        raise ConfigurationError(f"sizing: {NAMING_SAID}, was {name!r}")
    if name in RULES or name in (COST, LARGEST):
        raise ConfigurationError(f"sizing: expected a new name, was {name!r}; fix: choose another")
    RULES[name] = build


def drawdown_cap(parameters: SizingParameters) -> DrawdownCap:
    """The cap that also knows how a drawdown goes on, whether or not it is enabled."""
    return DrawdownCap(parameters.drawdown_bps, parameters.max_position, parameters.drawdown_memory)
