"""Trees of a retrain: fitted alike everywhere, evaluated as LightGBM does, chosen where they are better alone."""

import subprocess
import sys
from collections.abc import Sequence
from math import exp, inf, nextafter
from random import Random

import numpy as np
import pytest
from msgspec.structs import replace

from schemas.codec import encode
from schemas.models import ExpertModel, ModelState, TreesState
from schemas.outcomes import OutcomeMatured
from schemas.positions import start_id
from schemas.retraining import RetrainJob
from schemas.ticks import Directive
from schemas.windows import Breach
from streams.engine.faults import Faults
from streams.market.arm_parameters import ArmParameters
from streams.market.feature_users import vector_of_models
from streams.market.features import SIGNED
from streams.market.features.registry import feature
from streams.market.models import signed_logistic
from streams.market.models.parameters import OnnxParameters, TreesParameters
from streams.market.models.trees import LiveTrees, TreesModel
from streams.market.node import MarketNode
from streams.retraining.beginning import TREES, Beginning, overrides_of
from streams.retraining.gates import finite
from streams.retraining.job import retrain
from streams.retraining.labels import Labelled, outcome_log
from streams.retraining.parameters import RetrainParameters, TreesFitParameters
from streams.retraining.proposal import proposal
from streams.retraining.rerun import rerun
from streams.retraining.trees_fitting import fit_trees, fitted_booster, to_state
from tests.support.labelled_outcomes import HORIZON, MARKET, outcomes

lightgbm = pytest.importorskip("lightgbm", exc_type=ImportError)

BREACH = Breach("ticks:0:9:0:b", "skill", "surprise", 1.2, 1.0, 0, 0, retrain=True, withheld="", sentence="worse")
JOB = RetrainJob(BREACH.id, "X", HORIZON, BREACH.id, BREACH)
VECTOR = vector_of_models(MARKET)
PARAMETERS = RetrainParameters()


def log_of(some: Sequence[OutcomeMatured]) -> Sequence[Labelled]:
    return outcome_log(some, MARKET, 20_000).last()


def bent(count: int, seed: int = 1, start: int = 0) -> list[OutcomeMatured]:
    """Outcomes of a relation that turns over where the spread is wide, which no sum of signed features can say.

    The spread is wide in three of ten cases; all other features are noise.
    """
    random = Random(seed)
    found = []
    for each in outcomes(count, seed, start=start, live=0.5):
        spread = 2.0 if random.random() < 0.3 else 1.0
        sign = 1 if spread == 1.0 else -1
        found.append(
            replace(
                each,
                label=sign * each.label,
                return_bps=sign * each.return_bps,
                features={name: random.gauss(0.0, 1.0) for name in VECTOR}
                | {SIGNED[0]: each.features[SIGNED[0]], "spread": spread},
            )
        )
    return found


def noisy(count: int, seed: int) -> list[Labelled]:
    """Labels whose features are of many sizes, with zeros, repeated values and numbers next to zero among them."""
    random = Random(seed)
    return [
        Labelled(
            ts=at,
            matured=at + 1,
            label=random.choice((-1, 1)),
            features=[
                random.choice((0.0, -0.0, 1e-36, -1e-36, 0.5, random.gauss(0, 1), random.gauss(0, 1e9))) for _ in VECTOR
            ],
            rules=[],
            live=0.5,
            version="",
            baselines=[],
            regime="",
            return_bps=0.0,
            cost_bps=0.0,
            uniqueness=random.random(),
            horizon_ns=1,
        )
        for at in range(count)
    ]


def test_the_worker_decides_as_lightgbm_does() -> None:
    """Rows are drawn anew; half of their values lie exactly on a threshold, or as near to one as a double can."""
    asked = replace(PARAMETERS.trees, leaves=30, least_labels_a_leaf=5)
    booster = fitted_booster(noisy(3_000, 1), VECTOR, VECTOR, asked)
    state = to_state(booster.model_to_string(), VECTOR, 3_000)
    assert len(state.roots) == 100
    assert len(state.feature) > 2_000
    random = Random(2)
    rows = [list(each.features) for each in noisy(5_000, 3)]
    for row in rows:
        for _ in VECTOR:
            split = random.randrange(len(state.feature))
            at = state.threshold[split]
            row[state.feature[split]] = random.choice((at, nextafter(at, inf), nextafter(at, -inf), row[0]))
    ours = TreesModel(TreesParameters(features=VECTOR)).load(state)
    theirs = booster.predict(np.array(rows), raw_score=True)
    assert np.ptp(theirs) > 0.5
    assert max(abs(ours.trees.log_odds(row) - raw) for row, raw in zip(rows, theirs, strict=True)) <= 1e-12
    # The check sees a threshold that is off by one double.
    moved = replace(state, threshold=tuple(nextafter(each, -inf) for each in state.threshold))
    broken = LiveTrees(moved).trees
    assert max(abs(broken.log_odds(row) - raw) for row, raw in zip(rows, theirs, strict=True)) > 1e-6


