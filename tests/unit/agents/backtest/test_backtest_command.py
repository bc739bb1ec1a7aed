"""`tickloop backtest` gives the same bytes however often it is stopped, and with any number of processes."""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from agents.backtest import share
from agents.backtest.folder import RunFolder
from agents.backtest.plan import COMPUTE, BacktestPlan
from agents.backtest.share import Checkpoint, Progress
from agents.broker.exclusive import exclusive
from agents.cli import backtest as backtest_command
from agents.cli import cli, main
from agents.identity.computing import configured_identity
from schemas.errors import ConfigurationError, StateError
from streams.api.backtest import backtest
from streams.engine.feed import payload
from streams.parameters import Parameters, load_parameters
from streams.sources.bad_ticks import with_bad_ticks
from streams.sources.damaged_files import BrokenFile
from streams.sources.synthetic import synthetic_market

pytestmark = pytest.mark.slow

CHEAP = """
[market]
horizon_ns = 2000000
warmup_ticks = 10
[market.costs]
enabled = ["fees"]
fee_bps = 0.0
[market.sizing]
enabled = ["kelly"]
[account]
mark_every_ns = 1000000
"""
FEED = list(with_bad_ticks(synthetic_market(seed=2, ticks=3_000), 0.01, 2))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    lines = [payload(item) for item in FEED]
    (folder / "market.jsonl").write_bytes(b"\n".join(line.replace(b"\n", b" ") for line in lines))
    (folder / "cheap.toml").write_text(CHEAP)
    (folder / "dear.toml").write_text(CHEAP.replace("fee_bps = 0.0", "fee_bps = 4.0"))
    return folder


@pytest.fixture(autouse=True)
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "SEGMENT", 400)
    monkeypatch.setattr(share, "REPORT_EVERY", 50)


