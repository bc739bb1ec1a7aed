"""Strategies, a file each, and the register that parameters name them by."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from schemas.errors import ConfigurationError
from schemas.limits import NAMING_SAID, is_name
from streams.market.features.registry import built
from streams.market.strategies.flat import Flat
from streams.market.strategies.imbalance import Imbalance
from streams.market.strategies.mean_reversion import MeanReversion
from streams.market.strategies.momentum import Momentum
from streams.market.strategies.parameters import ImbalanceParameters, MeanReversionParameters, MomentumParameters
from streams.market.strategies.protocol import LearningStrategy, Strategy


class StrategyParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which strategies run, and how.

    Attributes:
        enabled: names of the strategies, in the order of the mixture's weights.
        imbalance, momentum, mean_reversion: parameters of those that have some.
        own: parameters of strategies of the user, a table for each.
    """

    enabled: tuple[str, ...] = ("imbalance", "momentum", "mean_reversion", "flat")
    imbalance: ImbalanceParameters = ImbalanceParameters()
    momentum: MomentumParameters = MomentumParameters()
    mean_reversion: MeanReversionParameters = MeanReversionParameters()
    own: dict[str, dict[str, Any]] = {}


STRATEGIES: dict[str, Callable[[StrategyParameters], Strategy | LearningStrategy]] = {
    "imbalance": lambda parameters: Imbalance(parameters.imbalance),
    "momentum": lambda parameters: Momentum(parameters.momentum),
    "mean_reversion": lambda parameters: MeanReversion(parameters.mean_reversion),
    "flat": lambda parameters: Flat(),
}

STRATEGIES_BUILT_IN = tuple(STRATEGIES)
"""Names of those that no plug-in brings."""


def register(name: str, strategy: Callable[..., Strategy | LearningStrategy]) -> None:
    """Make a strategy of the user known, so that `[market.strategies] enabled` can name it.

    Args:
        name: unique among all strategies.
        strategy: its class. One with an attribute `Parameters`, a `msgspec.Struct`, is given them, filled from
            `[market.strategies.own.<name>]`.

    Raises:
        ConfigurationError: the name is taken.
    """
    if not is_name(name):
        raise ConfigurationError(f"strategies: {NAMING_SAID}, was {name!r}")
    if name in STRATEGIES:
        raise ConfigurationError(f"strategies: expected a new name, was {name!r}")
    STRATEGIES[name] = lambda parameters: built(strategy, name, parameters.own.get(name, {}), "strategies")


def strategies(parameters: StrategyParameters) -> list[Strategy | LearningStrategy]:
    """The enabled strategies.

    >>> [type(each).__name__ for each in strategies(StrategyParameters(enabled=("flat", "imbalance")))]
    ['Flat', 'Imbalance']

    Raises:
        ConfigurationError: a name is unknown or given twice.
    """
    enabled = parameters.enabled
    unknown = [name for name in enabled if name not in STRATEGIES]
    if unknown or len(set(enabled)) < len(enabled):
        raise ConfigurationError(
            f"strategies: expected each of {', '.join(STRATEGIES)} at most once, was {enabled}; "
            "fix: name the module that registers another one in [plugins] modules"
        )
    return [STRATEGIES[name](parameters) for name in enabled]
