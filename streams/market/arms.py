"""Variants of the pipeline that run side by side on the same ticks; the first is live, the others run in shadow."""

from dataclasses import dataclass, field
from typing import Any

from msgspec import convert
from msgspec.structs import replace

from schemas.names import MODEL
from streams.engine.faults import Faults
from streams.market import confidence
from streams.market.confidence.conformal import Conformal, ConformalState
from streams.market.confidence.expected import ExpectedSkill
from streams.market.mixture import Mixture
from streams.market.models.signed_logistic import SignedLogistic, SignedLogisticLearner
from streams.market.parameters import MarketParameters, RecallParameters
from streams.market.pending import Opinion
from streams.market.recall import Recall, RecallState
from streams.market.residual_correction import Correction, CorrectionState
from streams.scoring.logistic import HIGHEST, LOWEST, probability


@dataclass
class ArmState:
    """A variant: the rule strategies are common to all, everything that learns is its own.

    Attributes:
        name: unique within the symbol; the live arm is called `live`.
        version: version that its model started from.
        number: identity that survives a change of name.
        model: its model.
        weights: belief in each expert: the rule strategies, then the model.
        correction: what its experts miss together.
        calibration: of both; its type is the calibrator's.
        conformal: which sides can be excluded.
        expected: its skill before labels mature.
        drawdown_bps: how far its paper equity is below its peak, bps of capital.
        overrides: what it does otherwise than the symbol's parameters say, as `Variants.overrides` wrote it.
        twin: number of the arm that it was a copy of when it started, below 0 if of none: of predictions that were
            made before, it learns from what that one thought.
        recall: what its model knew before.
    """

    name: str
    version: str
    number: int
    model: SignedLogistic
    weights: list[float]
    correction: CorrectionState
    calibration: Any
    conformal: ConformalState
    expected: ExpectedSkill
    drawdown_bps: float = 0.0
    overrides: bytes = b""
    twin: int = -1
    recall: RecallState = field(default_factory=RecallState)


