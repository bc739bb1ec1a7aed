"""Predictions that are to be scored, as they are kept until their outcome is known."""

from msgspec import Struct

from streams.scoring.called import Called


class Opinion(Struct, frozen=True, array_like=True):
    """An arm's probability of an upward move at one tick, and the steps to it.

    An arm is one of the variants of the pipeline that run side by side on a symbol. Its experts are the rule strategies
    and its model.

    Attributes:
        expert: index of the expert with the largest weight.
        of_model: probability of an upward move by the arm's model alone.
        pooled: weighted mean of the experts' log-odds.
        corrected: the residual correction in log-odds, before it is multiplied by the fraction that is applied.
        log_odds: pooled log-odds plus the applied part of the correction, before calibration.
        probability: calibrated probability of an upward move.
        threshold: conformal threshold; a side (up or down) is excluded if its probability is below `1 - threshold`.
        of_models: probability of an upward move by each of the arm's models beside the logistic regression.
    """

    expert: int
    of_model: float
    pooled: float
    corrected: float
    log_odds: float
    probability: float
    threshold: float
    of_models: tuple[float, ...] = ()


class OwnSight(Struct, frozen=True, array_like=True):
    """What an arm that computes its own features, regime and strategies saw when a prediction was made.

    An arm is one of the variants of the pipeline that run side by side on a symbol. Most arms see what the
    symbol's own parameters give; this is for the others.

    Attributes:
        features: values of its features.
        rules: probability of an upward move by each of its strategies, in the order of `strategies`.
        regime: name of its regime.
        strategies: names of its strategies.
    """

    features: list[float]
    rules: list[float]
    regime: str
    strategies: tuple[str, ...]


class ArmPrediction(Struct, frozen=True, array_like=True):
    """Opinion and position of one arm when a prediction was made, kept until the outcome is known.

    An arm is one of the variants of the pipeline that run side by side on a symbol.

    Attributes:
        number, name, version: number, name and model version of the arm when the prediction was made.
        opinion: the arm's probability of an upward move, with the steps to it.
        position: fraction of capital; below 0 for a short position.
        models: names of the arm's models beside the logistic regression.
        own: features, regime and strategies' probabilities that the arm computed for itself; None if it
            used those of the symbol, as most arms do.
    """

    number: int
    name: str
    version: str
    opinion: Opinion
    position: float
    models: tuple[str, ...] = ()
    own: OwnSight | None = None


class Pending(Struct, frozen=True, array_like=True):
    """A prediction that waits for its outcome, with everything that scoring and learning will need.

    Attributes:
        id: id of the prediction.
        ts_event: event time of the prediction, ns.
        mid: reference price when the prediction was made, quote currency.
        regime: name of the market's regime when the prediction was made.
        cost_bps: cost of opening and closing a position, bps of the mid.
        features: values of all features.
        rules: probability of an upward move by each rule strategy.
        stances: opinion and position of the live arm, whose predictions are published, then those of each other arm.
            An arm is one of the variants of the pipeline that run side by side on the symbol.
        called: forecasts of the baselines, which are simple forecasts that the arms are compared with.
    """

    id: str
    ts_event: int
    mid: float
    regime: str
    cost_bps: float
    features: list[float]
    rules: list[float]
    stances: list[ArmPrediction]
    called: Called
