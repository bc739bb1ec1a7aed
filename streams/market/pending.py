"""What a scored prediction keeps until its outcome is known."""

from msgspec import Struct

from streams.scoring.called import Called


class Opinion(Struct, frozen=True, array_like=True):
    """What an arm thinks of one tick.

    Attributes:
        expert: index of the expert with the largest weight.
        of_model: probability of an upward move according to its model.
        pooled: log-odds of its experts together.
        corrected: correction of those in full, log-odds.
        log_odds: of both, before calibration.
        probability: calibrated probability of an upward move.
        threshold: a side with a larger probability of being wrong could be excluded.
    """

    expert: int
    of_model: float
    pooled: float
    corrected: float
    log_odds: float
    probability: float
    threshold: float


class Stance(Struct, frozen=True, array_like=True):
    """What an arm thought when a prediction was made: what it will be scored by and learn from.

    Attributes:
        number, name, version: of the arm at that time.
        opinion: of the arm.
        position: signed fraction of capital.
    """

    number: int
    name: str
    version: str
    opinion: Opinion
    position: float


class Pending(Struct, frozen=True, array_like=True):
    """A prediction as it was made: nothing in it is computed again when the outcome is known.

    Attributes:
        id: of the prediction.
        ts_event: its event time, ns.
        mid: reference price, quote currency.
        regime: name of the regime.
        cost_bps: cost of a round trip, bps.
        features: values in the order of the pipeline's features.
        rules: opinions of the rule strategies.
        stances: of every arm that ran, the live one first.
        called: what the baselines said.
    """

    id: str
    ts_event: int
    mid: float
    regime: str
    cost_bps: float
    features: list[float]
    rules: list[float]
    stances: list[Stance]
    called: Called
