"""What every kind of model keeps that takes part as an expert: exact restores, probabilities, bounds, refusals."""

import os
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import json
from msgspec.structs import asdict, replace

from schemas.errors import ModelRefused
from schemas.models import ExpertState, OnnxState, OwnState, RiverState
from streams.engine.faults import Faults
from streams.market.expert_models import ExpertModels
from streams.market.models import own
from streams.market.models.protocol import Model
from streams.parameters import load_parameters
from tests.support.expert_models import COMES_TRAINED, FEATURES, PLUGIN, TABLES, begun, model_of, register, written
from tests.support.places import ROOT
from tests.support.river_trials import labelled

NAMES = list(TABLES)
LABELS = list(labelled(240, len(FEATURES)))


@pytest.fixture(scope="module", autouse=True)
def _plugin() -> Iterator[None]:
    register()
    yield
    del own.MODELS[PLUGIN]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    if request.param == "onnx":
        pytest.importorskip("onnxruntime")
        pytest.importorskip("skl2onnx")
    return str(request.param)


def _learned(name: str, model: Model, labels: int = len(LABELS)) -> Any:
    live = begun(name, model)
    for row, up, uniqueness in LABELS[:labels]:
        model.learn(live, row, up, uniqueness)
    return live


def _of_record(state: ExpertState) -> Any:
    """A stored form as it comes in a record."""
    return json.decode(written(state), type=ExpertState)


class TestEveryKind:
    def test_it_goes_on_from_what_is_stored_at_any_label(self, name: str) -> None:
        model, random = model_of(name), Random(name)
        live = begun(name, model)
        restored = deepcopy(live)
        for row, up, uniqueness in LABELS:
            if random.random() < 0.1:
                stored = restored.stored()
                restored = model.load(msgspec.convert(msgspec.to_builtins(stored), model.snapshot))
                assert restored.stored() == stored
            assert model.opinion(restored, row) == model.opinion(live, row)
            assert model.learn(restored, row, up, uniqueness) == model.learn(live, row, up, uniqueness)
        assert written(restored.stored()) == written(live.stored())

    def test_a_copy_is_equal_and_learns_for_itself(self, name: str) -> None:
        model = model_of(name)
        live = _learned(name, model, 100)
        before = written(live.stored())
        copied = deepcopy(live)
        assert written(copied.stored()) == before
        for row, up, uniqueness in LABELS[100:140]:
            model.learn(copied, row, up, uniqueness)
        assert written(live.stored()) == before
        assert (written(copied.stored()) == before) == (name in COMES_TRAINED)

    def test_answers_are_probabilities_whatever_the_features(self, name: str) -> None:
        model = model_of(name)
        fresh, live, random = model.start(), _learned(name, model), Random(7)
        for scale in (0.0, 1e-9, 1.0, 100.0, 1e6):
            row = [random.choice((-1.0, 1.0)) * scale * random.random() for _ in FEATURES]
            assert 0.0 <= model.opinion(live, row) <= 1.0
            assert model.opinion(fresh, row) == 0.5

    def test_it_is_symmetric_only_if_it_says_so(self, name: str) -> None:
        model = model_of(name)
        live = _learned(name, model)
        apart = [
            abs(model.opinion(live, row) + model.opinion(live, [-each for each in row]) - 1.0) for row, _, _ in LABELS
        ]
        # The model of the plug-in is symmetric, and its kind cannot know that.
        assert max(apart) < 1e-9 if model.symmetric or name == "own" else max(apart) > 1e-9

    def test_what_it_stores_stays_within_its_bound(self, name: str) -> None:
        model = model_of(name)
        assert len(written(_learned(name, model).stored())) * 3 // 4 < model.largest_bytes

    def test_a_state_of_a_record_goes_on_too(self, name: str) -> None:
        model = model_of(name)
        live = _learned(name, model)
        came = model.load(_of_record(live.stored()))
        assert [model.opinion(came, row) for row, _, _ in LABELS] == [model.opinion(live, row) for row, _, _ in LABELS]

    def test_states_of_other_features_and_of_other_kinds_are_refused_with_a_sentence(self, name: str) -> None:
        model = model_of(name)
        state = _of_record(_learned(name, model, 50).stored())
        with pytest.raises(ModelRefused, match="expected"):
            model.load(replace(state, features=FEATURES[::-1]))
        others = [each for each in NAMES if each != name and each != "onnx"]
        for other in others:
            brought = _of_record(_learned(other, model_of(other), 50).stored())
            with pytest.raises(ModelRefused, match="expected"):
                model.load(brought)


def test_the_seed_of_the_hashes_is_in_no_byte() -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.support.expert_models", *NAMES],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "4242")
    ]
    one, other = (process.communicate(timeout=120)[0] for process in started)
    assert len(one.split()) == 2 * len(NAMES)
    assert one == other


def _damaged(whole: bytes, changes: list[tuple[float, int]], kept: float) -> bytes:
    damaged = bytearray(whole)
    for where, value in changes:
        damaged[int(where * (len(damaged) - 1))] = value
    return bytes(damaged[: max(1, int(len(damaged) * kept))])


PLACES = st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(0, 255)), min_size=1, max_size=4)


@cache
def _whole(name: str) -> tuple[ExpertModels, Any]:
    """Models of an arm that has the one of a table, and a state of it that has learned."""
    parameters = load_parameters({"market": {"models": {name: TABLES[name]}}}).market
    return ExpertModels(parameters, FEATURES), _of_record(_learned(name, model_of(name), 60).stored())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=PLACES, kept=st.sampled_from((1.0, 1.0, 1.0, 0.9, 0.3)))
def test_damaged_states_are_refused_or_are_computed_with(
    name: str, changes: list[tuple[float, int]], kept: float
) -> None:
    models, state = _whole(name)
    damaged: ExpertState
    if isinstance(state, RiverState | OwnState):
        damaged = replace(state, state=_damaged(state.state, changes, kept))
    elif isinstance(state, OnnxState):
        damaged = replace(state, file=_damaged(state.file, changes, kept))
    else:
        try:
            damaged = json.decode(_damaged(written(state), changes, kept), type=ExpertState)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
    faults = Faults()
    try:
        lives = [models.load(name, damaged)]
    except ModelRefused:
        return
    for row, up, uniqueness in LABELS[:8]:
        (told,) = models.opinions(lives, row, faults)
        assert 0.0 < told < 1.0
        models.learn(lives, row, up, uniqueness, faults)


def test_states_of_river_hold_no_class_that_is_not_rivers() -> None:
    model = model_of("linear")
    state = _of_record(_learned("linear", model, 10).stored())
    for evil in ("os:system", "subprocess:Popen", "builtins:eval", "builtins:getattr", "river.datasets:Phishing"):
        root = msgspec.msgpack.encode(([0], [], [], [[13, evil, "call", ["true"], None, None, None]]))
        with pytest.raises(ModelRefused, match="expected"):
            model.load(RiverState(**(asdict(state) | {"state": root})))
