"""ONNX files are opened only if they answer with probabilities, and go through snapshots and directives."""

import builtins
from typing import Any

import pytest
from msgspec import msgpack
from msgspec.structs import replace

from schemas.codec import encode
from schemas.errors import EnvironmentProblem, ModelRefused, StateError
from schemas.models import ExpertModel, ModelState, OnnxState
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote
from streams.engine.faults import Faults
from streams.engine.partition import Partition
from streams.market.expert_models import ExpertModels
from streams.market.feature_users import vector_of_models
from streams.market.models import onnx_model
from streams.market.models.onnx_file import contents
from streams.market.models.onnx_model import OnnxModel, opened
from streams.market.models.parameters import OnnxParameters
from streams.market.node import MarketNode
from streams.market.parameters import MarketParameters
from tests.support.lifecycle_desk import Desk, promote, start
from tests.support.onnx_files import (
    FEATURES,
    file,
    logistic,
    node,
    numbers_elsewhere,
    right_below_a_threshold,
    weights,
)

pytest.importorskip("onnxruntime")


def state(content: bytes) -> OnnxState:
    return OnnxState(FEATURES, content)


def brought(content: bytes = b"", version: str = "forest-1") -> ModelState:
    return ModelState(version, None, expert=ExpertModel("forest", state(content or logistic())))


