"""Strategies, each with its own rule for the probability of an upward move, and their registry by name."""

from typing import Any

from msgspec import Struct

from streams.engine.registry import Registry
from streams.market.strategies.flat import Flat
from streams.market.strategies.imbalance import Imbalance
from streams.market.strategies.mean_reversion import MeanReversion
from streams.market.strategies.momentum import Momentum
from streams.market.strategies.parameters import ImbalanceParameters, MeanReversionParameters, MomentumParameters
from streams.market.strategies.protocol import LearningStrategy, Strategy


class StrategyParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which strategies run, and their parameters.

    Attributes:
        enabled: names of the strategies that run, in the order in which their probabilities and weights are kept.
        imbalance, momentum, mean_reversion: parameters of these strategies.
        own: parameters of strategies that plug-ins registered, one table for each strategy, by its name.
    """

    enabled: tuple[str, ...] = ("imbalance", "momentum", "mean_reversion", "flat")
    imbalance: ImbalanceParameters = ImbalanceParameters()
    momentum: MomentumParameters = MomentumParameters()
    mean_reversion: MeanReversionParameters = MeanReversionParameters()
    own: dict[str, dict[str, Any]] = {}


STRATEGIES: Registry[Strategy | LearningStrategy] = Registry(
    "market.strategies",
    "strategies",
    {
        "imbalance": (Imbalance, lambda parameters: Imbalance(parameters.imbalance)),
        "momentum": (Momentum, lambda parameters: Momentum(parameters.momentum)),
        "mean_reversion": (MeanReversion, lambda parameters: MeanReversion(parameters.mean_reversion)),
        "flat": (Flat, lambda parameters: Flat()),
    },
)

register = STRATEGIES.register
"""See `Registry.register`: `[market.strategies] enabled` can name it then."""


def strategies(parameters: StrategyParameters) -> list[Strategy | LearningStrategy]:
    """Build the strategies that `parameters.enabled` names, in that order.

    >>> [type(each).__name__ for each in strategies(StrategyParameters(enabled=("flat", "imbalance")))]
    ['Flat', 'Imbalance']

    Raises:
        ConfigurationError: the name of a strategy is unknown or given twice.
    """
    return list(STRATEGIES.build_each(parameters.enabled, parameters).values())
