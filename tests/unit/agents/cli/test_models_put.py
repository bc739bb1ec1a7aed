"""`tickloop models put`: what it says of a file, the command that it writes, and its answers to wrong usage."""

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result

from agents.cli import cli, models_put
from agents.commands.commander import Answer, LogPlace
from schemas.codec import encode
from schemas.commands import StartVariant
from schemas.errors import ConfigurationError, EnvironmentProblem, ModelRefused
from schemas.models import LARGEST_FILE, ExpertModel, ModelState, OnnxState, TreesState
from schemas.versions import ModelVersion
from streams.market.models.parameters import TreesParameters
from streams.market.models.trees import TreesModel
from tests.support.onnx_files import FEATURES, file, logistic, node
from tests.unit.agents.cli.test_arm import NOWHERE, Recorder, connected

pytest.importorskip("onnxruntime")

GIVEN = ("--features", ",".join(FEATURES), "--id", "c1", "--yes")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    told = ModelVersion("commands:3:7:0", "X", "forest-1", "old-1", "shadow", "by hand", 5, "c1", arm="forest")
    live = ModelVersion("commands:3:1:0", "X", "old-1", "", "champion", "by hand", 4, "c0", arm="live")

    async def versions(*_: Any) -> list[ModelVersion]:
        return [live]

    monkeypatch.setattr(models_put, "versions", versions)
    return connected(monkeypatch, LogPlace(3, 5), Answer([told], ""))


def tickloop(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, ["models", "put", "X", *arguments], env=NOWHERE, input=typed)


def written(tmp_path: Path, content: bytes, name: str = "forest.onnx") -> str:
    path = tmp_path / name
    path.write_bytes(content)
    return str(path)


def sent(desk: Recorder) -> StartVariant:
    ((command, partition),) = desk.put_there
    assert isinstance(command, StartVariant)
    assert partition == 3
    return command


def test_a_file_is_tried_and_sent_as_an_expert_of_a_copy_of_the_live_variant(desk: Recorder, tmp_path: Path) -> None:
    done = tickloop(written(tmp_path, logistic()), *GIVEN, "--cause", "trained on June", "--experiment", "e")
    assert done.exit_code == 0, done.output
    command = sent(desk)
    version = command.model.version if command.model else ""
    assert command == StartVariant(
        "c1",
        "X",
        5,
        "forest",
        "trained on June",
        from_live=True,
        model=ModelState(version, None, "old-1", ExpertModel("forest", OnnxState(FEATURES, logistic()))),
        experiment="e",
    )
    said = " ".join(done.output.split())
    assert f"onnx, {len(logistic())} bytes, SHA-256 {version.partition('-')[2]}" in said
    assert f"features: {', '.join(FEATURES)}" in said
    assert "forest says 0.5000 up where every feature is 0; one call takes" in said
    assert "forest-1" in said


def test_features_come_from_a_file_or_from_the_model_itself(desk: Recorder, tmp_path: Path) -> None:
    names = tmp_path / "features.txt"
    names.write_text("\n".join(FEATURES) + "\n")
    model = written(tmp_path, logistic())
    assert tickloop(model, "--features-from", str(names), "--yes").exit_code == 0
    assert tickloop(written(tmp_path, logistic(metadata={"features": ",".join(FEATURES)})), "--yes").exit_code == 0
    for command, _ in desk.put_there:
        assert isinstance(command, StartVariant)
        assert command.model
        assert command.model.expert
        assert command.model.expert.model.features == FEATURES


def test_alone_leaves_no_other_expert_and_no_correction(desk: Recorder, tmp_path: Path) -> None:
    assert tickloop(written(tmp_path, logistic()), *GIVEN, "--alone", "--name", "mine", "--arm", "trial").exit_code == 0
    command = sent(desk)
    assert command.arm == "trial"
    assert command.overrides["correction"] == {"variance": 0.0}
    prior: Any = command.overrides["mixture"]["prior"]
    assert {name for name, weight in prior.items() if weight} == {"mine"}
    assert {"imbalance", "momentum", "mean_reversion", "signed_logistic"} <= {*prior}


def test_json_is_one_object_without_the_file(desk: Recorder, tmp_path: Path) -> None:
    printed = json.loads(tickloop(written(tmp_path, logistic()), *GIVEN, "--json").output)
    assert printed["model"]["kind"] == "onnx"
    assert printed["model"]["size"] == len(logistic())
    assert printed["parent"] == "old-1"
    assert printed["sent"]["command"]["model"] is None
    assert [each["version"] for each in printed["sent"]["versions"]] == ["forest-1"]
    assert sent(desk).model is not None


def test_nothing_is_sent_unless_it_is_confirmed(desk: Recorder, tmp_path: Path) -> None:
    model = written(tmp_path, logistic())
    refused = tickloop(model, *GIVEN[:4], typed="n\n")
    assert "run it in shadow on X, as forest-" in refused.output
    assert "beside old-1 which is live?" in refused.output
    assert desk.put_there == []
    assert tickloop(model, *GIVEN[:4], typed="y\n").exit_code == 0
    assert sent(desk)


