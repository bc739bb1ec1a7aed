"""An unknown name on the command line is an error that lists similar names, not an empty answer."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka.errors import UnknownTopicOrPartitionError
from click.testing import CliRunner, Result
from msgspec.structs import replace

from agents.audit.lineage import History
from agents.cli import arm, audit, cli, consume, experiment, models, unknown_names
from agents.clients import topic_partitions
from agents.clients.predicting import Predicting
from agents.clients.reader import Received
from agents.config.settings import Settings
from agents.experiments.status import Course
from schemas.errors import ConfigurationError
from schemas.versions import ModelVersion
from tests.support.golden_model_records import OF_MODELS

NOWHERE = {"TICKLOOP_BOOTSTRAP": "127.0.0.1:1", "TICKLOOP_CONFIG": ""}
ONE = next(each for each in OF_MODELS[ModelVersion] if isinstance(each, ModelVersion))
BOLD = replace(ONE, symbol="BTCUSDT", version="bold-1", arm="bold", status="shadow")
NEWEST = Predicting("ticks:0:9", "ETHUSDT", 10**18, "builtin-1f2e3d4c")
KNOWN = {"BTCUSDT", "ETHUSDT"}


@pytest.fixture(autouse=True)
def topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the topics by ones with a model version of BTCUSDT and a prediction of ETHUSDT."""

    async def versions(_: Settings, __: str, symbol: str | None = None, ___: float = 0.0) -> list[ModelVersion]:
        return [BOLD] if symbol in (None, BOLD.symbol) else []

    async def none(*_: Any) -> list[Any]:
        return []

    async def predicting(_: Settings, __: str, symbol: str | None = None) -> dict[str, Predicting]:
        return {NEWEST.symbol: NEWEST} if symbol in (None, NEWEST.symbol) else {}

    async def history(_: Settings, __: str, symbol: str, *___: int) -> History:
        return History(versions={BOLD.version: BOLD} if symbol == BOLD.symbol else {})

    async def known(*_: Any) -> set[str]:
        return KNOWN

    def read_blocks(*_: Any, **__: Any) -> AsyncGenerator[list[Received], None]:
        async def blocks() -> AsyncGenerator[list[Received], None]:
            yield [Received(0, 7, 5, b"BTCUSDT", b"{}")]

        return blocks()

    for module in (arm, models):
        monkeypatch.setattr(module, "versions", versions)
    for name, stand_in in {
        "retrains": none,
        "faults": none,
        "differing_rosters": none,
        "predicting": predicting,
        "changes": history,
    }.items():
        monkeypatch.setattr(models, name, stand_in)
    monkeypatch.setattr(audit, "history", history)
    monkeypatch.setattr(unknown_names, "known_symbols", known)
    monkeypatch.setattr(consume, "read_blocks", read_blocks)
    monkeypatch.setattr(experiment, "_courses", lambda: {"calmer": {"BTCUSDT": Course()}})


def tickloop(*words: str) -> Result:
    return CliRunner().invoke(cli, words, env=NOWHERE)


@pytest.mark.parametrize(
    "words",
    [
        ("models", "why", "BTCUSD"),
        ("models", "why", "BTCUSD", "--json"),
        ("models", "why", "BTCUSD", "bold-1"),
        ("models", "list", "BTCUSD"),
        ("models", "show", "BTCUSD", "bold-1"),
        ("models", "diff", "BTCUSD", "bold-1", "bold-1"),
        ("arm", "list", "BTCUSD"),
        ("audit", "BTCUSD"),
        ("consume", "outcomes", "--symbol", "BTCUSD", "--until-end"),
    ],
    ids=" ".join,
)
def test_an_unknown_symbol_is_an_error_with_similar_names(words: tuple[str, ...]) -> None:
    found = tickloop(*words)
    assert isinstance(found.exception, ConfigurationError)
    assert "(BTCUSDT, ETHUSDT), was BTCUSD; fix: BTCUSDT, or " in str(found.exception)
    assert found.stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        ("models", "why", "ETHUSDT"),
        ("models", "list", "ETHUSDT"),
        ("arm", "list", "ETHUSDT"),
        ("audit", "ETHUSDT"),
        ("consume", "outcomes", "--symbol", "ETHUSDT", "--until-end", "--json"),
        ("consume", "outcomes", "--symbol", "BTCUSDT", "--until-end", "--json"),
    ],
    ids=" ".join,
)
def test_a_known_symbol_without_records_is_no_error(words: tuple[str, ...]) -> None:
    assert tickloop(*words).exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("models", "why", "BTCUSDT", "bodl-1"),
        ("models", "show", "BTCUSDT", "bodl-1"),
        ("models", "diff", "BTCUSDT", "bodl-1", "bold-1"),
        ("models", "promote", "BTCUSDT", "bodl-1"),
    ],
    ids=" ".join,
)
def test_an_unknown_version_is_an_error_with_similar_names(words: tuple[str, ...]) -> None:
    found = tickloop(*words)
    assert isinstance(found.exception, ConfigurationError)
    assert "(bold-1), was bodl-1; fix: bold-1, or `tickloop models list BTCUSDT`" in str(found.exception)


@pytest.mark.parametrize("what", ["show", "report", "stop", "plan", "start"])
def test_an_unknown_experiment_is_an_error_with_similar_names(what: str) -> None:
    found = tickloop("experiment", what, "calmr", *(["--symbol", "BTCUSDT"] if what == "stop" else []))
    assert isinstance(found.exception, ConfigurationError)
    assert "was calmr; fix: " in str(found.exception)
    if what in ("show", "report", "stop"):
        assert "(calmer), was calmr; fix: calmer, or `tickloop experiment list`" in str(found.exception)


@pytest.mark.parametrize("what", ["show", "report", "stop"])
def test_a_symbol_on_which_an_experiment_did_not_run_is_an_error(what: str) -> None:
    found = tickloop("experiment", what, "calmer", "--symbol", "BTCUSD")
    assert isinstance(found.exception, ConfigurationError)
    assert "a symbol on which calmer ran (BTCUSDT), was BTCUSD; fix: BTCUSDT, or " in str(found.exception)


class Cluster:
    """A cluster that has two topics."""

    async def describe_topics(self, _: list[str]) -> list[dict[str, Any]]:
        return [{"error_code": UnknownTopicOrPartitionError.errno, "partitions": []}]

    async def list_topics(self) -> list[str]:
        return ["lab-ticks", "outcomes"]


@asynccontextmanager
async def admin(*_: Any) -> AsyncIterator[Cluster]:
    yield Cluster()


def test_an_unknown_topic_is_an_error_with_similar_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_partitions, "admin", admin)
    found = tickloop("replay", "--from-topic", "lab-tiks", "--run", "again")
    assert isinstance(found.exception, ConfigurationError)
    assert "--from-topic: expected a topic lab-tiks at 127.0.0.1:1, found none; fix: " in str(found.exception)
    assert str(found.exception).endswith(", or lab-ticks if that is meant")