class Arms:
    """What every arm does: pool the experts' opinions, correct and calibrate them, and learn from labels."""

    def __init__(self, parameters: MarketParameters) -> None:
        self.model_features = parameters.model.features
        self._learner = SignedLogisticLearner(parameters.model)
        # What is to stay as it is takes up nothing.
        recalls = parameters.recall if parameters.model.learns else RecallParameters(most=0)
        self._recall = Recall(recalls, parameters.model)
        self._mixture = Mixture(parameters.mixture, (*parameters.strategies.enabled, MODEL))
        self._correction = Correction(parameters.correction, len(self.model_features))
        self._calibration, self._calibration_state = confidence.calibrator(parameters.confidence)
        self._conformal = Conformal(parameters.confidence.conformal)

    def start(self, name: str, version: str, number: int, model: SignedLogistic) -> ArmState:
        """Arm that believes in its experts as the parameters say."""
        return ArmState(
            name,
            version,
            number,
            model,
            self._mixture.start(),
            self._correction.start(),
            self._calibration.start(),
            self._conformal.start(),
            ExpectedSkill(),
        )

    def remember(self, arm: ArmState) -> RecallState:
        """What a successor of `arm` may take up: what its model knew before, and what it knows."""
        return self._recall.succeeded(arm.recall, arm.model)

    def take_over(self, arm: ArmState, learned_with: MarketParameters, parameters: MarketParameters) -> ArmState:
        """Make an arm that learned with other parameters one of these, and keep what still means the same.

        A part starts anew when its numbers mean something else now: the calibration of another calibrator, a
        correction with another prior variance, another recall; weights of experts that are left out go to the others.

        Args:
            arm: to be changed.
            learned_with: parameters that it was advanced with.
            parameters: those that this was built from.
        """
        if learned_with.recall != parameters.recall:
            arm.recall = RecallState()
        before, now = learned_with.confidence, parameters.confidence
        arm.weights = self._mixture.take_over(arm.weights)
        if learned_with.correction.variance != parameters.correction.variance:
            arm.correction = self._correction.start()
        if replace(before, conformal=now.conformal) != now:
            arm.calibration = self._calibration.start()
        return arm

    def revive(self, arm: ArmState) -> None:
        """Give an arm that came from a snapshot the types that only the parameters know.

        Raises:
            ValidationError: they are not those of this calibrator.
        """
        arm.calibration = convert(arm.calibration, self._calibration_state)

    def opinion(self, arm: ArmState, rules: list[float], features: list[float], faults: Faults) -> Opinion:
        """What `arm` thinks; a calibrator that fails leaves the log-odds as they are.

        Args:
            arm: whose opinion.
            rules: opinions of the rule strategies.
            features: values that begin with those of the model, in its order.
            faults: where a failure is reported.
        """
        scaled = self._learner.scaled(arm.model, features)
        of_model = self._learner.opinion_on(arm.model, scaled)
        if of_model == 0.5 and not arm.model.sound:
            faults.note(f"model {MODEL}", "not finite", "one half in its place")
        of_model = self._recall.opinion(arm.recall, of_model, features)
        weights = arm.weights
        pooled = self._mixture.pool(weights, [*rules, of_model])
        if pooled - pooled != 0.0:
            faults.note("mixture", "not finite", "weights of the start")
            weights[:] = self._mixture.start()
            pooled = self._mixture.pool(weights, [*rules, of_model])
            pooled = pooled if pooled - pooled == 0.0 else 0.0
        correction = arm.correction
        corrected = self._correction.log_odds(correction, scaled)
        log_odds = pooled + correction.trust * corrected
        if log_odds - log_odds != 0.0:
            faults.note("correction", "not finite", "none in its place")
            corrected, log_odds = 0.0, pooled
        return Opinion(
            weights.index(max(weights)),
            of_model,
            pooled,
            corrected,
            log_odds,
            self._calibrated(arm, log_odds, faults),
            arm.conformal.threshold,
        )

    def _calibrated(self, arm: ArmState, log_odds: float, faults: Faults) -> float:
        try:
            calibrated = self._calibration.apply(arm.calibration, log_odds)
            if LOWEST <= calibrated <= HIGHEST:
                return calibrated
            problem = "no probability"
        except Exception as error:  # noqa: BLE001 - the calibrator may be the user's: whatever it raises is reported
            problem = type(error).__name__
        faults.note("calibrator", problem, "log-odds as they are")
        return probability(log_odds)

    def stands_aside(self, arm: ArmState, probability: float) -> bool:
        """Whether neither side can be excluded at this probability."""
        return self._conformal.stands_aside(arm.conformal, probability)

    def learn(
        self,
        arm: ArmState,
        opinion: Opinion,
        rules: list[float],
        features: list[float],
        up: bool,
        worth: float,
        faults: Faults,
    ) -> None:
        """Take one label of some worth, given what the arm thought when it was predicted.

        A part whose numbers leave their range is noted and starts anew; the others go on.
        """
        if not self._mixture.learn(arm.weights, [*rules, opinion.of_model], up, worth):
            faults.note("mixture", "weights out of range", "those of the start")
        try:
            self._calibration.learn(arm.calibration, opinion.log_odds, up, worth)
        except Exception as error:  # noqa: BLE001 - the calibrator may be the user's: whatever it raises is reported
            faults.note("calibrator", type(error).__name__, "a label not learned")
        self._conformal.learn(arm.conformal, opinion.probability, opinion.threshold, up)
        self._recall.learn(arm.recall, arm.model, features, up, worth)
        self._learner.learn(arm.model, features, up, worth)
        scaled = self._learner.scaled(arm.model, features)
        if not self._correction.learn(arm.correction, scaled, opinion.pooled, opinion.corrected, up, worth):
            faults.note("correction", "numbers out of range", "none, to be learned anew")
