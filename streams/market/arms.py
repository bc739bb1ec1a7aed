"""Arms: the variants of the pipeline that run side by side on the ticks of one symbol.

The first arm is live: its probabilities are published as predictions. The others run in shadow: they learn and are
scored in the same way, but their predictions are not published.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import convert
from msgspec.structs import replace

from schemas.names import MODEL
from streams.engine.faults import Faults
from streams.market import confidence
from streams.market.confidence.conformal import Conformal, ConformalState
from streams.market.confidence.expected import ExpectedSkill
from streams.market.expert_models import ExpertModels, active
from streams.market.feature_users import vector_of_models
from streams.market.mixture import Mixture
from streams.market.models.signed_logistic import SignedLogistic, SignedLogisticLearner
from streams.market.parameters import MarketParameters, RecallParameters
from streams.market.pending import Opinion
from streams.market.recall import Recall, RecallState
from streams.market.residual_correction import ResidualCorrection, ResidualCorrectionState
from streams.market.worlds import WorldState
from streams.scoring.logistic import HIGHEST, LOWEST, probability


@dataclass
class ArmState:
    """State of one arm, one of the variants of the pipeline that run side by side on a symbol: all that it has learned.

    What strategies have learned is not part of it, unless the arm has a world of its own: their states are shared by
    all arms of the symbol.

    Attributes:
        name: unique within the symbol; `live` for the arm whose predictions are published.
        version: name of the model version that the arm started from.
        number: identity of the arm within the symbol, which stays when its name changes.
        model: numbers of its logistic regression.
        weights: weights of the experts, which add up to 1: those of the rule strategies, then that of the logistic
            regression, then those of further models.
        correction: state of the residual correction, which adjusts the pooled log-odds of the experts.
        calibration: state of the calibrator, in the type of the configured calibrator.
        conformal: state of the conformal sets, which tell when a prediction is too unsure for a position.
        expected: accuracy and log-loss that the arm's recent predictions should reach, computed from their
            probabilities.
        drawdown_bps: how far the arm's simulated profits and losses are below their peak, bps of capital.
        overrides: parameters that differ from the symbol's, as canonical JSON; empty if no parameter differs.
        twin: number of the arm that this arm is a copy of; -1 if it is no copy. From predictions that were made before
            the copy existed, this arm learns with the probabilities of the other arm.
        recall: stored copies of the model, and a fast learner (a model with a higher learning rate) beside it.
        models: numbers of its further models (trees, models of River and others), each a `LiveModel`.
        world: its own features, regime and strategies, if its parameters differ in these; None: those of the symbol.
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
    models: list[Any] = field(default_factory=list)
    world: WorldState | None = None


