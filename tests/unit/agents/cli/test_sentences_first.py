"""For a full disk, a faulty plugin or a process that dies, the first line of the output is a sentence."""

import errno
import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agents.backtest import folder as run_folder
from agents.backtest.parts import RecordRows
from agents.cli import backtest as backtest_command
from agents.cli import main
from agents.config.plugins import import_plugins
from agents.process import log_files
from agents.process.pools import picklable_errors, pool
from schemas.codec import encode
from schemas.errors import ConfigurationError, EnvironmentProblem, Refused
from streams.sources.formats import named
from streams.sources.formats.recognition import as_toml
from streams.sources.synthetic import synthetic_market
from tests.support.places import ROOT

pytestmark = pytest.mark.slow

PLUG_IN = """
from streams.market.costs import register
from streams.market.costs.fees import Fees
register("flat_fee", lambda parameters: Fees(1.0))
"""
Ends = Callable[..., tuple[int | str | None, str]]


@pytest.fixture
def ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ends:
    """A function that runs a backtest of a few ticks as a shell does, and returns exit code and standard error."""
    monkeypatch.chdir(tmp_path)
    ticks = b"".join(encode(tick) + b"\n" for tick in islice(synthetic_market(seed=2), 600))
    (tmp_path / "ticks.jsonl").write_bytes(ticks)

    def run(*arguments: str) -> tuple[int | str | None, str]:
        with pytest.raises(SystemExit) as ended:
            main(["backtest", "--jobs", "1", *(arguments or ("ticks.jsonl",))])
        return ended.value.code or 0, capsys.readouterr().err

    return run


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("what", ["the plan", "the code", "a part", "the summary"])
def test_a_full_disk_is_a_sentence_and_the_same_command_goes_on(
    what: str, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = run_folder._write

    def full_for(name: str) -> Callable[[Path, str], None]:
        def written(path: Path, text: str) -> None:
            if path.name == name:
                path.with_suffix(".new").write_text(text[:9])
                full()
            write(path, text)

        return written

    with monkeypatch.context() as patch:
        if what == "a part":
            patch.setattr(RecordRows, "write", full)
        else:
            name = {"the plan": "run.toml", "the code": "code.json", "the summary": "summary.json"}[what]
            patch.setattr(run_folder, "_write", full_for(name))
        code, said = ends()
    assert code == 3
    assert "tickloop: run: expected room for what is written, the disk is full; fix: free space, then the same" in said
    assert "Traceback" not in said
    assert ends()[0] == 0


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("file", "file: expected a folder or nothing, was a file; fix: another --out"),
        ("file/run", "file: expected a folder or nothing, was a file; fix: another --out"),
        ("link", "link: expected a folder, was a link to nowhere; fix: another --out"),
        ("/proc/run", "/proc/run: expected the machine to do it, was: No such file or directory; fix: "),
    ],
)
def test_a_folder_that_cannot_be_made_is_a_sentence(out: str, said: str, ends: Ends) -> None:
    Path("file").touch()
    Path("link").symlink_to("/nowhere/at/all")
    code, told = ends("ticks.jsonl", "--out", out)
    assert (code, "Traceback" in told) == (3 if out.startswith("/proc") else 2, False)
    assert f"tickloop: {said}" in told


