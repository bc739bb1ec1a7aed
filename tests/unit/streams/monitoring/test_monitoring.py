"""The monitor node: windows, cumulative sums and their limits, and breaches."""

from collections.abc import Sequence
from math import log
from random import Random

import pytest
from msgspec.structs import replace

from schemas.errors import Refused, StateError
from schemas.outcomes import ArmOutcome, OutcomeMatured
from schemas.windows import AccuracyWindow
from streams.monitoring import drift
from streams.monitoring.cusum import MOST, Cusum, limit
from streams.monitoring.node import MOST_VERSIONS, MonitorNode
from streams.monitoring.parameters import MonitorParameters, SkillTriggerParameters
from streams.scoring.baselines import BASELINES
from streams.scoring.metrics import collect
from tests.support.matured import matured

HORIZON = 100
QUICK = SkillTriggerParameters(warmup=5, run=1_000.0)
OFF = SkillTriggerParameters(enabled=False)


def outcome(
    number: int, label: int, probability: float = 0.7, version: str = "v1", shadow: str = "", symbol: str = "X"
) -> OutcomeMatured:
    arms = [ArmOutcome("live", version, "flat", probability, 0.0, 0.0, 0.0)]
    if shadow:
        arms.append(ArmOutcome("b", shadow, "flat", 1.0 - probability, 0.0, 0.0, 0.0))
    return matured(
        number,
        1_000 + (number + 1) * HORIZON,
        HORIZON,
        symbol=symbol,
        return_bps=float(label),
        label=label,
        arms=tuple(arms),
        baselines=dict.fromkeys(BASELINES, 0.5),
        cost_bps=0.1,
    )


def seeded(count: int, seed: int, accuracy: float = 0.7, start: int = 0, version: str = "v1") -> list[OutcomeMatured]:
    """Outcomes of a version that predicts with probability 0.7 and is right with probability `accuracy`."""
    random = Random(seed)
    found = []
    for number in range(start, start + count):
        up = random.random() < 0.5
        right = random.random() < accuracy
        found.append(outcome(number, 1 if up == right else -1, 0.7 if up else 0.3, version))
    return found


def windows(node: MonitorNode, outcomes: Sequence[OutcomeMatured]) -> list[AccuracyWindow]:
    state = node.open("X")
    return [each for one in outcomes for each in node.step(state, one, one.id) if isinstance(each, AccuracyWindow)]


def breaches(node: MonitorNode, outcomes: Sequence[OutcomeMatured]) -> list[tuple[str, bool, str]]:
    found = [each.breach for each in windows(node, outcomes)]
    return [(each.trigger, each.retrain, each.withheld) for each in found if each is not None]


def test_figures_of_a_window_are_those_of_the_collector() -> None:
    outcomes = [*seeded(300, 1), outcome(300, 0), *seeded(200, 2, start=301)]
    (found,) = windows(MonitorNode(MonitorParameters(window=500)), outcomes)
    expected = collect(outcomes)[0]
    assert (found.n, found.moved, found.n_eff) == (501, 500, expected.independent)
    for ours, theirs in zip(found.figures, expected.figures, strict=True):
        assert (ours.accuracy, ours.log_loss, ours.brier, ours.ece) == (
            theirs.accuracy,
            theirs.log_loss,
            theirs.brier,
            theirs.ece,
        )
        assert (ours.information_coefficient, ours.net_bps) == (theirs.information_coefficient, theirs.call_net_bps)
        assert ours.accuracy_low < ours.accuracy < ours.accuracy_high
    assert found.skill == pytest.approx(expected.skill)
    assert found.skill_low < found.skill < found.skill_high
    assert (found.id, found.version, found.live, found.closed_by) == ("ticks:0:501:0:0", "v1", True, "count")


def test_a_window_closes_by_time_too_and_shows_that_nothing_moved() -> None:
    found = windows(MonitorNode(MonitorParameters(window_ns=10 * HORIZON)), [outcome(n, 0) for n in range(12)])
    assert [(each.closed_by, each.n, each.moved, each.figures, each.skill) for each in found] == [
        ("time", 11, 0, (), 0.0)
    ]


