"""`tickloop arm`: the commands that it writes, and its answers to wrong usage."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.cli import asking, cli
from agents.commands.commander import Answer, LogPlace
from agents.commands.requests import Request, start_variant
from agents.config.settings import Settings
from schemas.commands import Command, PromoteVariant, RollBack, StartVariant, StopVariant
from schemas.errors import ConfigurationError, TickloopError
from schemas.versions import ModelVersion

NOWHERE = {"TICKLOOP_BOOTSTRAP": "127.0.0.1:1", "TICKLOOP_CONFIG": ""}


class Recorder:
    """Stands in for the client that sends commands: keeps what is sent and returns prepared answers."""

    def __init__(self, place: LogPlace, answer: Answer) -> None:
        self.put_there: list[tuple[Command, int]] = []
        self._place, self._answer = place, answer
        self.seen: set[str] = set()
        self.arms: list[str] = []

    async def arms_of(self, _: str) -> list[str]:
        return self.arms

    async def place_of(self, symbol: str) -> LogPlace:
        return self._place

    async def put(self, command: Command, partition: int, patience_s: float) -> tuple[int, Answer]:
        self.put_there.append((command, partition))
        return 7, self._answer


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    told = ModelVersion("commands:3:7:0", "X", "bold-1", "", "shadow", "by hand", 5, "c1", arm="bold")
    return connected(monkeypatch, LogPlace(3, 5), Answer([told], ""))


def connected(monkeypatch: pytest.MonkeyPatch, place: LogPlace, answer: Answer) -> Recorder:
    recorder = Recorder(place, answer)

    @asynccontextmanager
    async def commander(*_: Any) -> AsyncIterator[Recorder]:
        yield recorder

    monkeypatch.setattr(asking, "commander", commander)
    return recorder


def tickloop(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["arm", *arguments], env=NOWHERE)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["stop", "X", "bold"], StopVariant("c1", "X", 5, "bold", "by hand")),
        (["promote", "X", "bold", "--cause", "it won"], PromoteVariant("c1", "X", 5, "bold", "it won")),
        (["rollback", "X"], RollBack("c1", "X", 5, "by hand")),
        (["start", "X", "bold"], StartVariant("c1", "X", 5, "bold", "by hand", from_live=True)),
        (
            [
                *("start", "X", "bold", "--from-nothing", "--version", "v9", "--experiment", "e"),
                *("--set", "mixture.prior.momentum=0", "--set", 'sizing.enabled=["kelly"]'),
                *("--set", "confidence.calibrator=bins"),
            ],
            StartVariant(
                "c1",
                "X",
                5,
                "bold",
                "by hand",
                {
                    "mixture": {"prior": {"momentum": 0}},
                    "sizing": {"enabled": ["kelly"]},
                    "confidence": {"calibrator": "bins"},
                },
                version="v9",
                experiment="e",
            ),
        ),
    ],
)
def test_one_command_is_written_where_the_symbol_lives(desk: Recorder, arguments: list[str], expected: Command) -> None:
    result = tickloop(*arguments, "--id", "c1")
    assert result.exit_code == 0, result.output
    assert desk.put_there == [(expected, 3)]
    assert "writing one command to partition 3; takes effect at the next tick of X" in result.output
    assert "bold-1" in result.output


def test_overrides_come_from_a_file_with_options_on_top(desk: Recorder, tmp_path: Path) -> None:
    file = tmp_path / "bold.toml"
    file.write_text("[sizing]\nkelly_fraction = 0.001\nmax_position = 0.5\n")
    assert tickloop("start", "X", "bold", "--overrides", str(file), "--set", "sizing.max_position=0.25").exit_code == 0
    ((command, _),) = desk.put_there
    assert isinstance(command, StartVariant)
    assert command.overrides == {"sizing": {"kelly_fraction": 0.001, "max_position": 0.25}}


@pytest.mark.parametrize("prefix", ["", "market."])
def test_a_file_may_add_a_model_and_the_command_says_what_differs(desk: Recorder, tmp_path: Path, prefix: str) -> None:
    file = tmp_path / "bold.toml"
    file.write_text(
        f'[{prefix}models.forest]\nkind = "river"\nmodel = "naive_bayes.GaussianNB"\n'
        f"[{prefix}sizing]\nkelly_fraction = 0.001\nmax_position = 1.0\n"
    )
    done = tickloop("start", "X", "bold", "--config", str(file), "--set", "market.sizing.kelly_fraction=0.002")
    assert done.exit_code == 0, done.output
    ((command, _),) = desk.put_there
    assert isinstance(command, StartVariant)
    assert command.overrides == {
        "models": {"forest": {"kind": "river", "model": "naive_bayes.GaussianNB"}},
        "sizing": {"kelly_fraction": 0.002, "max_position": 1.0},
    }
    said = done.output.split("writing one command")[0]
    assert said == (
        "bold differs from X's parameters in:\n"
        '  models.forest.kind = "river" (else absent)\n'
        '  models.forest.model = "naive_bayes.GaussianNB" (else absent)\n'
        "  sizing.kelly_fraction = 0.002 (else 0.0001)\n"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[market.sizing]\nkelly_fraction = 0.1\n[account]\nenabled = true",
            "or without it, was both; fix: take [account]",
        ),
        ("[market.admission]\nmax_jump = 0.5", "expected tables among model, models, recall, mixture"),
        ("[market.models.forest]\nkind = 'river'\nmodel = 'forest.Nothing'", "expected a class of river.forest"),
        (
            "\n".join(
                f"[models.m{each}]\nkind = 'river'\nmodel = 'naive_bayes.GaussianNB'\nlargest_bytes = 1_000_000"
                for each in range(3)
            ),
            "expected models and own features of at most 3,145,728 bytes beside those of the other arms, was 4,500,000",
        ),
        ("no TOML", "expected TOML"),
    ],
)
def test_a_file_is_refused_before_anything_is_sent(desk: Recorder, tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "bold.toml"
    file.write_text(text)
    done = tickloop("start", "X", "bold", "--config", str(file))
    assert isinstance(done.exception, ConfigurationError), done.output
    assert sentence in str(done.exception)
    assert desk.put_there == []


def test_every_command_has_an_id_of_its_own(desk: Recorder) -> None:
    assert tickloop("rollback", "X").exit_code == tickloop("rollback", "X").exit_code == 0
    assert len({command.id for command, _ in desk.put_there}) == 2


def test_json_is_one_object_and_nothing_else(desk: Recorder) -> None:
    printed = json.loads(tickloop("promote", "X", "bold", "--json").output)
    assert (printed["partition"], printed["offset"]) == (3, 7)
    assert printed["command"]["kind"] == "promote_variant"
    assert [version["status"] for version in printed["versions"]] == ["shadow"]


@pytest.mark.parametrize(
    "words",
    [
        ("arm", "start", "BTCUSD", "bold"),
        ("arm", "stop", "BTCUSD", "bold"),
        ("arm", "promote", "BTCUSD", "bold"),
        ("arm", "rollback", "BTCUSD"),
        ("models", "rollback", "BTCUSD"),
        ("models", "pin", "BTCUSD"),
        ("models", "retrain", "BTCUSD"),
    ],
    ids=" ".join,
)
def test_a_command_for_an_unknown_symbol_asks_for_confirmation(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = connected(monkeypatch, LogPlace(2, 0), Answer([], ""))
    recorder.seen = {"ETHUSDT", "BTCUSDT"}
    asked_back = CliRunner().invoke(cli, words, env=NOWHERE)
    assert isinstance(asked_back.exception, ConfigurationError)
    assert "(BTCUSDT, ETHUSDT), was BTCUSD; fix: BTCUSDT, or --anyway" in str(asked_back.exception)
    assert recorder.put_there == []
    assert CliRunner().invoke(cli, [*words, "--anyway"], env=NOWHERE).exit_code == 0
    assert [command.symbol for command, _ in recorder.put_there] == ["BTCUSD"]


@pytest.mark.parametrize("what", ["stop", "promote"])
def test_a_command_for_an_arm_that_does_not_run_asks_for_confirmation(desk: Recorder, what: str) -> None:
    desk.arms = ["bold", "calm"]
    asked_back = tickloop(what, "X", "bodl")
    assert isinstance(asked_back.exception, ConfigurationError)
    assert "an arm of X that runs (bold, calm), was bodl; fix: bold, or --anyway" in str(asked_back.exception)
    assert desk.put_there == []
    assert tickloop(what, "X", "bodl", "--anyway").exit_code == 0
    assert tickloop(what, "X", "bold").exit_code == 0
    assert len(desk.put_there) == 2


async def test_an_experiment_is_started_on_no_symbol_where_one_of_them_was_never_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder = connected(monkeypatch, LogPlace(2, 0), Answer([], ""))
    recorder.seen = {"BTCUSDT"}
    settings = Settings(bootstrap="127.0.0.1:1")
    asked = [start_variant("c1", each, "bold", "test") for each in ("ETHUSDT", "BTCUSD")]
    told: list[str] = []

    def say(request: Request, _: LogPlace) -> None:
        told.append(request.symbol)

    with pytest.raises(ConfigurationError, match="was ETHUSDT; fix: "):
        await asking.put(settings, asked, 0.1, anyway=False, say=say)
    assert (recorder.put_there, told) == ([], [])
    assert len(await asking.put(settings, asked, 0.1, anyway=True, say=say)) == 2
    assert told == ["ETHUSDT", "BTCUSD"]


def test_the_answer_says_that_a_symbol_has_no_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = connected(monkeypatch, LogPlace(2, 0), Answer([], ""))
    result = tickloop("stop", "X", "bold")
    assert "partition 2, where Kafka's partitioner puts X: no prediction of it was found" in result.output
    assert "no answer within 5 s" in result.output
    assert recorder.put_there[0][0].ts_event > 1_700_000_000_000_000_000


def test_a_refusal_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    connected(monkeypatch, LogPlace(2, 5), Answer([], "bad_command: expected an arm that runs in shadow"))
    result = tickloop("stop", "X", "bold")
    assert isinstance(result.exception, TickloopError)
    assert "refused: bad_command: expected an arm" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--set", "admission.max_jump=0.5"], "overrides: expected tables among model, models, recall, mixture"),
        (["--set", "sizing.kelly_fraction=much"], "overrides.sizing: Expected `float`, got `str`"),
        (["--set", "kelly_fraction"], "--set: expected TABLE.FIELD=VALUE, was 'kelly_fraction'"),
        (["--set", "kelly_fraction=1"], "--set: expected TABLE.FIELD=VALUE"),
        (["--set", "mixture.prior=1", "--set", "mixture.prior.flat=0"], "expected prior once"),
        (["--overrides", "FILE"], "expected tables, was kelly_fraction = 1"),
        (["--model", "FILE"], "expected the state of a model"),
        (["--model", "FILE", "--version", "v"], "expected --version or --model, was both"),
    ],
)
def test_wrong_usage_is_reported_before_anything_is_connected(
    arguments: list[str], sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("kelly_fraction = 1\n")
    result = tickloop("start", "X", "bold", *(argument.replace("FILE", str(file)) for argument in arguments))
    assert isinstance(result.exception, ConfigurationError)
    assert sentence in str(result.exception)


def test_the_error_says_that_no_broker_runs() -> None:
    result = tickloop("stop", "X", "bold")
    assert isinstance(result.exception, TickloopError)
