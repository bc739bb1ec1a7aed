"""The model gives the results of River's logistic regression, and its state is plain numbers."""

from math import sqrt
from random import Random
from typing import Any

import msgspec
import pytest
from river.linear_model import LogisticRegression
from river.optim import SGD
from river.optim.schedulers import InverseScaling

from schemas.models import SignedLogisticState
from streams.market.features import SIGNED
from streams.market.models.parameters import SignedLogisticParameters
from streams.market.models.signed_logistic import SignedLogistic, SignedLogisticLearner, fresh, from_wire, to_wire

PARAMETERS = SignedLogisticParameters(learning_rate=0.05, learning_rate_decay=0.25, scale_memory=100)


def _labelled(count: int, seed: int = 1) -> list[tuple[list[float], bool]]:
    random = Random(seed)
    rows = []
    for _ in range(count):
        features = [random.gauss(0.0, 10.0 ** (index % 5 - 2)) for index in range(len(SIGNED))]
        rows.append((features, features[0] + 0.003 * random.gauss(0.0, 1.0) > 0))
    return rows


def test_weights_and_opinions_are_those_of_a_river_model_that_was_never_emptied() -> None:
    river: Any = LogisticRegression(SGD(InverseScaling(0.05, 0.25)), intercept_lr=0.0)
    learner, model = SignedLogisticLearner(PARAMETERS), fresh()
    mean_squares = [0.0] * len(SIGNED)
    for seen, (features, up) in enumerate(_labelled(2_000), start=1):
        scaled = {
            name: max(-5.0, min(5.0, value * scale))
            for name, value, scale in zip(SIGNED, features, model.scales, strict=True)
        }
        assert learner.opinion(model, features) == pytest.approx(river.predict_proba_one(scaled)[True], abs=1e-12)
        learner.learn(model, features, up)
        for index, value in enumerate(features):
            mean_squares[index] += 1.0 / min(seen, 100) * (value * value - mean_squares[index])
        river.learn_one(
            {
                name: max(-5.0, min(5.0, value * (1.0 / sqrt(mean))))
                for name, value, mean in zip(SIGNED, features, mean_squares, strict=True)
            },
            up,
        )
        assert model.weights == list(river.weights.values())
    assert model.mean_squares == mean_squares
    assert list(river.weights) == list(SIGNED)


def test_the_model_learns_a_relation_in_its_features() -> None:
    learner, model = SignedLogisticLearner(PARAMETERS), fresh()
    rows = _labelled(3_000)
    for features, up in rows[:2_000]:
        learner.learn(model, features, up)
    hits = sum((learner.opinion(model, features) > 0.5) == up for features, up in rows[2_000:])
    assert hits > 850
    assert model.n_seen == 2_000


def test_mirrored_features_give_the_mirrored_opinion_and_the_same_lesson() -> None:
    learner, plain, mirrored = SignedLogisticLearner(PARAMETERS), fresh(), fresh()
    for features, up in _labelled(200):
        flipped = [-value for value in features]
        assert learner.opinion(plain, features) == pytest.approx(1.0 - learner.opinion(plain, flipped))
        learner.learn(plain, features, up)
        learner.learn(mirrored, flipped, not up)
    assert plain.weights == pytest.approx(mirrored.weights)


def test_an_outlier_counts_as_five_standard_deviations() -> None:
    learner, model = SignedLogisticLearner(PARAMETERS), fresh()
    for features, up in _labelled(500):
        learner.learn(model, features, up)
    before = list(model.weights)
    learner.learn(model, [1e30] * len(SIGNED), up=False)
    assert max(abs(after - was) for after, was in zip(model.weights, before, strict=True)) < 0.1


def test_state_goes_over_the_wire_bit_for_bit() -> None:
    learner, model = SignedLogisticLearner(PARAMETERS), fresh()
    rows = _labelled(1_200)
    for features, up in rows[:200]:
        learner.learn(model, features, up)
    sent = msgspec.json.encode(to_wire(model))
    again = from_wire(msgspec.json.decode(sent, type=SignedLogisticState))
    assert again == model
    for features, up in rows[200:]:
        learner.learn(model, features, up)
        learner.learn(again, features, up)
    assert again == model


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), -float("inf")])
def test_broken_weights_have_no_opinion_and_learn_no_more(broken: float) -> None:
    learner, model = SignedLogisticLearner(PARAMETERS), fresh()
    features = [1.0] * len(SIGNED)
    learner.learn(model, features, up=True)
    model.weights[3] = broken
    kept = SignedLogistic(list(model.weights), list(model.mean_squares), list(model.scales), model.n_seen)
    assert learner.opinion(model, features) == 0.5
    learner.learn(model, features, up=True)
    assert repr(model) == repr(kept)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"features": ("rumour",)}, "expected the features return_1, "),
        ({"features": ()}, "was none"),
        ({"weights": (0.0,)}, "expected 12 weights and mean squares, was 1 and 12"),
        ({"mean_squares": (float("inf"),) * 12}, "expected weights from"),
        ({"mean_squares": (-1.0,) * 12}, "expected weights from"),
        ({"n_seen": -1}, "expected weights from"),
        ({"weights": (float("nan"),) * 12}, "expected weights from"),
        ({"weights": (1e7,) * 12}, "expected weights from"),
        ({"n_seen": 2**63}, "expected weights from"),
    ],
)
def test_an_impossible_state_is_refused_with_a_sentence(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        from_wire(msgspec.structs.replace(to_wire(fresh()), **changes))