def test_every_version_has_its_windows_and_only_the_live_one_breaches() -> None:
    parameters = MonitorParameters(
        window=100, performance_threshold=0.5, threshold_windows=1, min_samples_for_retrain=1
    )
    # The live version says up and is right; the one in shadow says down.
    found = windows(MonitorNode(parameters), [outcome(n, 1, shadow="v2") for n in range(100)])
    assert [(each.version, each.live, each.figures[0].accuracy) for each in found] == [
        ("v1", True, 1.0),
        ("v2", False, 0.0),
    ]
    assert [each.id for each in found] == ["ticks:0:100:0:0", "ticks:0:100:0:1"]
    assert [each.breach for each in found] == [None, None]
    assert found[1].detectors == ()


def test_the_threshold_needs_windows_in_a_row() -> None:
    parameters = MonitorParameters(window=100, performance_threshold=0.6, min_samples_for_retrain=1, skill=OFF)
    good, bad = 0.95, 0.2
    parts = (bad, good, bad, bad)
    outcomes = [each for part, rate in enumerate(parts) for each in seeded(100, part, rate, start=100 * part)]
    found = windows(MonitorNode(parameters), outcomes)
    assert [each.breach is not None for each in found] == [False, False, False, True]
    breach = found[3].breach
    assert breach is not None
    assert breach.sentence.startswith("accuracy 0.")
    assert breach.sentence.endswith("below the threshold 0.600 in 2 windows in a row")
    assert (found[3].closed_by, breach.id) == ("breach", "retrain-ticks:0:400:0")


def test_a_drop_is_noticed_and_an_even_stream_is_not() -> None:
    node = MonitorNode()
    outcomes = [*seeded(3_000, 3), *seeded(1_700, 4, 0.5, start=3_000)]
    assert breaches(node, outcomes[:3_000]) == []
    (found, begun, *_) = [each for each in windows(node, outcomes) if each.breach]
    assert found.breach is not None
    assert (found.breach.trigger, found.breach.detector, found.breach.retrain) == ("skill", "surprise", False)
    assert found.breach.withheld.startswith("waiting for labels since the change: ")
    at = int(found.id.split(":")[2])
    assert 3_000 < at < 3_700
    # The retrain begins once there are labels to learn from and to be judged on, for a change at the same moment.
    assert begun.breach is not None
    assert (begun.breach.retrain, begun.breach.since, begun.breach.since_outcomes) == (True, found.breach.since, 1_500)
    # Where it began is known to a block or two.
    assert abs(found.breach.since - (1_000 + 3_000 * HORIZON)) <= 200 * HORIZON


def test_worse_than_the_baseline_from_the_start_is_noticed_without_a_change() -> None:
    found = breaches(MonitorNode(), seeded(3_000, 5, 0.5))
    assert [each[:2] for each in found[:2]] == [("skill", False), ("skill", True)]


@pytest.mark.parametrize("kind", ["adwin", "page_hinkley"])
def test_a_drift_detector_of_river_notices_too(kind: str) -> None:
    parameters = MonitorParameters(drift_detector=kind, skill=replace(QUICK, enabled=False))  # type: ignore[arg-type]
    node = MonitorNode(parameters)
    outcomes = [*seeded(3_000, 6), *seeded(2_000, 7, 0.4, start=3_000)]
    assert breaches(node, outcomes[:3_000]) == []
    assert breaches(node, outcomes)[0][0] == "drift"
    assert ("drift", True, "") in breaches(node, outcomes)


