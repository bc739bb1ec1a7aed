"""What is taken away from the pipeline, by parameters alone: no row of the table has code of its own."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from streams.market.parameters import MarketParameters
from streams.market.regime import RegimeParameters
from streams.market.regime.parameters import EwmaParameters
from streams.parameters import Parameters

NEVER = 1e9
"""As many times the usual volatility, or as many standard errors, are never reached."""

ONE_REGIME = RegimeParameters(detector="ewma", ewma=EwmaParameters(volatile_above=NEVER, trend_above=NEVER))


class Ablation(Struct, frozen=True):
    """A run of the market node.

    Attributes:
        name: of the run.
        change: parameters of one symbol to those of the run.
        fitted: parts of the ticks after which a model is fitted to all labels so far and made the live one.
    """

    name: str
    change: Callable[[MarketParameters], MarketParameters]
    fitted: tuple[float, ...] = ()

    def parameters(self, parameters: Parameters) -> Parameters:
        """Parameters of every symbol to those of the run."""
        return replace(
            parameters,
            market=self.change(parameters.market),
            symbols={symbol: self.change(own) for symbol, own in parameters.symbols.items()},
        )


def without_regime(parameters: MarketParameters) -> MarketParameters:
    """All of the pipeline in a market that is always calm and without a trend."""
    return replace(parameters, regime=ONE_REGIME)


def without_correction(parameters: MarketParameters) -> MarketParameters:
    """Rules and model are mixed and calibrated, what they miss together stays missed; one regime."""
    return replace(without_regime(parameters), correction=replace(parameters.correction, variance=0.0))


def model_alone(parameters: MarketParameters) -> MarketParameters:
    """No rules to mix with either; what is left is the model and its calibration."""
    return replace(without_correction(parameters), strategies=replace(parameters.strategies, enabled=()))


def model_that_does_not_learn(parameters: MarketParameters) -> MarketParameters:
    """The model alone, and only directives change it."""
    return replace(model_alone(parameters), model=replace(parameters.model, learns=False))


TRAINING = 1 / 3
"""Part of the ticks that is for training; every row is scored on the rest."""

FULL = Ablation("full", lambda parameters: parameters)
WITHOUT_REGIME = Ablation("without regime", without_regime)
WITHOUT_CORRECTION = Ablation("without correction", without_correction)
MODEL = Ablation("online model", model_alone)
FROZEN = Ablation("frozen model", model_that_does_not_learn, (TRAINING,))
REFITTED = Ablation("scheduled refit", model_that_does_not_learn, tuple(ninth / 9 for ninth in range(3, 9)))

VARIANTS = (FULL, WITHOUT_REGIME, WITHOUT_CORRECTION, MODEL, FROZEN, REFITTED)
