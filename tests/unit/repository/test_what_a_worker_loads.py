"""A process of the loop starts again after every kill: it loads what it needs, and not what takes as long again."""

import subprocess
import sys

import pytest
from msgspec import json

COSTLY = ("scipy.stats", "scipy.optimize", "river", "pandas", "plotly", "pyarrow")
LOADED = """
import sys
from msgspec import json
from agents.cli import {command}
from streams.topology import nodes
from streams.parameters import MonitorParameters, Parameters
nodes(Parameters(monitor=MonitorParameters(drift_detector={detector!r})))
print(json.encode(sorted(sys.modules)).decode())
"""


def loaded(command: str, detector: str = "") -> list[str]:
    """Of the costly ones, those that a process has loaded when it is about to begin."""
    code = LOADED.format(command=command, detector=detector)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    modules = json.decode(done.stdout, type=set[str])
    return [name for name in COSTLY if name in modules]


@pytest.mark.parametrize("command", ["worker", "retrainer", "models", "publish"])
def test_no_command_of_the_loop_waits_for_what_it_does_not_use(command: str) -> None:
    assert loaded(command) == []


def test_a_detector_of_river_is_there_before_the_first_record() -> None:
    assert "river" in loaded("worker", detector="adwin")
