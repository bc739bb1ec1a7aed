"""A misspelt or damaged setting is an error with a way out; it is never ignored."""

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.cli import cli
from agents.config.settings import TABLES, Settings, config_table
from schemas.errors import ConfigurationError
from schemas.topics import TOPICS
from streams.parameters import Parameters


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("TICKLOOP_WORKRES", "TICKLOOP_WORKERS"),
        ("TICKLOOP_PARTITION", "TICKLOOP_PARTITIONS"),
        ("TICKLOOP_BOOTSTRAP_SERVERS", "TICKLOOP_BOOTSTRAP"),
        ("TICKLOOP_home", "TICKLOOP_HOME"),
        ("TICKLOOP_CONFG", "TICKLOOP_CONFIG"),
        ("TICKLOOP_METRICS_PROT", "TICKLOOP_METRICS_PORT"),
        ("TICKLOOP_WORKER", "TICKLOOP_WORKERS"),
        ("TICKLOOP_BOOTSTRAPS", "TICKLOOP_BOOTSTRAP"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_one_that_was_meant(variable: str, meant: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{variable}: expected the name of a setting; fix: {meant}, or"):
        Settings.load({variable: "3"})


@pytest.mark.parametrize("name", ["JOBS", "SYMBOL", "XYZ"])
def test_a_variable_that_is_like_no_setting_is_refused_too(name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^TICKLOOP_{name}: expected the name of a setting; fix: .*unset it"):
        Settings.load({f"TICKLOOP_{name}": "3"})


def test_variables_of_the_tests_and_those_of_kubernetes_are_left_alone() -> None:
    others = (
        "TEST_BROKER",
        "CHROMIUM",
        "STATISTICS",
        "SERVICE_HOST",
        "PORT",
        "PORT_9461_TCP_PORT",
        "SERVICE_PORT_HTTP",
    )
    linked = ("WORKERS_SERVICE_HOST", "WORKERS_PORT", "WORKERS_PORT_9461_TCP", "DASHBOARD_HOST_SERVICE_PORT_HTTP")
    given = {f"TICKLOOP_{name}": "1" for name in (*others, *linked)}
    assert Settings.load({**given, "TICKLOOP_WORKERS": "3", "OTHER_WORKRES": "4"}).workers == 3


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"[setings]\nworkers = 3\n", r"was also \[setings\]; fix: \[settings\]"),
        (b"[settings]\nworker = 3\n", r"\[settings\]: expected fields among .*, was also worker; fix: workers$"),
        (b"[fees]\nbps = 3\n", r"was also \[fees\]; fix: take it out"),
        (b"workers = 3\n", r"was also \[workers\]"),
        (b"settings = 3\n", r"\[settings\]: expected a table, was 3"),
        (b"[market\n", "Expected"),
        (b"# \xff\n", "expected TOML, which is UTF-8, was other bytes at 2"),
        ("[market]\n".encode("utf-16"), "expected TOML, which is UTF-8, was other bytes at 0"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
    ],
    ids=["misspelt", "field", "unknown", "no table", "a number", "cut", "not UTF-8", "UTF-16", "deep"],
)
def test_a_damaged_or_misspelt_file_is_one_sentence(tmp_path: Path, written: bytes, said: str) -> None:
    path = tmp_path / "tickloop.toml"
    path.write_bytes(written)
    with pytest.raises(ConfigurationError, match=said):
        Settings.load({"TICKLOOP_CONFIG": str(path)})


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "tickloop.toml"
    path.touch(mode=0)
    with pytest.raises(ConfigurationError, match="expected a readable file, was: Permission denied"):
        config_table({"TICKLOOP_CONFIG": str(path)})


def test_every_table_of_parameters_may_stand_in_the_file() -> None:
    assert set(TABLES) == {"settings", "plugins", "references", *Parameters.__struct_fields__}


def test_help_of_consume_names_every_topic() -> None:
    said = CliRunner().invoke(cli, ["consume", "--help"]).output
    named = (
        re.sub(r"-\s+", "-", re.sub(r"\s+", " ", said)).partition("Topics: ")[2].partition(". What each")[0].split(", ")
    )
    assert named == [topic.name for topic in TOPICS]