def tickloop(inputs: Path, *words: str, config: str = "cheap") -> Result:
    configuration = ("--config", str(inputs / f"{config}.toml")) if config else ()
    return CliRunner().invoke(cli, ["backtest", str(inputs / "market.jsonl"), *configuration, *words])


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def whole(inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an undisturbed run in one process, by name."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(share, "SEGMENT", 400)
        done = tickloop(inputs, "--out", str(folder), "--jobs", "1")
    assert done.exit_code == 0, done.output
    return content(folder)


def test_the_folder_holds_what_the_python_api_returns(inputs: Path, whole: dict[str, bytes]) -> None:
    assert {
        "predictions.parquet", "outcomes.parquet", "account.parquet", "decisions.parquet", "dead-letters.jsonl",
        "summary.json", "run.toml",
    } <= set(whole)  # fmt: skip
    parameters = load_parameters(msgspec.toml.decode(whole["run.toml"]))
    assert parameters == load_parameters(msgspec.toml.decode(CHEAP))
    run = backtest(inputs / "market.jsonl", parameters)
    said = json.loads(whole["summary.json"])
    assert said == {"title": "cheap", "inputs": said["inputs"], **json.loads(json.dumps(run.summary))}
    assert run.summary["account"]["total"]["trades"] > 0
    assert len(whole["dead-letters.jsonl"].splitlines()) == len(run.dead_letters) > 0


def test_tables_hold_the_frames_of_the_python_api(inputs: Path, tmp_path: Path) -> None:
    assert tickloop(inputs, "--out", str(tmp_path / "run"), "--jobs", "1").exit_code == 0
    folder, run = RunFolder(tmp_path / "run"), backtest(inputs / "market.jsonl", load_parameters_of(inputs))
    for name in ("predictions", "outcomes", "account", "dead_letters"):
        mine, theirs = getattr(folder, name), getattr(run, name)
        pd.testing.assert_frame_equal(mine, theirs[mine.columns], check_dtype=False)
        assert set(mine) == set(theirs)
    assert folder.decisions.empty


def load_parameters_of(inputs: Path) -> Parameters:
    return load_parameters(msgspec.toml.decode((inputs / "cheap.toml").read_bytes()))


@pytest.mark.parametrize("stops", [(1,), (9,), (3, 4, 11, 30), tuple(range(1, 40, 5))], ids=str)
def test_a_backtest_that_is_stopped_and_continued_gives_the_same_bytes(
    inputs: Path, whole: dict[str, bytes], tmp_path: Path, stops: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C comes inside segments, between them, before the first checkpoint and after the last."""
    work = share.work
    for stop in stops:

        def until(
            plan: BacktestPlan,
            folder: Path,
            number: int,
            shares: int,
            progress: Callable[[Progress], None],
            stop: int = stop,
        ) -> Checkpoint:
            reports = iter(range(stop))

            def report(said: Progress) -> None:
                if next(reports, None) is None:
                    raise KeyboardInterrupt
                progress(said)

            return work(plan, folder, number, shares, report)

        monkeypatch.setattr(share, "work", until)
        stopped = tickloop(inputs, "--out", str(tmp_path / "run"), "--jobs", "1")
        assert stopped.exit_code in (0, 130)
        assert (stopped.exit_code == 0) == RunFolder(tmp_path / "run").finished
    monkeypatch.setattr(share, "work", work)
    assert tickloop(inputs, "--out", str(tmp_path / "run"), "--jobs", "1").exit_code == 0
    assert content(tmp_path / "run") == whole


def test_a_backtest_that_other_code_began_is_not_continued(
    inputs: Path, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, work = tmp_path / "run", share.work

    def stopped(*_: object) -> Checkpoint:
        raise KeyboardInterrupt

    monkeypatch.setattr(share, "work", stopped)
    assert tickloop(inputs, "--out", str(folder), "--jobs", "1").exit_code == 130
    monkeypatch.setattr(share, "work", work)
    mine = configured_identity({}, COMPUTE)
    other = replace(mine, parts=mine.parts | {"streams/scoring/logistic.py": "another"})
    monkeypatch.setattr(backtest_command, "configured_identity", lambda *_: other)
    begun_anew = tickloop(inputs, "--out", str(folder), "--jobs", "1")
    changed = f"streams/scoring/logistic.py (was {mine.parts['streams/scoring/logistic.py']}, is another)"
    said = f"an unfinished backtest of other code ({changed}) was in it and gave way"
    assert said in begun_anew.output
    code = (folder / "code.json").read_bytes()
    assert content(folder) == {**whole, "code.json": code}
    assert b"another" in code

    folder = tmp_path / "mine"
    monkeypatch.setattr(backtest_command, "configured_identity", lambda *_: mine)
    assert "other code" not in tickloop(inputs, "--out", str(folder), "--jobs", "1").output
    monkeypatch.setattr(backtest_command, "configured_identity", lambda *_: other)
    shown = tickloop(inputs, "--out", str(folder), "--jobs", "1")
    assert shown.exit_code == 0
    assert "was computed by other code: streams/scoring/logistic.py" in shown.output.replace("\n", " ")


def test_a_backtest_that_is_killed_and_continued_gives_the_same_bytes(inputs: Path, tmp_path: Path) -> None:
    """Real processes are killed with kill -9 at random moments while they write."""
    program = (
        "from agents.backtest import share; share.SEGMENT = 400; from agents.cli import main; "
        f"main(['backtest', {str(inputs / 'market.jsonl')!r}, '--jobs', '1', '--out', {str(tmp_path / 'killed')!r}])"
    )
    kills = 0
    for pause in (0.01, 0.13):
        with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL) as running:
            deadline = time.monotonic() + 60
            checkpoint = tmp_path / "killed" / ".unfinished" / "checkpoint-000"
            before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
            while running.poll() is None and time.monotonic() < deadline:
                if checkpoint.exists() and checkpoint.stat().st_mtime_ns != before:
                    break
                time.sleep(0.002)
            time.sleep(pause)
            kills += running.poll() is None
            running.kill()
    assert kills, "every run had ended before it was killed: the test showed nothing"
    for out in ("killed", "whole"):
        assert tickloop(inputs, "--out", str(tmp_path / out), "--jobs", "1", config="").exit_code == 0
    assert content(tmp_path / "killed") == content(tmp_path / "whole")


def test_several_processes_give_the_same_bytes_as_one(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other processes use segments of the usual length, so this process gets one that holds the whole file, too."""

    def run(out: Path, *words: str) -> dict[str, bytes]:
        done = CliRunner().invoke(cli, ["backtest", str(inputs / "market.jsonl"), "--out", str(out), *words])
        assert done.exit_code == 0, done.output
        return content(out)

    monkeypatch.setattr(share, "SEGMENT", 50_000)
    both = ("--config", str(inputs / "cheap.toml"), "--config", str(inputs / "dear.toml"))
    together = run(tmp_path / "together", *both, "--jobs", "4")
    for name in ("cheap", "dear"):
        alone = run(tmp_path / name, "--config", str(inputs / f"{name}.toml"), "--jobs", "1")
        assert {
            path.removeprefix(f"{name}/"): data for path, data in together.items() if path.startswith(name)
        } == alone


def test_a_finished_backtest_is_left_as_it_is(inputs: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    first = tickloop(inputs, "--out", str(tmp_path / "run"), "--jobs", "1")
    assert f"{len(FEED):,} ticks in" in first.output
    again = tickloop(inputs, "--out", str(tmp_path / "run"))
    assert again.exit_code == 0
    assert "it was finished before" in again.output
    assert content(tmp_path / "run") == whole
    said = tickloop(inputs, "--out", str(tmp_path / "run"), "--json")
    assert json.loads(said.stdout)["ticks"] == len(FEED)


def refused(done: Result) -> str:
    assert isinstance(done.exception, ConfigurationError | StateError), done.output
    return str(done.exception)


def test_wrong_usage_is_answered_with_a_sentence(inputs: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert tickloop(inputs, "--out", str(out), "--jobs", "1").exit_code == 0
    assert "of other ticks or parameters" in refused(tickloop(inputs, "--out", str(out), config="dear"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    assert "expected an empty folder" in refused(tickloop(inputs, "--out", str(tmp_path / "mine")))
    assert "can be read again" in refused(CliRunner().invoke(cli, ["backtest", "-"]))
    twice = ["--config", str(inputs / "cheap.toml")] * 2
    assert "different names" in refused(CliRunner().invoke(cli, ["backtest", str(inputs / "market.jsonl"), *twice]))


def test_a_broken_or_stopped_backtest_does_not_prevent_the_next_one(
    inputs: Path, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged, out = tmp_path / "market.jsonl.gz", tmp_path / "run"
    damaged.write_bytes(gzip.compress((inputs / "market.jsonl").read_bytes())[:-2_000])
    broke = CliRunner().invoke(cli, ["backtest", str(damaged), "--out", str(out), "--jobs", "1"])
    assert isinstance(broke.exception, BrokenFile)
    (out / "thesis.txt").write_text("precious")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "finish", interrupted)
        stopped = tickloop(inputs, "--out", str(out), "--jobs", "1", config="dear")
    assert stopped.exit_code == 130
    gave_way = "an unfinished backtest of other ticks or parameters was in it and gave way"
    assert gave_way in stopped.output

    with exclusive(out / ".unfinished" / "lock-000"):
        held = refused(tickloop(inputs, "--out", str(out), "--jobs", "1"))
    assert "another process is at it; fix:" in held
    done = tickloop(inputs, "--out", str(out), "--jobs", "1")
    assert (done.exit_code, gave_way in done.output) == (0, True)
    assert content(out) == {**whole, "thesis.txt": b"precious"}


def test_a_damaged_checkpoint_is_reported(inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(tmp_path / "run")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "finish", interrupted)
        assert tickloop(inputs, "--out", str(folder.path), "--jobs", "1").exit_code == 130
    checkpoint = folder.unfinished / "checkpoint-000"
    checkpoint.write_bytes(checkpoint.read_bytes()[:99])
    assert "expected a checkpoint" in refused(tickloop(inputs, "--out", str(folder.path), "--jobs", "1"))


def test_an_error_in_one_process_ends_the_command(inputs: Path, tmp_path: Path) -> None:
    """The command once hung: a process that ended while it held the lock of a queue kept the others waiting."""
    (tmp_path / "broken.py").write_text(
        "from multiprocessing import current_process\n"
        "if current_process().name != 'MainProcess':\n"
        "    raise RuntimeError('only here')\n"
    )
    (tmp_path / "broken.toml").write_text(CHEAP + '\n[plugins]\nmodules = ["broken"]\n')
    words = ("backtest", str(inputs / "market.jsonl"), "--config", str(tmp_path / "broken.toml"), "--jobs", "2")
    ended = subprocess.run(
        [sys.executable, "-m", "agents.cli", *words, "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 2
    assert "module broken: expected to be imported without an error, was RuntimeError: only here" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_small_file_is_done_by_one_process(tmp_path: Path) -> None:
    class Input(NamedTuple):
        name: str

    class Planned(NamedTuple):
        inputs: list[Input]

    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_bytes(b"x")
    with large.open("wb") as file:
        file.truncate(backtest_command.SMALL)
    plans: Any = [Planned([Input(str(small))])]
    assert backtest_command.fitting_jobs(plans) == 1
    plans = [Planned([Input(str(small)), Input(str(large))])]
    assert backtest_command.fitting_jobs(plans) == os.cpu_count()


@pytest.mark.parametrize(("said", "meant"), [("bactest", "backtest"), ("health", "doctor"), ("status", "doctor")])
def test_an_unknown_command_is_answered_with_the_one_that_is_meant(
    said: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([said])
    assert ended.value.code == 2
    assert f"No such command '{said}'. Did you mean {meant}?" in capsys.readouterr().err