def test_a_schedule_retrains_at_even_distances_without_a_reason() -> None:
    parameters = MonitorParameters(check_interval_ns=1_000 * HORIZON, min_samples_for_retrain=1_500, skill=OFF)
    found = [each for each in windows(MonitorNode(parameters), seeded(4_000, 8)) if each.breach]
    assert [each.ts_event // HORIZON for each in found if each.breach and each.breach.retrain] == [1_510, 2_510, 3_510]
    withheld = [each.breach.withheld for each in found if each.breach and not each.breach.retrain]
    assert withheld == []


def test_limits_say_what_they_withhold() -> None:
    parameters = MonitorParameters(
        window=100,
        performance_threshold=0.9,
        threshold_windows=1,
        min_samples_for_retrain=150,
        cool_down=250,
        retrains_per_day=2,
        skill=OFF,
    )
    found = breaches(MonitorNode(parameters), seeded(1_000, 9, 0.3))
    assert found == [
        ("threshold", False, "too few labels: 100 of 150"),
        ("threshold", True, ""),
        ("threshold", False, "cool-down: 100 labels since the last retrain, of 250"),
        ("threshold", False, "cool-down: 200 labels since the last retrain, of 250"),
        ("threshold", True, ""),
        *[("threshold", False, "cool-down: 100 labels since the last retrain, of 250")],
        *[("threshold", False, "cool-down: 200 labels since the last retrain, of 250")],
        *[("threshold", False, "budget spent: 2 retrains within 24 hours, of 2")] * 3,
    ]


def test_the_budget_comes_back_after_a_day() -> None:
    parameters = MonitorParameters(check_interval_ns=1, cool_down=0, retrains_per_day=1, min_samples_for_retrain=1)
    node, day = MonitorNode(parameters), 24 * 3_600 * 10**9
    late = [replace(outcome(n, 1), ts_event=1 + n * day // 2, ts_prediction=1 + n * day // 2 - 1) for n in range(6)]
    assert [each[1] for each in breaches(node, late) if each[1]] == [True, True, True]


def test_versions_are_bounded() -> None:
    node = MonitorNode()
    state = node.open("X")
    for number in range(3 * MOST_VERSIONS):
        one = outcome(number, 1, version=f"v{number}")
        node.step(state, one, one.id)
    assert len(state.versions) == MOST_VERSIONS
    assert len(node.dump(state)) < 40_000


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan"), float("inf")])
def test_no_probability_is_refused_with_nothing_changed(probability: float) -> None:
    node = MonitorNode()
    state = node.open("X")
    before = node.dump(state)
    with pytest.raises(Refused, match="bad_probability: expected probabilities from 0 to 1"):
        node.step(state, outcome(0, 1, probability), "ticks:0:1:0")
    with pytest.raises(Refused, match="no_arms"):
        node.step(state, replace(outcome(0, 1), arms=()), "ticks:0:1:0")
    assert node.dump(state) == before


def test_certainty_that_was_wrong_stays_finite() -> None:
    node = MonitorNode(MonitorParameters(window=2))
    (found,) = windows(node, [outcome(0, -1, 1.0), outcome(1, 1, 0.0)])
    assert found.figures[0].log_loss == pytest.approx(-log(1e-15))


def test_snapshots_of_something_else_are_refused() -> None:
    node = MonitorNode()
    with pytest.raises(StateError, match="expected a snapshot of the monitor node"):
        node.load(b"\x93\x01")
    other = MonitorNode(MonitorParameters(window=7))
    with pytest.raises(
        StateError, match=r"expected a snapshot of the monitor node computed with the parameters .* fix: restore"
    ):
        node.load(other.dump(other.open("X")))
    with pytest.raises(StateError):
        node.step(other.open("X"), outcome(0, 1), "ticks:0:1:0")


@pytest.mark.parametrize("allowance", [0.25, 0.5, 1.0])
def test_limits_of_sums_hold_their_run_length(allowance: float) -> None:
    """The mean of 400 exponential run lengths has a standard error of 5 %; Siegmund's formula adds a few per cent."""
    random, bound, runs = Random(1), limit(allowance, 300.0), []
    for _ in range(400):
        total, length = 0.0, 0
        while total < bound:
            total = max(0.0, total + random.gauss(0.0, 1.0) - allowance)
            length += 1
        runs.append(length)
    assert sum(runs) / len(runs) == pytest.approx(300.0, rel=0.15)


def test_a_sum_does_not_grow_without_bound_and_one_block_alone_is_no_alarm() -> None:
    cusum = Cusum((0.5,), run=1_000.0, warmup=10, memory=50)
    state = cusum.start()
    for number in range(20):
        cusum.update(state, 0.1 if number % 2 else -0.1, number)
    cusum.update(state, 1e9, 20)
    assert cusum.level(state) < 1.0
    for number in range(21, 60):
        cusum.update(state, 1e12 * number, number)
    assert cusum.level(state) <= MOST


def test_the_input_of_a_drift_detector_is_bounded() -> None:
    blocks: list[float] = []
    for number in range(1_000):
        drift.take(blocks, float(number))
    assert drift.MOST // 2 <= len(blocks) <= drift.MOST
    assert blocks[-1] == 999.0
