"""`tickloop up` ends with one sentence, whichever of its parts cannot go on."""

import asyncio
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from agents.broker.exclusive import alone
from agents.cli import cli, up
from agents.config.settings import Settings
from agents.operations import supervisor
from agents.operations.supervisor import (
    MOST_CRASHES_IN_A_ROW,
    RETRAINER_COMMAND,
    Slot,
    Supervisor,
    worker_command,
)
from agents.operations.system import System
from schemas.errors import EnvironmentProblem, StateError, TickloopError


def test_a_worker_that_refuses_its_state_ends_everything_with_its_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    async def prepare(_: System) -> str:
        return "nowhere:1"

    async def refuse(_: Supervisor) -> None:
        raise StateError("expected one state, was another")

    async def report(_: System, __: str) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(System, "prepare", prepare)
    monkeypatch.setattr(System, "_report", report)
    monkeypatch.setattr(Supervisor, "run", refuse)
    system = System(Settings(home=str(tmp_path), bootstrap="nowhere:1"), Console(file=io.StringIO()))
    with pytest.raises(StateError, match="expected one state"):
        asyncio.run(system.run())


async def test_parts_that_are_not_vital_are_started_again_and_vital_ones_end_everything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 0.0)
    said: list[str] = []
    command, surroundings = ("/bin/sh", "-c", "exit 7"), {"PATH": "/bin"}
    vital = Slot("worker-1", command, surroundings, tmp_path / "one.log")
    with pytest.raises(TickloopError, match=f"worker-1 ended {MOST_CRASHES_IN_A_ROW + 1} times in a row"):
        await vital.keep_running(said.append)
    other = Slot("retrainer", command, surroundings, tmp_path / "other.log", vital=False)
    running = asyncio.create_task(other.keep_running(said.append))
    async with asyncio.timeout(30):
        while other.restarts < 2 * MOST_CRASHES_IN_A_ROW and not running.done():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
    assert not running.done()
    running.cancel()
    assert "retrainer ended with code 7" in said[-1]


async def test_what_is_missing_is_waited_for_at_growing_distances_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(supervisor, "PATIENCE_S", 0.2)
    said: list[str] = []
    slot = Slot("worker-1", ("/bin/sh", "-c", "echo no broker; exit 3"), {"PATH": "/bin"}, tmp_path / "one.log")
    with pytest.raises(EnvironmentProblem, match=r"(?s)worker-1 has been lacking something for .*no broker"):
        await asyncio.wait_for(slot.keep_running(said.append), 60)
    pauses = [float(sentence.split(" again in ")[1].split(" s")[0]) for sentence in said]
    assert pauses == sorted(pauses)
    assert len(pauses) < 12  # twenty and more, were they all as short as the first


def test_processes_do_not_import_what_lies_in_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise SystemExit('imported from the current folder')")
    for command in (worker_command(1), RETRAINER_COMMAND):
        done = subprocess.run([*command, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert "Usage" in done.stdout


def test_a_second_one_in_the_same_home_ends_with_a_sentence_before_it_starts_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def run(_: System) -> None:
        raise AssertionError("expected nothing to be started")

    monkeypatch.setattr(System, "run", run)
    with alone(tmp_path / up.LOCK, "`tickloop up`", "none"):
        result = CliRunner().invoke(cli, ["up", "--home", str(tmp_path)])
    assert isinstance(result.exception, EnvironmentProblem)
    assert f"`tickloop up` of {tmp_path}, one runs already (pid {os.getpid()})" in str(result.exception)
    assert f"`kill {os.getpid()}` stops it" in str(result.exception)


def test_a_killed_system_does_not_prevent_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "home" / "up.lock"
    code = "import sys, time; from pathlib import Path; from agents.broker.exclusive import alone\n"
    code += "with alone(Path(sys.argv[1]), 'x', 'y'): print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(
                EnvironmentProblem, match=rf"expected no other x of .*, one runs already \(pid {other.pid}\)"
            ),
            alone(path, "x", "y"),
        ):
            raise AssertionError
        other.kill()
    with alone(path, "x", "y"):
        assert path.read_text() == str(os.getpid())
