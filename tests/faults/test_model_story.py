"""A model's life on Kafka, with processes killed: drift, retrain, promotion, sabotage, roll-back."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from agents.config.settings import Settings
from agents.demo import drift_story
from agents.demo.stage import stage

pytestmark = [pytest.mark.broker, pytest.mark.faults, pytest.mark.timeout(600)]


def test_the_story_of_a_model_comes_to_its_end(bootstrap: str, tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "agents.cli", "demo", "--story", "drift", "--json"],
        env=os.environ | {"TICKLOOP_BOOTSTRAP": bootstrap, "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    print(told.stderr[-6_000:])
    assert told.returncode == 0, told.stderr[-6_000:]
    summary: dict[str, Any] = json.loads(told.stdout)
    assert summary["killed"][0] == "retrainer"
    assert summary["killed"][1].startswith("worker-")
    assert 0.0 <= summary["breach_to_retrain_s"] < 60.0
    assert len(summary["checks"]) == 10
    assert all(check["holds"] for check in summary["checks"]), summary["checks"]


def test_no_step_at_which_a_process_is_killed_loses_or_repeats_a_promotion(bootstrap: str, tmp_path: Path) -> None:
    kills: drift_story.Kills = (
        ("breach", "worker"),
        ("retrain_started", "retrainer"),
        ("candidate", "retrainer"),
        ("promoted", "worker"),
        ("rolled_back", "worker"),
    )
    given = msgspec.structs.replace(Settings(bootstrap=bootstrap), directive_key="secret")
    with stage(given, keep=False, say=print) as settings:
        summary = drift_story.run(settings, Console(file=io.StringIO()), print, kills)
    assert len(summary.killed) == len(kills)
    assert [check for check in summary.checks if not check.holds] == []
