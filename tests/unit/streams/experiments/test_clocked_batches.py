"""Batches that end by the clock: when they close, what their means are, and that they show no false difference."""

from itertools import pairwise
from random import Random

import pytest
from msgspec.structs import replace

from schemas.errors import ConfigurationError
from streams.experiments.evidence import Evidence
from streams.experiments.experiment import Experiment
from streams.experiments.pairs import Pair
from streams.experiments.parameters import ExperimentParameters

CLOCKED = ExperimentParameters(
    primary="win_rate", batch=1, warmup=2, clock_ns=100, minimum_batches=20, longest=10_000, beta=0.0
)


def closes(evidence: Evidence, moments: list[int]) -> list[tuple[int, float]]:
    """For each batch that the clock closes: number of pairs before that, and its mean. A wins every pair by 1.

    Args:
        evidence: the accumulator of batches.
        moments: event times of the pairs.
    """
    state, found = evidence.start(), []
    for number, moment in enumerate(moments):
        if evidence.strikes(state, moment):
            found.append((number, state.recent[-1]))
        assert not evidence.update(state, Pair("", moment, 1.0, 0.0), [1.0])
    return found


def test_a_batch_closes_with_the_first_pair_after_its_window() -> None:
    assert [number for number, _ in closes(Evidence(CLOCKED), [5, 99, 100, 130, 250, 700])] == [2, 4, 5]


def test_a_window_with_too_few_pairs_goes_on_into_the_next() -> None:
    evidence = Evidence(replace(CLOCKED, batch=3))
    assert [number for number, _ in closes(evidence, [5, 99, 100, 130, 250, 700])] == [4]


def test_a_pair_that_comes_late_belongs_to_the_open_window() -> None:
    assert [number for number, _ in closes(Evidence(CLOCKED), [5, 150, 60, 160, 201])] == [1, 4]


def test_sums_are_over_what_batches_had_before() -> None:
    moments = [1, 2, *range(101, 107), 201, 301]
    assert [mean for _, mean in closes(Evidence(CLOCKED), moments)] == [1.0, 3.0, 1.0 / 4.0]


def test_how_many_pairs_a_window_has_makes_no_difference_out_of_none() -> None:
    """A win ends its window here, so a window with a win is short, and the mean over its own pairs would be biased."""
    random, own, predictable = Random(1), 0.0, []
    evidence = Evidence(replace(CLOCKED, batch=1))
    state, window = evidence.start(), 0
    for _ in range(20_000):
        window, count, total = window + 1, 0, 0
        while True:
            moment = window * 100 + count
            if evidence.strikes(state, moment):
                predictable.append(state.recent[-1])
            score = random.choice((-1, 1))
            evidence.update(state, Pair("", moment, 0.0, 0.0), [float(score)])
            count, total = count + 1, total + score
            if score > 0 or count == 20:
                break
        own += total / count
    assert own / 20_000 > 0.3, "the control: the mean of a random number of scores is biased"
    assert sum(predictable) / len(predictable) == pytest.approx(0.0, abs=0.02)


def test_the_experiment_decides_when_the_clock_strikes_and_restores_anywhere() -> None:
    random, moment, pairs = Random(2), 0, []
    for number in range(3_000):
        moment += random.choice((1, 5, 90))
        b = random.gauss(0.0, 1.0)
        pairs.append(Pair(f"ticks:0:{number}", moment, b + random.gauss(0.4, 1.0), b))
    experiment = Experiment(ExperimentParameters(primary="returns", batch=10, warmup=50, clock_ns=500, expected=500.0))
    state = experiment.start()
    decided = next(number for number, pair in enumerate(pairs) if experiment.update(state, pair) and state.reason)
    assert state.status == "winner"
    before, after = pairs[decided - 1].ts_event, pairs[decided].ts_event
    assert before // 500 < after // 500, "with the first pair of another window"
    assert state.scored == decided - 50, "which is not part of what was decided on"


def test_windows_are_closed_in_order() -> None:
    numbers = [number for number, _ in closes(Evidence(replace(CLOCKED, batch=7)), list(range(0, 5_000, 13)))]
    assert all(later - earlier >= 7 for earlier, later in pairwise(numbers))


def test_planned_looks_need_batches_of_a_known_size() -> None:
    with pytest.raises(ConfigurationError, match="planned looks at batches of a known size"):
        replace(CLOCKED, plan="group_sequential", longest=100_000)
