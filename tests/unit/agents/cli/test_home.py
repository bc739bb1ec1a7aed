"""Every command about a system takes `--home`; a command in the wrong folder names the right one."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import agents.cli
from agents.broker import bootstrap, process
from agents.broker.neighbours import Neighbour, neighbours
from agents.broker.process import RunningBroker
from agents.cli import cli
from agents.cli.commands import COMMANDS, WITHOUT_HOME
from agents.config.settings import Settings
from schemas.errors import EnvironmentProblem


def leaves(command: click.Command) -> Iterator[click.Command]:
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from leaves(each)
    else:
        yield command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_option_is_the_last_one_of_every_command_that_has_to_do_with_a_system_and_of_no_other(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    command = cli.get_command(click.Context(cli), name)  # asked for twice, it has the option once
    assert command is not None
    for leaf in leaves(command):
        names = [each.name for each in leaf.params if isinstance(each, click.Option)]
        assert names.count("home") == (name not in WITHOUT_HOME), leaf.name
        assert name in WITHOUT_HOME or names[-1] == "home", leaf.name


def test_no_command_loads_its_settings_past_the_option() -> None:
    without = {"home", *WITHOUT_HOME}
    for file in Path(agents.cli.__file__).parent.glob("*.py"):
        calls = (each for each in ast.walk(ast.parse(file.read_text())) if isinstance(each, ast.Call))
        past = [each.lineno for each in calls if ast.unparse(each.func) == "Settings.load"]
        assert not past or file.stem in without, f"{file.name}, line {past}: expected settings_of_command()"


@pytest.mark.parametrize(
    "words",
    ["consume predictions", "topics plan", "models list", "arm list", "broker status", "verify", "audit X", "doctor"],
)
def test_every_command_uses_the_given_home(words: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, [*words.split(), "--home", str(tmp_path / "there")], env={"COLUMNS": "400"})
    assert f"none runs for {tmp_path}/there" in result.output + str(result.exception)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Path]:
    """A home folder with a process that looks like its broker."""
    home = tmp_path / "other"
    properties = process.broker_folder(home) / "server.properties"
    properties.parent.mkdir(parents=True)
    code = "import time; print('up', flush=True); time.sleep(60)"
    line = [sys.executable, "-c", code, "kafka.Kafka", str(properties)]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as broker:
        assert broker.stdout is not None
        broker.stdout.readline()
        process.record(home, RunningBroker("kafka", "127.0.0.1:19092", broker.pid, str(properties), "4.3.1"))
        yield home
        broker.kill()


def test_the_error_of_a_command_in_the_wrong_folder_says_where_a_broker_runs(other: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    assert Neighbour(str(other), "127.0.0.1:19092") in neighbours(here)
    assert str(other) not in {each.home for each in neighbours(other)}
    with pytest.raises(EnvironmentProblem) as raised:
        bootstrap(Settings(home=str(here)))
    said = str(raised.value)
    assert f"expected a broker, none runs for {here};" in said
    assert f"one runs for {other} (127.0.0.1:19092)" in said
    assert "; fix: the same command with `--home " in said


def test_a_broker_that_ended_or_whose_record_is_damaged_is_no_neighbour(other: Path, tmp_path: Path) -> None:
    (process.broker_folder(other) / "broker.json").write_text("{")
    assert str(other) not in {each.home for each in neighbours(tmp_path)}
