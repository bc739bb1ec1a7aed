"""Copies of a model's earlier states are kept, come back when they fit again, and cost nothing until then."""

from collections.abc import Iterator
from math import nan
from random import Random

import msgspec
import pytest
from msgspec.structs import replace

from streams.market.models.parameters import SignedLogisticParameters
from streams.market.models.signed_logistic import SignedLogistic, SignedLogisticLearner
from streams.market.parameters import RecallParameters
from streams.market.recall import Recall, RecallState

MODEL = SignedLogisticParameters(features=("a", "b"), prior={}, learning_rate=0.2)
LEARNER = SignedLogisticLearner(MODEL)
QUICK = RecallParameters(every=100, rate=1.0)
Label = tuple[list[float], bool]


def fresh() -> SignedLogistic:
    return SignedLogistic([0.0, 0.0], [1.0, 1.0], [1.0, 1.0], 0)


def labels(count: int, concept: tuple[float, float], seed: int = 1) -> Iterator[Label]:
    """Random features, and moves that mostly follow their weighted sum.

    Args:
        count: number of labels.
        concept: weights of the two features.
        seed: seed of the random numbers.
    """
    random = Random(f"{seed}-{concept}")
    for _ in range(count):
        features = [random.gauss(0.0, 1.0), random.gauss(0.0, 1.0)]
        told = sum(weight * value for weight, value in zip(concept, features, strict=True))
        yield features, told + random.gauss(0.0, 0.5) > 0.0


A, B = (2.0, 0.0), (-1.0, -2.0)


def live(
    recalls: RecallParameters, *parts: Iterator[Label], parameters: SignedLogisticParameters = MODEL
) -> tuple[list[float], RecallState, SignedLogistic]:
    """Probability that was given to each realised move, before the label was learned; and the final states."""
    recall, learner = Recall(recalls, parameters), SignedLogisticLearner(parameters)
    state, model = RecallState(), fresh()
    told = []
    for part in parts:
        for features, up in part:
            opinion = recall.opinion(state, learner.opinion(model, features), features)
            told.append(opinion if up else 1.0 - opinion)
            recall.learn(state, model, features, up, 1.0)
            learner.learn(model, features, up, 1.0)
    return told, state, model


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_a_market_that_comes_back_is_known_at_once_and_costs_nothing_before() -> None:
    parts = [(400, A, 1), (400, B, 1), (400, A, 2), (400, B, 2)]
    kept, _, _ = live(QUICK, *(labels(*part) for part in parts))
    forgot, _, _ = live(RecallParameters(most=0), *(labels(*part) for part in parts))
    assert kept[:100] == forgot[:100]
    for again in (800, 1_200):
        assert mean(kept[again + 20 : again + 70]) > mean(forgot[again + 20 : again + 70]) + 0.1
    assert mean(kept) > mean(forgot)


def test_what_never_was_is_known_sooner_with_a_quick_one_and_a_quiet_market_hardly_suffers() -> None:
    slow = replace(MODEL, learning_rate=0.02)
    turned, stays = [(2_000, A, 1), (400, (-2.0, 0.0), 2)], [(3_000, A, 1)]

    def told(quick: float, parts: list[tuple[int, tuple[float, float], int]]) -> list[float]:
        parameters = RecallParameters(every=500, rate=1.0, quick=quick)
        return live(parameters, *(labels(*part) for part in parts), parameters=slow)[0]

    assert mean(told(10.0, turned)[2_100:]) > mean(told(0.0, turned)[2_100:]) + 0.1
    assert mean(told(10.0, stays)[500:]) > mean(told(0.0, stays)[500:]) - 0.005


def test_the_quick_one_comes_with_the_first_copy_and_goes_on_by_itself_in_a_successor() -> None:
    _, before, _ = live(QUICK, labels(99, A))
    assert before.quick is None
    recall = Recall(QUICK, MODEL)
    _, state, model = live(QUICK, labels(150, A))
    assert state.quick is not None
    passed_on = recall.succeeded(state, model)
    assert passed_on.quick == state.quick
    recall.learn(passed_on, fresh(), [1.0, 1.0], True, 1.0)
    assert passed_on.quick != state.quick, "it is no part of what goes on elsewhere"


def test_no_copies_are_kept_where_none_are_wanted() -> None:
    _, state, _ = live(RecallParameters(most=0, every=1), labels(300, A))
    assert state == RecallState()


def test_copies_are_bounded_distinct_and_the_least_believed_goes() -> None:
    parameters = RecallParameters(every=20, most=3, alike=0.99, rate=1.0)
    concepts = [(2.0, 0.0), (0.0, 2.0), (-2.0, 0.0), (0.0, -2.0), (2.0, 2.0), (-2.0, 2.0)]
    _, state, _ = live(parameters, *(labels(200, concept) for concept in concepts))
    assert len(state.kept) == 3
    assert len(state.beliefs) == len(state.beside) + 1 == 5
    assert sum(state.beliefs) == pytest.approx(1.0)


def test_a_market_that_stays_what_it_is_keeps_one_copy_up_to_date() -> None:
    _, state, model = live(RecallParameters(every=100, alike=0.9), labels(2_000, A))
    assert len(state.kept) == 1
    assert state.kept[0].n_seen == model.n_seen - 1


def test_a_model_that_breaks_is_replaced_by_what_it_knew() -> None:
    recall, state, model = Recall(QUICK, MODEL), RecallState(), fresh()
    for features, up in labels(300, A):
        recall.learn(state, model, features, up, 1.0)
        LEARNER.learn(model, features, up, 1.0)
    model.weights = [nan, nan]
    for features, up in labels(60, A, 3):
        assert 0.0 < recall.opinion(state, LEARNER.opinion(model, features), features) < 1.0
        recall.learn(state, model, features, up, 1.0)
    assert model.sound
    assert all(copy.sound for copy in state.kept)


def test_a_successor_takes_up_what_was_known_and_changes_nothing_of_it() -> None:
    recall = Recall(QUICK, MODEL)
    _, state, model = live(QUICK, labels(400, A), labels(150, B))
    before = msgspec.json.encode((state, model))
    passed_on = recall.succeeded(state, model)
    assert len(passed_on.kept) >= len(state.kept)
    other = fresh()
    for features, up in labels(300, A, 5):
        recall.learn(passed_on, other, features, up, 1.0)
        LEARNER.learn(other, features, up, 1.0)
    assert other.weights[0] > 0.5
    assert msgspec.json.encode((state, model)) == before


def test_a_restore_goes_on_bit_for_bit() -> None:
    recall, state, model = Recall(QUICK, MODEL), RecallState(), fresh()
    twin = (state, model)
    for number, (features, up) in enumerate([*labels(250, A), *labels(250, B), *labels(250, A, 2)]):
        if number % 41 == 0:
            twin = msgspec.msgpack.decode(msgspec.msgpack.encode(twin), type=tuple[RecallState, SignedLogistic])
        for each, its in ((state, model), twin):
            recall.learn(each, its, features, up, 0.5)
            LEARNER.learn(its, features, up, 0.5)
    assert msgspec.msgpack.encode((state, model)) == msgspec.msgpack.encode(twin)
