"""The story of a model as anybody sees it: drift, retrain, promotion, sabotage, roll-back, processes killed between."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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
    assert summary["killed"][0] == "caretaker"
    assert summary["killed"][1].startswith("worker-")
    assert 0.0 <= summary["breach_to_retrain_s"] < 60.0
    assert len(summary["checks"]) == 10
    assert all(check["holds"] for check in summary["checks"]), summary["checks"]