class Arms:
    """Computes the probabilities of an arm, and teaches the arm the outcomes of predictions.

    An arm is one of the variants of the pipeline that run side by side on a symbol. Its experts (the rule strategies
    and the arm's model) each give a probability. These probabilities are pooled by weights; the result is corrected,
    then calibrated. What an arm has learned is in an `ArmState`, not in this object.

    Args:
        parameters: parameters of the symbol, with the arm's overrides in their place.
    """

    def __init__(self, parameters: MarketParameters, vector: Sequence[str] | None = None) -> None:
        self.model_features = parameters.model.features
        self._learner = SignedLogisticLearner(parameters.model)
        # A model that does not learn takes up no copies.
        recalls = parameters.recall if parameters.model.learns else RecallParameters(most=0)
        self._recall = Recall(recalls, parameters.model)
        self.models = ExpertModels(parameters, vector_of_models(parameters) if vector is None else vector)
        self.experts = (*parameters.strategies.enabled, MODEL, *self.models.names)
        self.even = 1.0 / len(self.experts) + 1e-12
        self._mixture = Mixture(parameters.mixture, self.experts)
        self._correction = ResidualCorrection(parameters.correction, len(self.model_features))
        self._calibration, self._calibration_state = confidence.calibrator(parameters.confidence)
        self._conformal = Conformal(parameters.confidence.conformal)

    def start(self, name: str, version: str, number: int, model: SignedLogistic) -> ArmState:
        """Return a new arm, which has learned only what `model` holds.

        An arm is one of the variants of the pipeline that run side by side on a symbol.

        Args:
            name: name of the arm, unique within the symbol.
            version: name of the model version that the arm starts from.
            number: identity of the arm within the symbol.
            model: numbers of its logistic regression.
        """
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
            models=self.models.start(),
        )

    def remember(self, arm: ArmState) -> RecallState:
        """Return the stored models with which the successor of an arm starts.

        An arm is one of the variants of the pipeline that run side by side on a symbol. It stores copies of its model
        from earlier times. The successor gets these copies, a copy of the present model of `arm`, and the fast learner
        of `arm` (a model with a higher learning rate).
        """
        return self._recall.succeeded(arm.recall, arm.model)

    def take_over(self, arm: ArmState, learned_with: MarketParameters, parameters: MarketParameters) -> ArmState:
        """Change an arm to the parameters of this object and return it; what is still valid of its learning is kept.

        An arm is one of the variants of the pipeline that run side by side on a symbol. Its experts are the
        strategies and models whose probabilities are pooled. Three parts start anew if their parameters changed:
        the stored copies of the logistic regression, the calibrator, and the residual correction (only if its prior
        variance changed). A further model is kept if it is declared as before. The weight of an expert that is left
        out goes to the other experts.

        Args:
            arm: state of the arm, which is changed.
            learned_with: parameters with which the arm has learned so far.
            parameters: the parameters that this object was built from, which it does not keep.
        """
        if learned_with.recall != parameters.recall:
            arm.recall = RecallState()
        before, now = learned_with.confidence, parameters.confidence
        experts = (*learned_with.strategies.enabled, MODEL, *active(learned_with))
        arm.weights = self._mixture.take_over(arm.weights, experts)
        learned = dict(zip(active(learned_with), arm.models, strict=True))
        arm.models = [
            learned[name] if name in learned and learned_with.models[name] == parameters.models[name] else fresh
            for name, fresh in zip(self.models.names, self.models.start(), strict=True)
        ]
        if learned_with.correction.variance != parameters.correction.variance:
            arm.correction = self._correction.start()
        if replace(before, conformal=now.conformal) != now:
            arm.calibration = self._calibration.start()
        return arm

    def revive(self, arm: ArmState) -> None:
        """Convert the calibrator's state in an arm decoded from a snapshot to the type that the calibrator uses.

        An arm is one of the variants of the pipeline that run side by side on a symbol. `arm` is changed in place.

        Raises:
            ValidationError: the state does not fit the type.
        """
        arm.calibration = convert(arm.calibration, self._calibration_state)
        arm.models = self.models.revive(arm.models)

    def opinion(self, arm: ArmState, rules: list[float], features: list[float], faults: Faults) -> Opinion:
        """Return the probability of an upward move by one arm, with all numbers that led to it.

        An arm is one of the variants of the pipeline that run side by side on a symbol. A part of the arm that fails is
        reported, and its result is replaced: the model's probability by 0.5, the weights by the starting weights, the
        correction by 0, the calibrated probability by the uncalibrated one.

        Args:
            arm: state of the arm.
            rules: probability of an upward move by each rule strategy at this tick.
            features: values of the features of the arm's logistic regression, in its order, then of those that only
                other models use.
            faults: takes the reports.
        """
        scaled = self._learner.scaled(arm.model, features)
        of_model = self._learner.opinion_on(arm.model, scaled)
        if of_model == 0.5 and not arm.model.sound:
            faults.note(f"model {MODEL}", "not finite", "one half in its place")
        of_model = self._recall.opinion(arm.recall, of_model, features)
        of_models: tuple[float, ...] = ()
        opinions = [*rules, of_model]
        if arm.models:
            of_models = tuple(self.models.opinions(arm.models, features, faults))
            opinions += of_models
        weights = arm.weights
        pooled = self._mixture.pool(weights, opinions)
        if pooled - pooled != 0.0:
            faults.note("mixture", "not finite", "weights of the start")
            weights[:] = self._mixture.start()
            pooled = self._mixture.pool(weights, opinions)
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
            of_models,
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
        """Whether an arm should take no position, because its probability of an upward move is too unsure.

        An arm is one of the variants of the pipeline that run side by side on a symbol. Its probability is too unsure
        if its conformal set (the sides, up or down, that are probable enough) holds both sides or none.
        """
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
        alike: bool = True,
    ) -> None:
        """Teach an arm one label, the known outcome of a prediction.

        An arm is one of the variants of the pipeline that run side by side on a symbol. A part of the
        arm whose numbers leave their range starts anew and is reported; the other parts are not
        affected.

        Args:
            arm: state of the arm, which is changed.
            opinion: what the method `opinion` returned when the prediction was made.
            rules: probability of an upward move by each rule strategy when the prediction was made.
            features: values of the features when the prediction was made, in the order that the method
                `opinion` takes.
            up: whether the mid then moved up.
            uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat
                each other.
            faults: takes the reports.
            alike: whether the arm had the same experts (strategies and models) when the prediction was
                made. If False, the weights of its experts stay as they are.
        """
        opinions = [*rules, opinion.of_model, *opinion.of_models]
        if alike and not self._mixture.learn(arm.weights, opinions, up, uniqueness):
            faults.note("mixture", "weights out of range", "those of the start")
        try:
            self._calibration.learn(arm.calibration, opinion.log_odds, up, uniqueness)
        except Exception as error:  # noqa: BLE001 - the calibrator may be the user's: whatever it raises is reported
            faults.note("calibrator", type(error).__name__, "a label not learned")
        self._conformal.learn(arm.conformal, opinion.probability, opinion.threshold, up)
        self._recall.learn(arm.recall, arm.model, features, up, uniqueness)
        self._learner.learn(arm.model, features, up, uniqueness)
        if arm.models:
            self.models.learn(arm.models, features, up, uniqueness, faults)
        scaled = self._learner.scaled(arm.model, features)
        if not self._correction.learn(arm.correction, scaled, opinion.pooled, opinion.corrected, up, uniqueness):
            faults.note("correction", "numbers out of range", "none, to be learned anew")
