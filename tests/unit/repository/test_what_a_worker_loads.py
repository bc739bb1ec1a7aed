"""Processes of the loop load only the modules that they need, so that they start quickly after a kill."""

import subprocess
import sys
from collections.abc import Sequence

import pytest
from msgspec import json

pytestmark = pytest.mark.slow

COSTLY = (
    "aiohttp.web",
    "jgo",
    "lightgbm",
    "numpy",
    "onnxruntime",
    "pandas",
    "plotly",
    "pyarrow",
    "requests",
    "river",
    "scipy",
)
"""Modules whose import takes a tenth of a second or more on an idle machine."""

RUNTIME = ("aiohttp", "faust", "prometheus_client", "psutil")
"""Modules that only a worker, or a command that asks a worker for its health, needs."""

NETWORK = ("aiokafka", "asyncio", "ssl")

LOADED = """
import sys
from importlib import import_module
from msgspec import json
import_module({module!r})
from streams.parameters import load_parameters
from streams.topology import nodes
nodes(load_parameters({tables!r}))
print(json.encode(sorted(sys.modules)).decode())
"""


def run(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return json.decode(done.stdout, type=set[str])


def loaded(module: str, of: Sequence[str], tables: dict[str, object] | None = None) -> list[str]:
    """Return which of some modules a process has loaded when it begins its work.

    Args:
        module: main module of the process.
        of: modules to look for.
        tables: configuration of the process; None: the default one.
    """
    modules = run(LOADED.format(module=module, tables=tables or {}))
    return [name for name in of if name in modules]


@pytest.mark.parametrize("command", ["worker", "retrainer", "up", "topics"])
def test_no_process_of_the_loop_waits_for_what_it_does_not_use(command: str) -> None:
    assert loaded(f"agents.cli.{command}", COSTLY) == []


@pytest.mark.parametrize("command", ["arm", "audit", "consume", "keys", "models", "publish"])
def test_no_command_that_only_speaks_to_kafka_loads_the_runtime(command: str) -> None:
    assert loaded(f"agents.cli.{command}", COSTLY + RUNTIME) == []


def test_help_loads_nothing_that_speaks_to_a_network() -> None:
    modules = run("import sys, agents.cli\nfrom msgspec import json\nprint(json.encode(sorted(sys.modules)).decode())")
    assert [name for name in COSTLY + RUNTIME + NETWORK if name in modules] == []


def test_a_detector_of_river_is_there_before_the_first_record() -> None:
    assert "river" in loaded("agents.cli.worker", COSTLY, {"monitor": {"drift_detector": "adwin"}})


def test_what_a_declared_experiment_computes_with_is_there_before_the_first_record() -> None:
    declared = {"slow": {"arm": {"model": {"learning_rate": 0.01}}}}
    assert "scipy.special" in loaded("agents.cli.worker", ["scipy.special"], {"experiments": declared})
