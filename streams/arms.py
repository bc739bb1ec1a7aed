"""Variants of the pipeline that run side by side on the same ticks; the first is live, the others run in shadow."""

from collections.abc import Sequence

from msgspec import Struct

from streams.calibration import Calibration, CalibrationState
from streams.logistic import log_odds
from streams.mixture import Mixture
from streams.models.signed_logistic import SignedLogistic, SignedLogisticLearner
from streams.parameters import MarketParameters

LIVE = "live"
"""Name of the arm whose opinions become predictions."""

MODEL = "signed_logistic"
"""Name of the arm's own model among its experts."""


class ArmState(Struct, array_like=True):
    """A variant: the rule strategies are common to all, everything that learns is its own.

    Attributes:
        name: unique within the symbol; the live arm is called `live`.
        version: version that its model started from.
        number: identity that survives a change of name.
        model: its model.
        weights: belief in each expert: the rule strategies, then the model.
        calibration: of its mixture.
    """

    name: str
    version: str
    number: int
    model: SignedLogistic
    weights: list[float]
    calibration: CalibrationState


class Stance(Struct, frozen=True, array_like=True):
    """What an arm thought when a prediction was made: what it will be scored by and learn from.

    Attributes:
        number, name, version: of the arm at that time.
        expert: index of the expert with the largest weight.
        model_opinion: probability of an upward move according to its model.
        log_odds: of the mixture, before calibration.
        probability: calibrated probability of an upward move.
        position: signed fraction of capital.
    """

    number: int
    name: str
    version: str
    expert: int
    model_opinion: float
    log_odds: float
    probability: float
    position: float


class Arms:
    """What every arm does: mix the experts' opinions, calibrate, and learn from labels."""

    def __init__(self, parameters: MarketParameters) -> None:
        self.model_features = parameters.model.features
        self._experts = len(parameters.strategies.enabled) + 1
        self._learner = SignedLogisticLearner(parameters.model)
        self._mixture = Mixture(parameters.mixture)
        self._calibration = Calibration(parameters.calibration)

    def start(self, name: str, version: str, number: int, model: SignedLogistic) -> ArmState:
        """Arm that believes in all experts equally."""
        return ArmState(name, version, number, model, self._mixture.start(self._experts), self._calibration.start())

    def opinion(
        self, arm: ArmState, rules: Sequence[float], features: Sequence[float]
    ) -> tuple[int, float, float, float]:
        """Leading expert, the model's opinion, raw log-odds and calibrated probability, as in `Stance`.

        Args:
            arm: whose opinion.
            rules: opinions of the rule strategies.
            features: values that begin with those of the model, in its order.
        """
        of_model = self._learner.opinion(arm.model, features)
        weights = arm.weights
        raw = log_odds(self._mixture.mix(weights, (*rules, of_model)))
        return weights.index(max(weights)), of_model, raw, self._calibration.apply(arm.calibration, raw)

    def learn(self, arm: ArmState, stance: Stance, rules: Sequence[float], features: Sequence[float], up: bool) -> None:
        """Take one label, given what the arm thought when it was predicted."""
        self._mixture.learn(arm.weights, (*rules, stance.model_opinion), up)
        self._calibration.learn(arm.calibration, stance.log_odds, up)
        self._learner.learn(arm.model, features, up)
