"""Arms: pipelines that run side by side on the same ticks; the first is live, the others run in shadow."""

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
from streams.market.residual_correction import ResidualCorrection, ResidualCorrectionState
from streams.scoring.logistic import HIGHEST, LOWEST, probability


@dataclass
class ArmState:
    """State of one arm: everything that learns, except the strategies, which are common to all arms of the symbol.

    Attributes:
        name: unique within the symbol; the live arm is called `live`.
        version: version that its model started from.
        number: identity that survives a change of name.
        model: its model.
        weights: weight of each expert, together 1: the rule strategies, then the model.
        correction: state of the residual correction.
        calibration: state of the calibrator, of the calibrator's own type.
        conformal: state of the rule to stand aside.
        expected: accuracy and log-loss that its probabilities imply, before labels mature.
        drawdown_bps: how far its paper equity is below its peak, bps of capital.
        overrides: parameters of its own, as `ArmParameters.overrides` wrote them.
        twin: number of the arm that it was copied from when it started, below 0 if from none; from predictions that
            were made before, it learns with the probabilities of that arm.
        recall: stored copies of its model, and the fast learner.
    """

    name: str
    version: str
    number: int
    model: SignedLogistic
    weights: list[float]
    correction: ResidualCorrectionState
    calibration: Any
    conformal: ConformalState
    expected: ExpectedSkill
    drawdown_bps: float = 0.0
    overrides: bytes = b""
    twin: int = -1
    recall: RecallState = field(default_factory=RecallState)


class Arms:
    """Operator of arms: pools the experts' probabilities, corrects and calibrates the pool, and learns from labels."""

    def __init__(self, parameters: MarketParameters) -> None:
        self.model_features = parameters.model.features
        self._learner = SignedLogisticLearner(parameters.model)
        # A model that does not learn takes up no copies.
        recalls = parameters.recall if parameters.model.learns else RecallParameters(most=0)
        self._recall = Recall(recalls, parameters.model)
        self._mixture = Mixture(parameters.mixture, (*parameters.strategies.enabled, MODEL))
        self._correction = ResidualCorrection(parameters.correction, len(self.model_features))
        self._calibration, self._calibration_state = confidence.calibrator(parameters.confidence)
        self._conformal = Conformal(parameters.confidence.conformal)

    def start(self, name: str, version: str, number: int, model: SignedLogistic) -> ArmState:
        """A new arm with the prior weights of the parameters."""
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
        """Stored copies for the successor of an arm: the copies of its model, and one of the model as it is now."""
        return self._recall.succeeded(arm.recall, arm.model)

    def take_over(self, arm: ArmState, learned_with: MarketParameters, parameters: MarketParameters) -> ArmState:
        """Move an arm to the parameters of this operator, and keep the learned state that is still valid under them.

        A part starts anew when its numbers have another meaning now: the calibration of another calibrator, a
        correction with another prior variance, another recall; weights of experts that are left out go to the others.

        Args:
            arm: to be changed.
            learned_with: parameters that it has run with so far.
            parameters: parameters of this operator.
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
        """Convert the parts of an arm from a snapshot to the types of the configured components.

        Raises:
            ValidationError: the parts are not of these types.
        """
        arm.calibration = convert(arm.calibration, self._calibration_state)

    def opinion(self, arm: ArmState, rules: list[float], features: list[float], faults: Faults) -> Opinion:
        """Probability of an upward move according to an arm; if the calibrator fails, the log-odds stay uncalibrated.

        Args:
            arm: the arm.
            rules: probabilities of the rule strategies.
            features: vector that begins with the features of the model, in its order.
            faults: takes a report of every failure.
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
        uniqueness: float,
        faults: Faults,
    ) -> None:
        """Learn one label, weighted by its uniqueness (0 to 1), given the arm's opinion at prediction time.

        A part whose numbers leave their range is noted and starts anew; the others go on.
        """
        if not self._mixture.learn(arm.weights, [*rules, opinion.of_model], up, uniqueness):
            faults.note("mixture", "weights out of range", "those of the start")
        try:
            self._calibration.learn(arm.calibration, opinion.log_odds, up, uniqueness)
        except Exception as error:  # noqa: BLE001 - the calibrator may be the user's: whatever it raises is reported
            faults.note("calibrator", type(error).__name__, "a label not learned")
        self._conformal.learn(arm.conformal, opinion.probability, opinion.threshold, up)
        self._recall.learn(arm.recall, arm.model, features, up, uniqueness)
        self._learner.learn(arm.model, features, up, uniqueness)
        scaled = self._learner.scaled(arm.model, features)
        if not self._correction.learn(arm.correction, scaled, opinion.pooled, opinion.corrected, up, uniqueness):
            faults.note("correction", "numbers out of range", "none, to be learned anew")
