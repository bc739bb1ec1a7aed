"""What `tickloop models` says of the models beside the logistic regression of a version."""

import json
from hashlib import sha256
from importlib import import_module
from typing import Any

import pytest
from click.testing import CliRunner

from agents.audit.further_models import differing, further_models, said_of_difference, said_of_models, state_of
from agents.audit.lineage import History
from agents.cli import cli, models
from schemas.commands import StartVariant
from schemas.models import ExpertModel, ModelState, OnnxState, TreesState
from schemas.versions import ModelVersion
from streams.market.parameters import MarketParameters
from streams.parameters import load_parameters

FOREST: dict[str, Any] = {"kind": "river", "model": "forest.ARFClassifier", "parameters": {"n_models": 3}}
TREES = TreesState(
    features=("spread", "rsi"),
    roots=(0, 2),
    feature=(1, 0, 1),
    threshold=(0.5, 0.1, 0.7),
    left=(1, -1, -4),
    right=(-3, -2, -5),
    leaves=(-1.0, 1.0, 0.5, -0.5, 0.5),
    n_seen=1_200,
)


def brought(name: str, model: Any, version: str = "v2") -> ModelState:
    return ModelState(version, None, expert=ExpertModel(name, model))


def onnx_file() -> bytes:
    """A logistic regression of scikit-learn with two features, as an ONNX file."""
    linear, skl2onnx = import_module("sklearn.linear_model"), import_module("skl2onnx")
    fitted = linear.LogisticRegression().fit([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    takes = import_module("skl2onnx.common.data_types").FloatTensorType([None, 2])
    made = skl2onnx.convert_sklearn(fitted, initial_types=[("x", takes)], options={"zipmap": False})
    file: bytes = made.SerializeToString()
    return file


def test_a_model_of_river_is_told_by_its_class() -> None:
    (found,) = further_models(MarketParameters(), {"models": {"forest": FOREST}}, None)
    assert (found.name, found.kind, found.of, found.parameters) == (
        "forest",
        "river",
        "forest.ARFClassifier",
        {"n_models": 3},
    )
    assert (found.learns, found.scaler, found.size_bytes) == (True, "preprocessing.StandardScaler", 0)
    (said,) = said_of_models([found])
    assert said.startswith(
        "model forest (River): forest.ARFClassifier(n_models = 3) behind preprocessing.StandardScaler; "
    )
    assert said.endswith("learns from every label")


def test_trees_are_told_by_their_size_and_the_features_that_they_split_on() -> None:
    (found,) = further_models(MarketParameters(), {}, brought("trees", TREES))
    assert (found.trees, found.leaves, found.most_used, found.labels) == (2, 5, (("rsi", 2), ("spread", 1)), 1_200)
    (said,) = said_of_models([found])
    assert (
        "model trees: 2 trees with 5 leaves; splits by feature: rsi 2, spread 1; 2 features: spread, rsi"
        in said.replace(" (trees)", "")
    )
    assert "trained on 1,200 labels; does not learn while it runs" in said


def test_a_file_of_onnx_is_told_by_its_digest_and_inputs() -> None:
    for extra in ("onnxruntime", "sklearn", "skl2onnx"):
        pytest.importorskip(extra)
    file = onnx_file()
    state = brought("net", OnnxState(("spread", "rsi"), file))
    (found,) = further_models(
        MarketParameters(), {"models": {"net": {"kind": "onnx", "features": ["spread", "rsi"]}}}, state
    )
    assert (found.size_bytes, found.sha256) == (len(file), sha256(file).hexdigest())
    assert [each.type for each in found.inputs] == ["tensor(float)"]
    assert found.inputs[0].shape[-1] == 2


def test_a_configured_model_belongs_to_every_version_unless_its_prior_is_zero() -> None:
    market = load_parameters({"market": {"models": {"forest": FOREST}}}).market
    assert [each.name for each in further_models(market, {}, None)] == ["forest"]
    assert further_models(market, {"mixture": {"prior": {"forest": 0.0}}}, None) == []


def test_a_difference_names_the_models_and_what_differs() -> None:
    market = MarketParameters()
    one = further_models(market, {"models": {"forest": FOREST}}, brought("trees", TREES))
    more = {**FOREST, "parameters": {"n_models": 5}}
    other = further_models(market, {"models": {"forest": more}}, None)
    forest, trees = differing(one, other)
    assert forest.fields == {"parameters": ({"n_models": 3}, {"n_models": 5})}
    assert said_of_difference(forest, "v1", "v2") == "model forest: parameters {'n_models': 3} and {'n_models': 5}"
    assert said_of_difference(trees, "v1", "v2") == "model trees: only in v1 (trees)"
    assert differing(one, one) == []


def test_the_state_is_that_which_a_command_brought() -> None:
    state = brought("trees", TREES)
    commands = {"c1": StartVariant("c1", "X", 5, "a", "", model=state), "c2": StartVariant("c2", "X", 5, "b", "")}
    history = History(commands=dict(commands))
    assert state_of(history, "v2") == state
    assert state_of(history, "b-1") is None


def test_show_why_and_diff_print_them(monkeypatch: pytest.MonkeyPatch) -> None:
    overrides = {"models": {"trees": {"kind": "trees", "features": ["spread", "rsi"]}}}
    with_trees = ModelVersion(
        "commands:0:7:0", "X", "v2", "", "shadow", "brought", 5, "c1", arm="a", overrides=overrides
    )
    plain = ModelVersion("commands:0:6:0", "X", "v1", "", "champion", "first", 4, "c0", arm="live")
    commands = {"c1": StartVariant("c1", "X", 5, "a", "", model=brought("trees", TREES))}
    history = History(commands=dict(commands), versions={"v1": plain, "v2": with_trees})

    async def found(*_: Any) -> Any:
        return history

    async def versions(*_: Any) -> Any:
        return [plain, with_trees]

    async def nothing(*_: Any) -> Any:
        return []

    async def nobody(*_: Any) -> Any:
        return {}

    replaced = {
        "changes": found,
        "versions": versions,
        "retrains": nothing,
        "faults": nothing,
        "predicting": nobody,
        "differing_rosters": nothing,
    }
    for name, instead in replaced.items():
        monkeypatch.setattr(models, name, instead)
    monkeypatch.setattr(models, "bootstrap", lambda _: "nowhere:1")

    def tickloop(*words: str) -> str:
        done = CliRunner().invoke(cli, ["models", *words], env={"TICKLOOP_CONFIG": ""})
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    for words in (("show", "X", "v2"), ("why", "X", "v2")):
        assert "model trees (trees): 2 trees with 5 leaves" in tickloop(*words)
        (told,) = json.loads(tickloop(*words, "--json"))["models"]
        assert (told["kind"], told["trees"], told["leaves"]) == ("trees", 2, 5)
    assert "with trees (trees): brought" in tickloop("list", "X")
    assert tickloop("diff", "X", "v1", "v2") == "model trees: only in v2 (trees)\n"
    difference = json.loads(tickloop("diff", "X", "v1", "v2", "--json"))
    assert difference["weights"] == {}
    assert difference["models"][0]["fields"]["trees"] == [None, 2]