def test_a_tree_of_one_leaf_is_a_constant_and_a_category_is_refused() -> None:
    flat = [replace(each, features=[0.0] * len(VECTOR)) for each in noisy(1_000, 1)]
    state = fit_trees(flat, VECTOR, VECTOR, PARAMETERS.trees)
    assert state.feature == ()
    assert TreesModel(TreesParameters(features=VECTOR)).load(state).trees.log_odds([1.0] * len(VECTOR)) == 0.0
    text = fitted_booster(noisy(1_000, 1), VECTOR, VECTOR, PARAMETERS.trees).model_to_string()
    assert "decision_type=2 " in text
    with pytest.raises(ValueError, match="expected splits that compare a number, was decision_type 1"):
        to_state(text.replace("decision_type=2 ", "decision_type=1 ", 1), VECTOR, 1)


def test_trees_prefer_no_side_however_many_labels_were_upward() -> None:
    random = Random(1)
    labels = [replace(each, label=1 if random.random() < 0.8 else -1) for each in log_of(bent(2_000))]
    state = fit_trees(labels, VECTOR, VECTOR, PARAMETERS.trees)
    model = TreesModel(TreesParameters(features=VECTOR)).load(state)
    for each in labels[:100]:
        row = list(each.features)
        mirror = [-value if feature(name).signed else value for name, value in zip(VECTOR, row, strict=True)]
        # Without mirrored labels both say upward: their sum is about twice the log-odds of 0.8, that is 2.8.
        assert abs(model.trees.log_odds(row) + model.trees.log_odds(mirror)) < 1.0


PROGRAM = """
from schemas.codec import encode
from tests.unit.streams.retraining.test_trees_fitting import BREACH, MARKET, bent, log_of, retrain
import sys
sys.stdout.buffer.write(encode(retrain("X", BREACH, log_of(bent(2_400)), MARKET)))
"""


@pytest.mark.slow
def test_every_process_gives_the_same_bytes() -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, env={"PYTHONHASHSEED": seed, "PATH": ""}
        )
        for seed in ("1", "2")
    ]
    found = [process.communicate()[0] for process in started]
    assert found[0] == found[1] == encode(retrain("X", BREACH, log_of(bent(2_400)), MARKET))


def test_trees_win_where_the_relation_bends_and_start_as_they_were_judged() -> None:
    log = log_of(bent(2_400))
    result = retrain("X", BREACH, log, MARKET)
    assert (result.status, result.recipe, result.contenders) == ("candidate", "trees", 2)
    assert result.metrics["candidate.skill"] > 0.1
    # Backward transfer is that of the trees, not of the logistic regression beside them.
    assert all(row.candidate_log_loss < 0.6 for row in result.backward_transfer)
    assert result.candidate is not None
    assert result.candidate.model is not None
    assert result.candidate.expert
    assert isinstance(result.candidate.expert.model, TreesState)
    assert result.candidate.expert.model.n_seen == result.n_trained == 2_400

    asked = proposal(JOB, result, MARKET, PARAMETERS)
    assert asked.id == start_id(JOB.job)
    assert asked.overrides == {"mixture": {"prior": {TREES: 16.0}}}
    directive = Directive(
        id="d", symbol="X", ts_event=1, action="start_arm", arm=asked.arm, cause="", overrides=asked.overrides,
        model=asked.model,
    )  # fmt: skip
    variants = ArmParameters(MARKET)
    arm = variants.begin(directive, "v2", 1, MarketNode(MARKET).open("X"))
    first = variants[arm.overrides].arms.opinion(arm, log[0].rules, list(log[0].features), Faults())
    numbers = signed_logistic.from_wire(result.candidate.model, MARKET.model.features)
    beginning = Beginning(numbers, result.candidate.expert)
    judged = rerun(beginning, log[:1], MARKET, overrides_of(beginning.expert, MARKET, PARAMETERS))
    assert [first.probability] == judged
    # Half of the say is theirs; without the override it would be a thirteenth.
    assert arm.weights[-1] == pytest.approx(16.0 / (16.0 + 8.0 + 1.5 + 1.0 + 1.0 + 1.0))