@pytest.fixture
def no_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without onnxruntime."""
    actual = builtins.__import__

    def importing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return actual(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", importing)
    opened.cache_clear()


def test_the_probability_is_that_of_the_file() -> None:
    model = OnnxModel(OnnxParameters(features=FEATURES))
    live = model.load(state(logistic()))
    assert model.opinion(live, [0.0, 0.0, 0.0]) == 0.5
    assert model.opinion(live, [1.0, -1.0, 2.0]) == pytest.approx(0.7858, abs=1e-4)
    assert live.stored() == state(logistic())
    assert model.opinion(model.start(), [1.0, 2.0, 3.0]) == 0.5


WRONG = [
    (b"nothing of the kind", "expected an ONNX file, was something else"),
    (logistic()[:-40], "expected an ONNX file, was something else"),
    (numbers_elsewhere(), "expected all numbers within the file"),
    (
        file([node("Mine", ["x"], ["up"], domain="of.nobody")]),
        "Mine.* is not a registered function.*; fix: export it with operators of ONNX alone",
    ),
    (file([node("RandomUniformLike", ["x"], ["up"])]), "RandomUniformLike draws random numbers; fix: export for inf"),
    (file([node("Log", ["x"], ["z"]), node("ReduceSum", ["z"], ["up"])]), "expected a probability, was -inf"),
    (
        file([node("Sqrt", ["x"], ["z"]), node("ReduceSum", ["z"], ["up"])]),
        "expected a probability, was 3.0 where all features are 1",
    ),
    (file([node("ReduceSum", ["x"], ["z"]), node("Sub", ["z", "z"], ["n"]), node("Div", ["n", "n"], ["up"])]), "nan"),
    (file([node("Sigmoid", ["x"], ["up"])]), "expected one or two probabilities, was 3 numbers"),
    (
        file([node("Sigmoid", ["x"], ["up"]), node("Tanh", ["x"], ["more"])], ("up", "more")),
        "expected one output of real numbers, the probability, was 2: up, more",
    ),
    (file([node("Add", ["x", "y"], ["up"])], inputs=("x", "y")), "one input with all features.*was 2: x, y; fix"),
    (file([node("ReduceMean", ["x"], ["up"], axes=[0, 1])], features=2), "model of 3 features, .*was one that takes 2"),
    (file([node("ArgMax", ["x"], ["up"])]), "onnx: expected .*"),
]


@pytest.mark.parametrize(("content", "sentence"), WRONG, ids=[each[:24] for _, each in WRONG])
def test_a_file_that_is_no_model_is_refused_with_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(ModelRefused, match=sentence):
        opened(state(content))
    desk = Desk()
    assert desk.refused(start("forest", model=brought(content), from_live=True)).startswith("start_arm: ")
    assert desk.ask(start("forest", "again", model=brought(), from_live=True))


def test_a_file_that_answers_two_probabilities_must_mean_both_classes() -> None:
    both = [node("MatMul", ["x", "w"], ["z"]), node("Sigmoid", ["z"], ["one"])]
    twice = file([*both, node("Concat", ["one", "one"], ["up"], axis=1)], numbers=[weights()])
    with pytest.raises(ModelRefused, match=r"was 0.88\d+ and 0.88\d+, which do not add up to 1"):
        opened(state(twice))
    right = file(
        [
            *both,
            node("Sub", ["z", "z"], ["none"]),
            node("Concat", ["z", "none"], ["s"], axis=1),
            node("Softmax", ["s"], ["up"]),
        ],
        numbers=[weights()],
    )
    model = OnnxModel(OnnxParameters(features=FEATURES))
    assert model.opinion(model.load(state(right)), [1.0, 0.0, 0.0]) == pytest.approx(0.1824, abs=1e-4)


def test_the_contents_of_a_file_are_read_without_onnxruntime() -> None:
    found = contents(logistic(metadata={"features": "a,b,c"}))
    assert (set(found.operators), found.is_whole) == ({"MatMul", "Sigmoid"}, True)
    assert found.metadata == {"features": "a,b,c"}
    branch = file([node("If", ["x"], ["up"], then_branch=_branch("RandomNormal"), else_branch=_branch("Abs"))])
    assert contents(branch).operators == {"If", "RandomNormal", "Abs"}


def _branch(operator: str) -> Any:
    from onnx import helper

    return helper.make_graph([node(operator, [], ["y"])], "branch", [], [])


def test_a_model_that_fails_on_the_way_is_one_half_with_a_note() -> None:
    parameters = MarketParameters(models={"forest": OnnxParameters(features=FEATURES)})
    models = ExpertModels(parameters, vector_of_models(parameters))
    lives = [models.load("forest", state(right_below_a_threshold()))]
    faults = Faults()
    places = vector_of_models(parameters)
    calm = [0.0] * len(places)
    assert models.opinions(lives, calm, faults) == [0.75]
    assert not faults.counts
    wild = [9.0 if name in FEATURES else 0.0 for name in places]
    assert models.opinions(lives, wild, faults) == [0.5]
    assert "one half in its place" in str(faults.latest)
    assert models.opinions(lives, calm, faults) == [0.75]


@pytest.mark.usefixtures("no_onnxruntime")
def test_without_onnxruntime_the_command_is_refused_and_no_directive_is_written() -> None:
    desk = Desk()
    detail = desk.refused(start("forest", model=brought(), from_live=True))
    assert "onnxruntime for a model of kind onnx, it is not installed; fix: pip install 'tickloop[onnx]'" in detail
    assert desk.life.next_number == 1


@pytest.mark.usefixtures("no_onnxruntime")
def test_without_onnxruntime_a_directive_of_the_log_stops_the_worker_and_is_not_skipped() -> None:
    market = Partition(MarketNode(), 3)
    market.apply(0, b"X", encode(Quote("X", 1, 99.0, 3.0, 101.0, 1.0)))
    directive = Directive("d", "X", 5, "start_arm", "forest", "test", model=brought(), from_live=True)
    with pytest.raises(EnvironmentProblem, match="pip install 'tickloop"):
        market.apply(1, b"X", encode(directive))


def test_a_snapshot_brings_the_file_back_and_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.ask(start("forest", model=brought(), from_live=True))
    desk.ask(promote("forest"))
    kept = desk.market.keys["X"].state
    snapshot = desk.market.node.dump(kept)
    other = MarketNode()
    again = other.load(snapshot)
    assert other.dump(again) == snapshot
    quotes = [Quote("X", n, 99.0, 3.0 + n % 5, 101.0, 1.0) for n in range(20, 60)]
    for n, quote in enumerate(quotes):
        (one,), (two,) = desk.market.node.step(kept, quote, f"t:0:{n}"), other.step(again, quote, f"t:0:{n}")
        assert one == two
        assert isinstance(one, Prediction)
        assert "failed" not in one.reason
    assert other.dump(again) == desk.market.node.dump(kept)
    spoiled = snapshot.replace(b"Sigmoid", b"Sigmund")
    with pytest.raises(StateError, match="the states of the components"):
        MarketNode().load(spoiled)

    def lacking(_: Any) -> Any:
        raise EnvironmentProblem("expected onnxruntime")

    monkeypatch.setattr(onnx_model, "opened", lacking)
    with pytest.raises(EnvironmentProblem):
        MarketNode().load(snapshot)


def test_all_arms_of_a_file_share_one_session() -> None:
    assert opened(state(logistic())) is opened(replace(state(logistic())))
    assert msgpack.decode(msgpack.encode(state(logistic())), type=OnnxState) == state(logistic())