def test_trees_come_as_json(desk: Recorder, tmp_path: Path) -> None:
    stump = TreesState(FEATURES, (0,), (0,), (0.0,), (-1,), (-2,), (-1.0, 1.0))
    assert tickloop(written(tmp_path, encode(stump), "stump.json"), "--yes").exit_code == 0
    command = sent(desk)
    assert command.model
    assert command.model.expert == ExpertModel("stump", stump)
    circle = msgspec.structs.replace(stump, left=(0,))
    assert isinstance(tickloop(written(tmp_path, encode(circle), "circle.json"), "--yes").exception, ModelRefused)


def test_trees_of_lightgbm_decide_as_lightgbm_does(desk: Recorder, tmp_path: Path) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    random = np.random.default_rng(1)
    rows = random.normal(size=(400, 3))
    up = rows[:, 0] + rows[:, 1] ** 2 > 0.5
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "use_missing": False, "min_data_in_leaf": 5}
    named = lightgbm.Dataset(rows, up, feature_name=list(FEATURES))
    booster = lightgbm.train(settings, named, 12)
    booster.save_model(tmp_path / "leafy.txt")
    assert tickloop(str(tmp_path / "leafy.txt"), "--yes").exit_code == 0
    command = sent(desk)
    assert command.model
    assert command.model.expert
    state = command.model.expert.model
    assert isinstance(state, TreesState)
    model = TreesModel(TreesParameters(features=FEATURES))
    live = model.load(state)
    assert [model.opinion(live, row) for row in rows.tolist()] == pytest.approx(booster.predict(rows), abs=1e-12)

    forest = lightgbm.train(settings | {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, named, 3)
    forest.save_model(tmp_path / "forest.txt")
    refused = tickloop(str(tmp_path / "forest.txt"), "--yes")
    assert "expected boosted trees of LightGBM" in str(refused.exception)
    few = tickloop(str(tmp_path / "leafy.txt"), "--features", "spread", "--yes")
    assert "expected the names of 3 features, was 1" in str(few.exception)


THREE = ",".join(FEATURES)


@pytest.mark.parametrize(
    ("name", "content", "arguments", "error", "sentence"),
    [
        ("no.onnx", None, (), ConfigurationError, "expected a file with a model, there is no .*no.onnx; fix: its path"),
        ("a.pkl", b"x", (), ConfigurationError, "ends in .onnx, .json, .txt, was a.pkl; fix: export the model as ONNX"),
        ("a.onnx", b"x", ("--features", THREE), ModelRefused, "expected an ONNX file, was something else"),
        ("a.onnx", logistic(), (), ConfigurationError, "the file has none in its metadata; fix: --features a,b,c"),
        ("a.onnx", logistic(), ("--features", "spread"), ModelRefused, "model of 1 features.*one that takes 3"),
        ("a.onnx", logistic(), ("--features", "sprd,rsi,macd"), ConfigurationError, "was sprd; fix: spread"),
        (
            "a.onnx",
            logistic(),
            ("--features", "spread,autocorrelation,macd"),
            ConfigurationError,
            r"features that X computes \(.*\), was autocorrelation; fix: name it in \[market.features\] recorded",
        ),
        ("a.onnx", logistic(), ("--features", "rsi,rsi,macd"), ConfigurationError, "each feature once, was rsi twice"),
        ("a.onnx", bytes(LARGEST_FILE + 1), ("--features", THREE), ConfigurationError, "at most 393,216 bytes.*; fix"),
        (
            "a.onnx",
            file([node("ReduceSum", ["x"], ["up"])]),
            ("--features", THREE),
            ModelRefused,
            "expected a probability, was 3.0",
        ),
        (
            "imbalance.onnx",
            logistic(),
            ("--features", THREE),
            ConfigurationError,
            "no strategy has, was imbalance.*--n",
        ),
        ("a.onnx", logistic(), ("--name", "x" * 25, "--features", THREE), ConfigurationError, "1 to 24 printable"),
        ("a.txt", b"features of mine", (), ConfigurationError, "expected boosted trees of LightGBM .*, was objective"),
        ("a.json", b"{}", (), ConfigurationError, "expected trees as docs/models.md says"),
    ],
)
def test_what_cannot_be_a_model_is_refused_before_anything_is_sent(
    desk: Recorder,
    tmp_path: Path,
    name: str,
    content: bytes | None,
    arguments: tuple[str, ...],
    error: type[Exception],
    sentence: str,
) -> None:
    path = str(tmp_path / name) if content is None else written(tmp_path, content, name)
    done = tickloop(path, *arguments, "--yes")
    assert isinstance(done.exception, error), (done.exception, done.output)
    with pytest.raises(error, match=sentence):
        raise done.exception
    assert desk.put_there == []


def test_without_onnxruntime_the_extra_is_named(
    desk: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streams.market.models import onnx_model

    def lacking(_: Any) -> Any:
        raise EnvironmentProblem("expected onnxruntime; fix: pip install 'tickloop[onnx]'")

    monkeypatch.setattr(onnx_model, "opened", lacking)
    done = tickloop(written(tmp_path, logistic()), *GIVEN)
    assert isinstance(done.exception, EnvironmentProblem)
    assert desk.put_there == []