def test_trees_do_not_win_where_a_sum_says_all() -> None:
    """Every feature of the logistic regression counts alike; rules, which know nothing of these labels, are off."""
    random = Random(1)
    log = []
    for each in log_of(outcomes(2_400, live=0.5)):
        values = [random.gauss(0.0, 1.0) if name in MARKET.model.features else 0.0 for name in VECTOR]
        up = random.random() < 1.0 / (1.0 + exp(-sum(values)))
        log.append(replace(each, features=values, label=1 if up else -1, return_bps=1.0 if up else -1.0, rules=[]))
    alone = replace(MARKET, strategies=replace(MARKET.strategies, enabled=()))
    result = retrain("X", BREACH, log, alone)
    assert (result.status, result.recipe, result.contenders) == ("candidate", "all", 2)
    assert result.candidate is not None
    assert not result.candidate.expert


def test_trees_that_know_nothing_pass_no_gate() -> None:
    """As above, with labels that no feature has to do with."""
    random = Random(1)
    log = [replace(each, label=random.choice((-1, 1))) for each in log_of(bent(2_400))]
    result = retrain("X", BREACH, log, MARKET)
    assert (result.status, result.contenders) == ("rejected", 2)
    assert "failed: beats majority, beats the current version" in result.sentence


def test_few_labels_and_a_name_that_is_taken_leave_trees_out() -> None:
    log = log_of(bent(2_400))

    def contenders(**fields: object) -> int:
        return retrain("X", BREACH, log, replace(MARKET, **fields), PARAMETERS).contenders

    assert contenders() == 2
    assert contenders(models={TREES: TreesParameters(features=("spread", "return_1"))}) == 2
    left_out = replace(MARKET.mixture, prior={TREES: 0.0})
    assert contenders(models={TREES: TreesParameters()}, mixture=left_out) == 1
    assert contenders(models={TREES: OnnxParameters(features=("spread",))}, mixture=left_out) == 1
    for trees in (TreesFitParameters(enabled=False), TreesFitParameters(least_labels=2_000)):
        assert retrain("X", BREACH, log, MARKET, replace(PARAMETERS, trees=trees)).contenders == 1


def test_without_lightgbm_a_retrain_says_so_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    result = retrain("X", BREACH, log_of(outcomes(2_400, live=0.5)), MARKET)
    assert (result.status, result.recipe, result.contenders) == ("candidate", "all", 1)
    assert "; no trees were tried: expected LightGBM, it cannot be loaded (" in result.sentence
    assert result.sentence.endswith("fix: pip install 'tickloop[trees]'")


def test_stored_trees_are_contenders_again_if_the_symbol_can_run_them() -> None:
    first = retrain("X", BREACH, log_of(bent(2_400)), MARKET).candidate
    assert first is not None
    assert first.expert
    assert first.model is not None
    elsewhere = replace(
        first, expert=ExpertModel(TREES, replace(first.expert.model, features=("nowhere", *VECTOR[1:])))
    )
    pool = [elsewhere, ModelState("put", None, expert=first.expert), first]
    # After 1,500 outcomes of the opposite what is stored knows more than any fit to the few since then.
    later = [*outcomes(1_500, 2, -1.0, 2_400, live=0.5), *bent(400, 3, 3_900)]
    breach = replace(BREACH, since=3_901 * HORIZON, since_outcomes=400)
    log = log_of([*bent(2_400), *later])[2_400:]
    result = retrain("X", breach, log, MARKET, pool=pool)
    assert (result.status, result.recipe, result.candidate) == ("candidate", "stored", first)
    assert result.contenders == retrain("X", breach, log, MARKET).contenders + 1


def test_a_leaf_that_is_not_finite_is_no_candidate() -> None:
    stump = TreesState(("spread",), (0,), (0,), (1.5,), (-1,), (-2,), (-1.0, inf))
    assert not finite(Beginning(signed_logistic.fresh(), ExpertModel(TREES, stump)))
    assert finite(Beginning(signed_logistic.fresh(), ExpertModel(TREES, replace(stump, leaves=(-1.0, 1.0)))))
