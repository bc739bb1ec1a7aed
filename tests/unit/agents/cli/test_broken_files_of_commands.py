"""Every command that computes from files ends with one sentence and its exit code, whatever the files hold."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agents.backtest import prequential as evaluation
from agents.cli import main
from tests.support.broken_files import BROKEN, GOOD, REFUSED, write

COMMANDS = {"skill": ("skill",), "backtest": ("backtest", "--jobs", "1", "--out", "run")}
ABSENT = dict.fromkeys(("folder.csv", "nowhere.csv", "absent.csv"), (b"", "found none"))


class AtOnce:
    """Stands in for a pool of processes: runs the work in this process at once, which is much faster."""

    def __init__(self, begin: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        begin(*arguments)

    def submit(self, call: Callable[..., Any], *arguments: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(call(*arguments))
        except BaseException as error:  # noqa: BLE001 - as an executor does
            done.set_exception(error)
        return done


@contextmanager
def at_once(processes: int, begin: Callable[..., None], arguments: tuple[Any, ...]) -> Iterator[AtOnce]:
    yield AtOnce(begin, arguments)


@pytest.fixture
def ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """A function that runs a command as a shell does, and returns its exit code and its output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluation, "pool", at_once)
    write(tmp_path)

    def run(*arguments: str) -> tuple[int | str | None, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        return ended.value.code, capsys.readouterr().err

    return run


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", [*BROKEN, *REFUSED, *ABSENT])
def test_a_broken_file_is_one_sentence(command: str, name: str, ends: Callable[..., Any]) -> None:
    code, said = ends(*COMMANDS[command], name)
    assert code == 2, said
    (sentence,) = said.splitlines()
    assert sentence.startswith(f"tickloop: {name}"), "which of several files it was"
    assert (BROKEN | REFUSED | ABSENT)[name][1] in sentence
    assert len(sentence) < 1_000


@pytest.mark.parametrize("command", COMMANDS)
def test_a_broken_file_among_good_ones_is_named(command: str, ends: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_bytes(GOOD)
    code, said = ends(*COMMANDS[command], "good.csv", "other.parquet")
    assert code == 2
    assert said.startswith("tickloop: other.parquet: expected a column for")


def test_a_process_of_the_pool_says_it_as_well(tmp_path: Path) -> None:
    write(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "agents.cli", "skill", "no-header.csv"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("tickloop: no-header.csv: expected the names of the columns")


@pytest.mark.parametrize("arguments", [("skill", "/ticks.csv"), ("backtest", "/ticks.csv"), ("topics",)])
def test_a_current_folder_that_is_gone_is_one_sentence(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code == 3
    assert capsys.readouterr().err.startswith("tickloop: expected a current folder, it has been deleted; fix: cd ")


def test_text_of_a_file_cannot_control_the_terminal(ends: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "strange.csv").write_text("time,\x1b[2Jgone\u202e\n1,2\n")
    code, said = ends("skill", "strange.csv")
    assert code == 2
    assert r"was time, \x1b[2Jgone\u202e; fix: " in said
    assert said.rstrip("\n").isprintable()
