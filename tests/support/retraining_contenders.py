"""Forecasters that are compared on streams with a planted relation, from a fixed model to the whole loop."""

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace
from river.compose import Pipeline
from river.linear_model import LogisticRegression
from river.preprocessing import StandardScaler

from schemas.models import ModelState
from schemas.outcomes import OutcomeMatured
from schemas.retraining import RetrainingResult
from schemas.windows import AccuracyWindow, Breach
from streams.market.features import SIGNED
from streams.market.models import signed_logistic
from streams.market.parameters import RecallParameters
from streams.monitoring.node import MonitorNode
from streams.reports.prequential.ablations import model_that_does_not_learn
from streams.retraining.fitting import Label, fit
from streams.retraining.job import retrain
from streams.retraining.labels import OutcomeLog, outcome_log
from streams.retraining.parameters import RetrainParameters, TreesFitParameters
from streams.scoring import label_uniqueness
from streams.scoring.label_uniqueness import UniquenessState
from tests.support.planted_concepts import LiveArm, Planted, market

TRAINED = 5_000
REFIT_EVERY = 2_000


def frozen(case: Planted) -> list[float]:
    """Probabilities of a model that is fitted once, to the first 5,000 labels."""
    return _refitted(case, every=10**9)


def refitted(case: Planted) -> list[float]:
    """Probabilities of a model that is fitted to all labels so far after every 2,000 labels."""
    return _refitted(case, every=REFIT_EVERY)


def _refitted(case: Planted, every: int) -> list[float]:
    parameters = market(case.overlap)
    live = LiveArm(model_that_does_not_learn(parameters))
    state = UniquenessState()
    labels: list[Label] = []

    def told(outcome: OutcomeMatured, arm: LiveArm) -> None:
        uniqueness = label_uniqueness.update(state, outcome.ts_prediction, parameters.horizon_ns)
        labels.append(([outcome.features[name] for name in SIGNED], outcome.label > 0, uniqueness))
        if len(labels) >= TRAINED and (len(labels) - TRAINED) % every == 0:
            arm.switch(fit(labels, parameters.model), f"fit-{len(labels)}")

    return list(live.run(case, told))


def river_online(case: Planted) -> list[float]:
    """Probabilities of River's scaler and logistic regression, which learn each label once it is known."""
    model = Pipeline(StandardScaler(), LogisticRegression())
    features = [dict(zip(SIGNED, values, strict=True)) for values in case.stream.features.tolist()]
    told = []
    for index, values in enumerate(features):
        if index >= case.overlap:
            model.learn_one(features[index - case.overlap], case.labels[index - case.overlap] > 0)
        told.append(min(max(model.predict_proba_one(values).get(True, 0.5), 1e-6), 1.0 - 1e-6))
    return told


def forgetful(case: Planted) -> list[float]:
    """Probabilities of the live pipeline without retrains and without stored copies of earlier models."""
    parameters = market(case.overlap)
    return list(LiveArm(replace(parameters, recall=RecallParameters(most=0))).run(case))


def live_arm(case: Planted) -> list[float]:
    """Probabilities of the live pipeline, which learns each label, without retrains."""
    return list(LiveArm(market(case.overlap)).run(case))


class Traced(NamedTuple):
    """Probabilities of the whole loop, and each retrain's result with the number of the outcome that called for it."""

    told: list[float]
    results: list[tuple[int, RetrainingResult]]


def tickloop(case: Planted) -> Traced:
    """Run the live pipeline with monitoring and retrains; a new model that passes its checks goes live at once."""
    parameters = market(case.overlap)
    # The live arm here has no further models.
    training = RetrainParameters(trees=TreesFitParameters(enabled=False))
    node = MonitorNode()
    state = node.open("X")
    log = OutcomeLog(parameters, 20_000)
    pool: list[ModelState] = []
    results: list[tuple[int, RetrainingResult]] = []

    def told(outcome: OutcomeMatured, live: LiveArm) -> None:
        log.add(outcome)
        for window in node.step(state, outcome, outcome.id):
            if not isinstance(window, AccuracyWindow) or window.breach is None or not window.breach.retrain:
                continue
            result = retrain("X", window.breach, log.last(outcome.ts_event), parameters, training, pool)
            results.append((int(outcome.prediction_id.split(":")[2]), result))
            if result.status == "candidate" and result.candidate is not None:
                numbers = signed_logistic.to_wire(live.arm.model)
                pool[:] = [each for each in pool if each.version not in (live.arm.version, result.candidate.version)]
                pool.append(ModelState(live.arm.version, numbers))
                del pool[:-6]
                assert result.candidate.model is not None
                live.switch(signed_logistic.from_wire(result.candidate.model), result.candidate.version)

    return Traced(list(LiveArm(parameters).run(case, told)), results)


def useless_candidate(case: Planted) -> RetrainingResult:
    """Result of a retrain at the end of a stream without a change, where no better model can be found."""
    parameters = market(case.overlap)
    outcomes: list[OutcomeMatured] = []
    list(LiveArm(parameters).run(case, lambda outcome, live: outcomes.append(outcome)))
    log = outcome_log(outcomes, parameters, 20_000)
    breach = Breach(
        outcomes[-1].id, "manual", "manual", 0.0, 0.0, 0, 0, retrain=True, withheld="", sentence="asked for"
    )
    return retrain("X", breach, log.last(), parameters)


CONTENDERS: dict[str, Callable[[Planted], list[float]]] = {
    "frozen": frozen,
    "scheduled refit": refitted,
    "River online": river_online,
    "pipeline, no recall": forgetful,
    "pipeline without retrains": live_arm,
}
