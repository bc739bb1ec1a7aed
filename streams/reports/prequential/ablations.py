"""Ablations: runs of the pipeline with parts of it taken away. Each is made by changing parameters alone."""

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
    """A run of the market node with parts of the pipeline taken away.

    Attributes:
        name: name of the run.
        change: function that takes the parameters of a symbol and returns those with which the run is
            made.
        fitted: points in the ticks at which a model is fitted to all labels so far and goes live, each
            as a fraction of all ticks, 0 to 1. Empty: no model is fitted; the live one learns by itself
            or not at all.
    """

    name: str
    change: Callable[[MarketParameters], MarketParameters]
    fitted: tuple[float, ...] = ()

    def parameters(self, parameters: Parameters) -> Parameters:
        """The given parameters, changed by the attribute `change`: the general ones and those of every symbol."""
        return replace(
            parameters,
            market=self.change(parameters.market),
            symbols={symbol: self.change(own) for symbol, own in parameters.symbols.items()},
        )


def without_regime(parameters: MarketParameters) -> MarketParameters:
    """Parameters of the whole pipeline without the regime: the market always counts as calm and without a trend."""
    return replace(parameters, regime=ONE_REGIME)


def without_correction(parameters: MarketParameters) -> MarketParameters:
    """Parameters without the regime and without the correction, a regression that corrects the mix of rules and model.

    Rules and model are still mixed and calibrated.
    """
    return replace(without_regime(parameters), correction=replace(parameters.correction, variance=0.0))


def model_alone(parameters: MarketParameters) -> MarketParameters:
    """Parameters without regime, correction, rules and further models: online model and calibration are left."""
    return replace(without_correction(parameters), strategies=replace(parameters.strategies, enabled=()), models={})


def model_that_does_not_learn(parameters: MarketParameters) -> MarketParameters:
    """Parameters with the model alone, which does not learn from outcomes.

    The model changes only when a newly fitted one is promoted in its place.
    """
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
