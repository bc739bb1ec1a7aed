"""The retraining job: split of the outcomes, conditions on the new model, result; and the scheduler for direct use."""

from collections.abc import Sequence
from itertools import pairwise
from math import exp, inf, nan
from random import Random

import pytest
from msgspec.structs import replace

from schemas.codec import decoder, encode
from schemas.errors import TickloopError
from schemas.models import ModelState, state_sha256
from schemas.outcomes import OutcomeMatured
from schemas.retraining import GateRow, RetrainingResult
from schemas.windows import Breach
from streams.api.retraining_scheduler import AutoRetrainingScheduler
from streams.market.models import signed_logistic
from streams.market.models.signed_logistic import SignedLogistic, SignedLogisticLearner
from streams.monitoring.parameters import MonitorParameters
from streams.parameters import Parameters
from streams.retraining.beginning import Beginning
from streams.retraining.gates import HeldOut, gates, net_bps
from streams.retraining.job import retrain
from streams.retraining.labels import SPARE, Labelled, OutcomeLog, outcome_log
from streams.retraining.parameters import RetrainParameters
from streams.retraining.rerun import rerun
from streams.retraining.split import split
from streams.scoring import overlapping_mean
from tests.support.labelled_outcomes import HORIZON, MARKET, outcomes

BREACH = Breach("breach-1", "skill", "surprise", 1.2, 1.0, 0, 0, retrain=True, withheld="", sentence="worse")


def labelled(some: Sequence[OutcomeMatured]) -> Sequence[Labelled]:
    return outcome_log(some, MARKET, 100_000).last()


def flipped() -> list[OutcomeMatured]:
    """1,500 outcomes of a relation, then 900 of its opposite; the live version predicts by the first throughout."""
    return [*outcomes(1_500), *outcomes(900, 2, -1.0, 1_500)]


FLIPPED = replace(BREACH, since=1_501 * HORIZON, since_outcomes=900)


def test_after_a_flip_the_fit_to_what_came_since_passes_every_gate() -> None:
    result = retrain("X", FLIPPED, labelled(flipped()), MARKET)
    assert (result.status, result.recipe, result.parent, result.job_id) == ("candidate", "since", "v1", "breach-1")
    assert [row.name for row in result.gates if not row.passed] == []
    assert {row.name for row in result.gates} == {
        "beats majority",
        "beats the current version",
        "no worse in calm-range",
        "no worse in volatile-trend",
        "calibration not worse",
        "weights finite",
        "net edge not worse",
    }
    assert result.candidate is not None
    assert result.candidate.model is not None
    assert result.candidate.parent == "v1"
    assert result.candidate.model.weights[0] < 0.0
    assert result.sha256 == state_sha256(result.candidate)
    assert (result.trained_from, result.trained_until) == (1_501 * HORIZON, 2_401 * HORIZON)
    assert (result.n_trained, result.n_validated) == (900, 360)
    assert result.metrics["candidate.skill"] > 0.1 > result.metrics["current.skill"]
    # What it forgot is said: on the old concept it would be much worse than what was live.
    assert [row.regime for row in result.backward_transfer] == ["calm-range", "volatile-trend"]
    assert all(row.candidate_log_loss > row.current_log_loss + 0.1 for row in result.backward_transfer)
    assert not any(row.in_sample for row in result.backward_transfer)


def test_the_same_job_gives_the_same_bytes() -> None:
    one, other = (encode(retrain("X", FLIPPED, labelled(flipped()), MARKET)) for _ in range(2))
    assert one == other
    decoded = decoder(RetrainingResult)(one)
    assert decoded.candidate is not None
    assert state_sha256(decoded.candidate) == decoded.sha256
    renamed = retrain("X", replace(FLIPPED, id="breach-2"), labelled(flipped()), MARKET)
    assert renamed.candidate is not None
    assert renamed.candidate.version != decoded.candidate.version
    assert renamed.candidate.model == decoded.candidate.model


def test_a_stored_version_that_knows_comes_back_as_it_was() -> None:
    first = retrain("X", FLIPPED, labelled(flipped()), MARKET).candidate
    assert first is not None
    again = [*flipped(), *outcomes(1_500, 3, 1.0, 2_400, live=0.5), *outcomes(330, 4, -1.0, 3_900, live=0.5)]
    breach = replace(BREACH, id="b2", since=3_901 * HORIZON, since_outcomes=330)
    result = retrain("X", breach, labelled(again), MARKET, pool=[first])
    assert (result.status, result.recipe, result.candidate) == ("candidate", "stored", first)
    # A logistic regression, one with trees beside it, and the stored version.
    assert (result.n_trained, result.contenders) == (0, 3)


def test_a_model_that_gains_nothing_is_rejected() -> None:
    result = retrain("X", BREACH, labelled(outcomes(1_500)), MARKET)
    assert result.status == "rejected"
    assert "failed: beats the current version" in result.sentence
    assert result.candidate is not None


