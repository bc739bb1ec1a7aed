"""Planted changes are noticed, constant streams cause few retrains, and useless retrained models are rejected."""

import numpy as np
import pytest

from schemas.outcomes import OutcomeMatured
from schemas.windows import AccuracyWindow
from streams.engine.replay import replay_events
from streams.market.node import MarketNode
from streams.monitoring.node import MonitorNode
from streams.sources.synthetic import synthetic_market
from tests.support import planted_concepts as planted
from tests.support.planted_concepts import CONCEPTS, Planted, Stream
from tests.support.retraining_contenders import forgetful, live_arm, tickloop, useless_candidate


@pytest.fixture(scope="module")
def stream() -> Stream:
    ticks = synthetic_market(seed=1, symbols=["ACORN"], ticks=20_000)
    return planted.stream_of([each for each in replay_events(MarketNode(), ticks) if isinstance(each, OutcomeMatured)])


def breaches(case: Planted, told: list[float]) -> list[tuple[int, bool]]:
    node = MonitorNode()
    state = node.open("X")
    return [
        (int(outcome.prediction_id.split(":")[2]), window.breach.retrain)
        for outcome in planted.outcomes_of(case, told)
        for window in node.step(state, outcome, outcome.id)
        if isinstance(window, AccuracyWindow) and window.breach is not None
    ]


@pytest.mark.parametrize("overlap", [1, 4, 20])
def test_an_even_stream_calls_for_at_most_one_retrain_in_50_000(stream: Stream, overlap: int) -> None:
    score = planted.scores(stream.repeated(50_000), CONCEPTS["a"])
    case = planted.plant(stream.repeated(50_000), planted.strength(score[:5_000], 0.6) * score, 7, overlap)
    assert sum(retrain for _, retrain in breaches(case, case.oracle)) <= 1


@pytest.mark.parametrize(("factor", "overlap"), [(0.0, 1), (-1.0, 1), (-1.0, 4)])
def test_a_change_is_noticed_within_1_000_outcomes(stream: Stream, factor: float, overlap: int) -> None:
    """There are 10 changes. If one in ten is noticed too late, the chance that 4 are is 0.01."""
    many = stream.repeated(7_000)
    said = planted.scores(many, CONCEPTS["a"])
    said *= planted.strength(said, 0.6)
    changed = said.copy()
    changed[5_000:] *= factor
    before = planted.plant(many, said, 0, 1).oracle
    late = 0
    for seed in range(10):
        found = [at for at, _ in breaches(planted.plant(many, changed, seed, overlap), before) if at >= 5_000]
        late += min(found, default=10**9) >= 6_000
    assert late <= 3


def test_useless_candidates_do_not_pass(stream: Stream) -> None:
    """There are 20 runs. If 5 % of useless models pass, the chance that 4 or more do is 0.016."""
    passed = 0
    for seed in range(20):
        many = stream.repeated(1_200)
        said = planted.scores(many, CONCEPTS["a"])
        said *= planted.strength(said, 0.6) * (seed % 2)
        passed += useless_candidate(planted.plant(many, said, seed, 4)).status == "candidate"
    assert passed <= 3


def test_a_concept_that_comes_back_costs_less_than_half_of_what_it_costs_to_learn_it_again(stream: Stream) -> None:
    """Two relations alternate; the cost is the loss above the best possible in 1,000 outcomes after each return."""
    turn, turns = 4_500, 4
    many = stream.repeated(turn * turns)
    first, second = (planted.scores(many, CONCEPTS[name]) for name in ("a", "b"))
    first *= planted.strength(first, 0.68)
    second *= planted.strength(second, 0.68)
    said = np.where((np.arange(turn * turns) // turn) % 2 == 0, first, second)
    case = planted.plant(many, said, 11, overlap=20, dependence=4)
    losses = {
        name: np.array([planted.loss(p, label) for p, label in zip(told, case.labels, strict=True)])
        for name, told in (("recall", live_arm(case)), ("none", forgetful(case)), ("oracle", case.oracle))
    }
    returns = [slice(turn * number, turn * number + 1_000) for number in range(2, turns)]
    excess = {
        name: sum(float((losses[name] - losses["oracle"])[each].mean()) for each in returns)
        for name in ("recall", "none")
    }
    assert excess["recall"] < 0.5 * excess["none"]
    assert losses["recall"].mean() < losses["none"].mean()


def test_the_loop_on_a_changing_stream_gives_the_same_results_each_time(stream: Stream) -> None:
    said = planted.scores(stream.repeated(6_500), CONCEPTS["a"])
    said *= planted.strength(said, 0.75)
    said[3_500:] *= -1.0
    case = planted.plant(stream.repeated(6_500), said, 1, 4)
    one, other = tickloop(case), tickloop(case)
    assert one == other
    assert one.results
    assert one.results[0][0] >= 3_500
