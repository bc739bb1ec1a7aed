"""The model of a plug-in and the model trained with scikit-learn in docs/models.md work as they are printed."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agents.cli import cli, models_put
from agents.commands.commander import Answer, LogPlace
from schemas.commands import StartVariant
from schemas.models import OnnxState
from schemas.versions import ModelVersion
from streams.market.models.onnx_model import OnnxModel
from streams.market.models.parameters import OnnxParameters
from tests.support.places import ROOT
from tests.unit.agents.cli.test_arm import NOWHERE, connected

pytest.importorskip("sklearn")
pytestmark = pytest.mark.slow

GUIDE = (ROOT / "docs" / "models.md").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that docs/models.md has its reader write."""
    files = re.findall(
        r"`(\w+\.(?:py|toml))`[^`]*(?:`\w+`[^`]*)?\n\n```\w+\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE
    )
    for name, text in files:
        (tmp_path / name).write_text(text)
    assert [name for name, _ in files] == ["train.py", "my_models.py", "tickloop.toml"]
    return tmp_path


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_model_of_the_plugin_learns_and_keeps_its_promises(folder: Path) -> None:
    program = (
        "import tickloop\n"
        "from agents.config.plugins import configured_parameters\n"
        "from streams.components.kinds import used\n"
        "from streams.components.promises import does_not_look_ahead, goes_on_after_a_restart\n"
        "parameters = configured_parameters()\n"
        "run = tickloop.backtest(tickloop.synthetic_market(seed=3, symbols=['X'], ticks=600), parameters)\n"
        "said = run.outcomes['expert.sgd']\n"
        "print(said.iloc[0], said.nunique() > 50, not run.predictions['reason'].str.contains('failed').any())\n"
        "(mine,) = used(parameters.market)\n"
        "print(mine, [goes_on_after_a_restart(mine), does_not_look_ahead(mine)])"
    )
    assert run(folder, "-c", program).splitlines() == ["0.5 True True", "model sgd ['', '']"]


def test_a_model_trained_with_scikit_learn_comes_in_by_models_put(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("skl2onnx")
    pytest.importorskip("onnxruntime")
    expected = run(
        folder, "-c", "from train import *\nprint(*model.predict_proba(rows[:20])[:, 1])\nprint(*rows[:20].flat)"
    )

    async def versions(*_: Any) -> list[ModelVersion]:
        return []

    monkeypatch.setattr(models_put, "versions", versions)
    desk = connected(monkeypatch, LogPlace(3, 5), Answer([], ""))
    arguments = ("models", "put", "BTCUSDT", str(folder / "boosted.onnx"), "--cause", "trained on June", "--yes")
    done = CliRunner().invoke(cli, arguments, env=NOWHERE)
    assert done.exit_code == 0, done.output
    ((command, _),) = desk.put_there
    assert isinstance(command, StartVariant)
    assert command.model
    assert command.model.expert
    state = command.model.expert.model
    assert isinstance(state, OnnxState)
    assert (command.arm, len(state.features)) == ("boosted", 24)
    told, numbers = ([float(each) for each in line.split()] for line in expected.splitlines())
    model = OnnxModel(OnnxParameters(features=state.features))
    live = model.load(state)
    rows = [numbers[at : at + 24] for at in range(0, len(numbers), 24)]
    assert [model.opinion(live, row) for row in rows] == pytest.approx(told, abs=1e-5)
    assert len(set(told)) > 5