@pytest.mark.parametrize(("count", "needed"), [(0, 350), (349, 350)])
def test_too_few_labels_are_reported(count: int, needed: int) -> None:
    result = retrain("X", BREACH, labelled(outcomes(count)), MARKET)
    assert (result.status, result.candidate) == ("too_few_samples", None)
    assert result.sentence == f"{count} labels are too few: {needed} are needed"


def test_the_purge_may_leave_too_few_labels() -> None:
    result = retrain("X", BREACH, labelled(outcomes(350)), MARKET)
    assert result.sentence == "too few labels before the hold-out: fewer than 150 left"


def test_nothing_of_the_hold_out_reaches_its_judgement() -> None:
    """Other labels in the hold-out may change the verdict, but not what the model predicted before they were known."""
    log = labelled(flipped())
    parts = split(log, 360)
    model = signed_logistic.start(MARKET.model)
    told = rerun(Beginning(model), parts.held_out, MARKET, {})
    for at in (0, 100, 359):
        later = [each if index < at else _other(each) for index, each in enumerate(parts.held_out)]
        # Labels mature one horizon later: what was said up to then stands, byte for byte.
        assert rerun(Beginning(model), later, MARKET, {})[: at + 1] == told[: at + 1]
    assert model == signed_logistic.start(MARKET.model)


def _other(each: Labelled) -> Labelled:
    return replace(each, label=-each.label)


def test_outcomes_that_overlap_the_hold_out_are_purged_with_an_embargo() -> None:
    parts = split([replace(each, horizon_ns=5 * HORIZON) for each in labelled(outcomes(100))], 20)
    begin = parts.held_out[0].ts
    assert len(parts.held_out) == 20
    assert max(each.matured for each in parts.trained) == begin - 5 * HORIZON
    assert parts.purged == 5
    assert split([], 20).held_out == []


def _longer(some: Sequence[OutcomeMatured], times: int) -> list[OutcomeMatured]:
    """The same outcomes with a horizon that is `times` as long."""
    longer = times * HORIZON
    return [replace(each, horizon_ns=longer, ts_event=each.ts_prediction + longer) for each in some]


def test_labels_count_by_the_horizon_that_they_have() -> None:
    """There are 300 labels of one horizon, then 300 of twenty times that; the configured horizon does not matter."""
    log = labelled([*outcomes(300), *_longer(outcomes(300, 2, start=300), 20)])
    assert log[299].uniqueness == pytest.approx(1.0, abs=0.01)
    # The mean looks back on 200 labels: what is left of those before the change is a part of e^-1.5.
    assert log[-1].uniqueness == pytest.approx(0.05 + 0.95 * exp(-300 / 200), abs=0.002)
    parts = split(log, 100)
    assert parts.held_out[0].ts - parts.trained[-1].ts == 41 * HORIZON - HORIZON
    few = gates(HeldOut(log[-100:], [0.6] * 100, 1.0), Beginning(signed_logistic.fresh()), RetrainParameters(), 1)
    assert few[0].sentence.startswith("too few to judge: 100 outcomes in 6 batches")
    enough = gates(HeldOut(log[:100], [0.6] * 100, 1.0), Beginning(signed_logistic.fresh()), RetrainParameters(), 1)
    assert enough[0].sentence.startswith("log-loss better by")


def test_a_hold_out_spans_eighteen_of_the_longest_horizons() -> None:
    breach = replace(BREACH, since_outcomes=400)
    assert retrain("X", breach, labelled(outcomes(1_500)), MARKET).n_validated == 200
    assert retrain("X", breach, labelled(_longer(outcomes(1_500), 20)), MARKET).n_validated == 18 * 20


def _gates(told: float, live: float, count: int = 300, model: SignedLogistic | None = None) -> dict[str, GateRow]:
    """Results of the conditions for a version that gives probability `told` to what happens, the live one `live`."""
    log = [
        replace(each, live=live if each.label > 0 else 1.0 - live, regime="calm-range")
        for each in labelled(outcomes(count))
    ]
    said = [told if each.label > 0 else 1.0 - told for each in log]
    rows = gates(HeldOut(log, said, 1.0), Beginning(model or signed_logistic.fresh()), RetrainParameters(), 1)
    return {row.name: row for row in rows}


def test_every_gate_can_fail() -> None:
    good = _gates(0.7, 0.6)
    assert all(row.passed for row in good.values())
    worse = _gates(0.4, 0.6)
    assert [name for name, row in worse.items() if not row.passed] == [
        "beats majority",
        "beats the current version",
        "no worse in calm-range",
        "calibration not worse",
        "net edge not worse",
    ]
    assert worse["no worse in calm-range"].sentence.endswith("shown to be worse")
    few = _gates(0.7, 0.6, count=6)
    assert not few["beats the current version"].passed
    assert few["beats the current version"].sentence.startswith("too few to judge")
    assert few["no worse in calm-range"].passed