def test_a_folder_that_may_not_be_written_is_a_sentence(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", forbidden)  # root may write everywhere
    code, said = ends()
    assert code == 3
    assert "tickloop: run/.unfinished: expected to be let in, was: Permission denied; fix: other rights" in said


def test_a_finished_backtest_says_which_parameter_differs(ends: Ends) -> None:
    assert ends()[0] == 0
    Path("dear.toml").write_text("[market.costs]\nfee_bps = 4.0\n[symbols.X.market]\nwarmup_ticks = 7\n")
    code, said = ends("ticks.jsonl", "--config", "dear.toml")
    assert code == 2
    assert "market.costs.fee_bps (was 0.5, is 4.0)" in said
    assert "symbols.X.market.warmup_ticks (was not there, is 7)" in said
    assert "fix: another --out; or --config run/run.toml, which has the parameters of that one; or remove" in said
    shutil.copy("ticks.jsonl", "others.jsonl")
    assert "ticks (was ticks.jsonl, is others.jsonl)" in ends("others.jsonl")[1]
    with Path("ticks.jsonl").open("ab") as file:
        file.write(b"\n{}\n")
    assert "ticks (ticks.jsonl has changed since)" in ends("ticks.jsonl")[1]
    assert ends("ticks.jsonl", "--out", "new", "--config", "run/run.toml")[0] == 0


def test_a_format_of_ones_own_that_has_changed_makes_another_backtest(ends: Ends) -> None:
    own = Path("own.toml")
    own.write_text(as_toml(named("binance_trades")))
    rows = "".join(f"{n},{100 + n % 3},1,100,{1_700_000_000_000 + 100 * n},{n % 2 == 0}\n" for n in range(400))
    Path("X-trades.csv").write_text(rows)
    words = ("X-trades.csv", "--symbol", "X", "--format", "own.toml")
    assert ends(*words)[0] == 0
    assert ends(*words)[0] == 0, "the same one"
    own.write_text(own.read_text() + "# other\n")
    code, said = ends(*words)
    assert code == 2
    assert "of other ticks or parameters: the format (own.toml has changed since); fix: another --out" in said


def test_the_parameters_that_a_folder_keeps_can_be_used_with_the_plug_ins_of_them(ends: Ends, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "module_of_a_run.py").write_text(PLUG_IN)
    Path("mine/fee.toml").write_text(
        "[plugins]\nmodules = ['module_of_a_run']\n[market.costs]\nenabled = ['flat_fee']\n"
    )
    assert ends("ticks.jsonl", "--config", "mine/fee.toml")[0] == 0
    assert ends("ticks.jsonl", "--out", "again", "--config", "run/run.toml")[0] == 0
    summaries = [Path(each, "summary.json").read_bytes() for each in ("run", "again")]
    assert summaries[0].replace(b'"fee"', b'"run"') == summaries[1]


def test_a_misspelt_configuration_is_reported_before_a_file_of_ticks_is_read(ends: Ends) -> None:
    Path("bad.toml").write_text("[market.costs]\nfee_bsp = 2\n")
    Path("nothing.csv").write_text("what is this\n")
    code, said = ends("nothing.csv", "--config", "bad.toml")
    assert code == 2
    assert "tickloop: bad.toml: [market.costs]: expected fields among" in said
    Path("tickloop.toml").write_text("[market.strategies]\nenabled = ['momentm']\n")
    for command in ("backtest", "skill"):
        with pytest.raises(SystemExit):
            main([command, "nothing.csv"])
    assert ends("nothing.csv")[1].count("tickloop.toml: [market.strategies]") == 3, "of each command"


def test_a_backtest_without_predictions_refuses_nothing_that_comes_next(ends: Ends, tmp_path: Path) -> None:
    (tmp_path / "ticks.csv").write_text("ts_event,symbol,price,size,side\n1,X,-1,1,buy\n2,X,-2,1,buy\n")
    code, said = ends("ticks.csv")
    assert code == 2
    assert "expected ticks that can be predicted from" in said
    (tmp_path / "run" / "thesis.txt").write_text("precious")
    code, said = ends("ticks.jsonl")
    assert code == 0
    assert "run: a backtest without predictions of other ticks or parameters was in it and gave way" in said
    assert (tmp_path / "run" / "thesis.txt").read_text() == "precious"
    assert ends("ticks.csv")[0] == 2, "one with predictions stays"
    assert "expected nothing or the same backtest" in ends("ticks.csv")[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "import nothing_of_that_name",
            r"ModuleNotFoundError: No module named 'nothing_of_that_name' \(.*:1\); fix: mend",
        ),
        ("x = 1\ndef f(:", r"SyntaxError: invalid syntax \(.*module_\d.py:2\); fix: mend it there, or take it out"),
        ("\nraise ValueError('oh')", r"ValueError: oh \(.*module_\d.py:2\); fix: mend it there"),
        ("import sys; sys.exit(3)", r"SystemExit: 3 \(.*module_\d.py:1\)"),
        (
            "from streams.market.strategies import register; register('flat', None)",
            r"\[market.strategies\]: expected a new name among strategies",
        ),
    ],
    ids=["import", "syntax", "raises", "exits", "taken"],
)
def test_a_plug_in_that_cannot_be_imported_is_a_sentence_with_its_line(
    text: str, said: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = f"module_{['import', 'syntax', 'raises', 'exits', 'taken'].index(request.node.callspec.id)}"
    (tmp_path / f"{name}.py").write_text(text)
    with pytest.raises(ConfigurationError, match=rf"^\[plugins\] module {name}: .*{said}"):
        import_plugins({"plugins": {"modules": [name]}}, tmp_path)


DIES = """
import os
from multiprocessing import current_process
if current_process().name != 'MainProcess':
    os.kill(os.getpid(), 9)
"""


def test_a_process_of_a_backtest_that_dies_is_a_sentence(tmp_path: Path, ends: Ends) -> None:
    (tmp_path / "dies.py").write_text(DIES)
    (tmp_path / "dies.toml").write_text('[plugins]\nmodules = ["dies"]\n')
    done = subprocess.run(
        [sys.executable, "-m", "agents.cli", "backtest", "ticks.jsonl", "--config", "dies.toml", "--jobs", "2"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "expected 2 processes to live, one was ended from outside" in done.stderr
    assert ends()[0] == 0, "it goes on from there without the plug-in, in the same folder"


class Odd(Exception):
    """An exception of a plugin that cannot be unpickled."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


def odd() -> None:
    raise Odd(1, 2)


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def nothing() -> None:
    pass


def test_a_pool_passes_on_what_is_raised_in_it_and_says_when_one_of_it_dies() -> None:
    with pool(1, nothing, ()) as executor, pytest.raises(RuntimeError, match="Odd: 1 and 2"):
        executor.submit(picklable_errors, odd).result()
    with pytest.raises(EnvironmentProblem, match="expected 1 processes to live"), pool(1, nothing, ()) as executor:
        executor.submit(picklable_errors, dies).result()
    again = pickle.loads(pickle.dumps(Refused("late", "by a day")))
    assert (again.reason, again.detail, str(again)) == ("late", "by a day", "late: by a day")


def test_an_unexpected_error_begins_with_a_sentence(tmp_path: Path) -> None:
    program = (
        "from agents.cli import main, backtest\n"
        "def broken(*_): raise KeyError('a bug of ours')\n"
        "backtest.expect_one_market = broken\n"
        "main(['backtest', 'x.csv'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    first, *rest = done.stderr.splitlines()
    assert first == "tickloop: an error that nobody expected: KeyError: 'a bug of ours'; it came from here:"
    assert rest[0].startswith("Traceback")


def test_an_error_of_the_machine_is_a_sentence_in_every_command(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest_command, "say_understood", full)
    code, said = ends()
    assert (code, "Traceback" in said) == (3, False)
    assert said.startswith("tickloop: expected room for what is written, the disk is full; fix: free space")


def test_last_words_are_never_none_and_say_why_they_may_lack_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "logs" / "worker-1.log"
    assert log_files.last_words(file) == [f"(nothing was written to {file})"]
    file.parent.mkdir()
    file.write_text("first\nlast\n")
    assert log_files.last_words(file, 1) == ["last"]
    usage: Any = SimpleNamespace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert log_files.last_words(file, 1)[1].startswith("(its disk is full, 0 bytes are free, so the end may be missing")
