"""`tickloop publish` and `tickloop replay` answer an unusable file with one sentence and exit code 2."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.cli import cli, main
from agents.cli.publish import MOST_TOLD
from schemas.errors import ConfigurationError
from tests.support.broken_files import BROKEN, HEADER, NOON, REFUSED, write

pytestmark = pytest.mark.broker

UNREADABLE = ("text-of-numbers.jsonl", b'{"kind":"quote","symbol":"X","ts_event":' + b"9" * 50 + b"}\n")


@pytest.mark.parametrize(
    "command", [("publish", "--json", "--set-back"), ("replay", "--json", "--run", "broken", "--anew")]
)
def test_no_broken_file_is_a_success_or_a_traceback(
    command: tuple[str, ...],
    bootstrap: str,
    prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {"BOOTSTRAP": bootstrap, "PREFIX": prefix, "PARTITIONS": "2", "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(f"TICKLOOP_{name}", value)
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    (tmp_path / UNREADABLE[0]).write_bytes(UNREADABLE[1] * 3)
    said = {name: sentence for name, (_, sentence) in BROKEN.items()}
    said |= {
        UNREADABLE[0]: "expected time stamps between 1990 and 2100, was 999",
        "folder.csv": "Is a directory",
        "absent.csv": "expected a readable file, found none",
    }
    assert CliRunner().invoke(cli, ["topics", "apply"]).exit_code == 0
    for name, sentence in said.items():
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*command, name])
        (told,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("tickloop: ")]
        assert (ended.value.code, told.startswith(f"tickloop: {name}"), sentence in told) == (2, True, True), told


def test_publish_says_what_every_worker_will_refuse(
    bootstrap: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Well-formed ticks with invalid values, for example negative prices, are sent, and then the command fails."""
    for name, value in {"BOOTSTRAP": bootstrap, "PREFIX": prefix, "PARTITIONS": "2"}.items():
        monkeypatch.setenv(f"TICKLOOP_{name}", value)
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    assert CliRunner().invoke(cli, ["topics", "apply"]).exit_code == 0
    for name, (_, sentence) in REFUSED.items():
        done = CliRunner().invoke(cli, ["publish", name])
        assert (done.exit_code, "300 ticks acknowledged" in done.output) == (1, True), done.output
        assert isinstance(done.exception, ConfigurationError)  # `tickloop` makes exit code 2 of it
        reason = sentence.removeprefix("300 as ")
        expected = (
            f"{name}: expected ticks that workers take, all 300 will come back on dead-letters, 300 as {reason}: "
        )
        assert str(done.exception).startswith(expected)
        assert f"the first tick of it will come back on dead-letters: {reason}: " in done.output
        replayed = CliRunner().invoke(cli, ["replay", name, "--run", "refused", "--anew"])
        assert isinstance(replayed.exception, ConfigurationError)
        assert str(replayed.exception).startswith(expected)
    many = "".join(f"{NOON + number},S{number},quote,-1,1,1,1,,,\n" for number in range(20))
    (tmp_path / "many.csv").write_text(f"{HEADER}\n{many}")
    done = CliRunner().invoke(cli, ["publish", "many.csv"])
    assert done.output.count("will come back on dead-letters") == MOST_TOLD