@pytest.mark.parametrize("broken", [nan, inf])
def test_weights_that_are_not_finite_are_no_candidate(broken: float) -> None:
    model = signed_logistic.fresh()
    model.weights[0] = broken
    row = _gates(0.7, 0.6, model=model)["weights finite"]
    assert (row.passed, row.sentence) == (False, "a weight or a scale is not finite")


def test_nothing_is_held_where_the_edge_is_below_the_cost() -> None:
    (one,) = labelled(outcomes(1))
    assert net_bps(one, 0.54, usual_move_bps=1.0) == 0.0
    assert net_bps(replace(one, return_bps=2.0), 0.9, usual_move_bps=1.0) == pytest.approx(1.9)
    assert net_bps(replace(one, return_bps=2.0), 0.1, usual_move_bps=1.0) == pytest.approx(-2.1)


def test_bounds_hold_as_often_as_they_promise_where_labels_overlap() -> None:
    """Each number is a sum of 10 normal ones, and neighbours share nine. With 400 samples the standard error is 1 %."""
    missed = 0
    for seed in range(400):
        random = Random(seed)
        noise = [random.gauss(0.0, 1.0) for _ in range(310)]
        values = [sum(noise[at : at + 10]) for at in range(300)]
        missed += overlapping_mean.mean(values, range(0, 3_000, 10), [100] * 300, 0.05).low > 0.0
    assert 0.02 <= missed / 400 <= 0.09


def test_no_values_and_one_batch_say_nothing() -> None:
    assert not overlapping_mean.mean([], [], [], 0.05).enough
    assert overlapping_mean.mean([1.0], [0], [1], 0.05).low == -inf


def test_the_log_is_bounded_and_knows_what_had_matured() -> None:
    log = OutcomeLog(MARKET, most=10)
    for each in outcomes(4_500):
        log.add(each)
    assert len(log) < 2 * (4 * 10 + SPARE)
    assert [each.ts // HORIZON for each in log.last()] == list(range(4_461, 4_501))
    assert log.last(until=4_400 * HORIZON)[-1].matured == 4_400 * HORIZON
    with pytest.raises(TickloopError, match=r"expected 'return_1' in outcome .* fix: read the log with the parameters"):
        log.add(replace(outcomes(1)[0], features={}))


def test_a_rerun_gives_the_probabilities_of_a_running_arm() -> None:
    """With all else switched off, a pipeline is the model itself, which learns each label once it is known."""
    alone = replace(
        MARKET,
        strategies=replace(MARKET.strategies, enabled=()),
        correction=replace(MARKET.correction, variance=0.0),
        confidence=replace(
            MARKET.confidence, temperature=replace(MARKET.confidence.temperature, lowest=1.0, highest=1.0)
        ),
    )
    log = outcome_log(outcomes(60), alone, 100).last()
    model, learner = signed_logistic.start(alone.model), SignedLogisticLearner(alone.model)
    expected = []
    for index, each in enumerate(log):
        if index:
            before = log[index - 1]
            learner.learn(model, before.features, before.label > 0, before.uniqueness)
        expected.append(learner.opinion(model, each.features))
    assert rerun(Beginning(signed_logistic.start(alone.model)), log, alone, {}) == pytest.approx(expected)


def scheduler(some: Sequence[OutcomeMatured]) -> AutoRetrainingScheduler:
    return AutoRetrainingScheduler(
        performance_threshold=0.6,
        min_samples_for_retrain=1_000,
        outcomes=some,
        parameters=Parameters(MARKET),
        monitor=MonitorParameters(window=200, threshold_windows=1),
    )


def test_the_scheduler_retrains_registers_and_goes_on() -> None:
    found = scheduler([*outcomes(2_000), *outcomes(2_500, 2, -1.0, 2_000)])
    results = list(found.monitor_and_retrain())
    assert results[0].trigger in ("skill", "threshold")
    passed = [each for each in results if each.status == "candidate"]
    assert passed
    assert [each.name for each in found.versions.versions("X")] == [
        each.candidate.version for each in results if each.candidate
    ]
    assert found.check_and_retrain().status == "not_needed"
    # The live version of the source never changes, so the breach lasts: retrains come, but no faster than they may.
    ends = [int(each.job_id.split(":")[2]) for each in results]
    assert all(later - earlier >= 500 for earlier, later in pairwise(ends))


def test_somebody_may_ask_for_a_retrain() -> None:
    found = scheduler(outcomes(1_500))
    assert found.check_and_retrain(force=True).status == "not_needed"
    result = found.check_and_retrain(force=True)
    assert (result.trigger, result.job_id) == ("manual", "manual-ticks:0:1500:0")
    assert found.versions.get("X", _name(result)).status == "rejected"


def test_an_empty_source_needs_no_retrain() -> None:
    result = AutoRetrainingScheduler().check_and_retrain()
    assert (result.status, result.symbol) == ("not_needed", "")


def _name(result: RetrainingResult) -> str:
    assert isinstance(result.candidate, ModelState)
    return result.candidate.version
