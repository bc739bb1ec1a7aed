"""Scored predictions as they are kept until their outcome is known."""

from msgspec import Struct

from streams.scoring.called import Called


class Opinion(Struct, frozen=True, array_like=True):
    """An arm's probability of an upward move at one tick, with the steps to it.

    Attributes:
        expert: index of the expert with the largest weight.
        of_model: probability of an upward move by its model.
        pooled: pooled log-odds of its experts.
        corrected: full residual correction, log-odds, before it is scaled down by its weight.
        log_odds: pooled and corrected, before calibration.
        probability: calibrated probability of an upward move.
        threshold: conformal threshold; a side with a larger probability of being wrong is excluded.
    """

    expert: int
    of_model: float
    pooled: float
    corrected: float
    log_odds: float
    probability: float
    threshold: float


class ArmPrediction(Struct, frozen=True, array_like=True):
    """Opinion and position of one arm at a scored prediction, kept to score it and to learn from its outcome.

    Attributes:
        number, name, version: those of the arm at that time.
        opinion: the arm's opinion.
        position: signed fraction of capital.
    """

    number: int
    name: str
    version: str
    opinion: Opinion
    position: float


class Pending(Struct, frozen=True, array_like=True):
    """A scored prediction that waits for its outcome, with everything that scoring and learning need.

    Attributes:
        id: of the prediction.
        ts_event: its event time, ns.
        mid: reference price, quote currency.
        regime: name of the regime.
        cost_bps: cost of a round trip, bps.
        features: values in the order of the pipeline's features.
        rules: probabilities of the rule strategies.
        stances: opinion and position of every arm that ran, the live one first.
        called: forecasts of the baselines.
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
