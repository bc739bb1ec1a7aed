"""Commands are built in one module and written by one, and every kind that a person can give has a function there."""

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import msgspec
import pytest

from agents.commands import requests
from agents.commands.commander import Answer, LogPlace
from agents.commands.requests import Request
from agents.commands.sending import send
from agents.commands.writer import CommandWriter
from agents.config.settings import Settings
from schemas.commands import Command, Retrain, RollBack
from schemas.retraining import RetrainJob
from tests.support.places import ROOT

KINDS = {kind.__name__ for kind in get_args(Command)}

AGENTS = sorted((ROOT / "agents").rglob("*.py"))

REQUESTS = [
    requests.start_variant("c1", "X", "bold", "why"),
    requests.stop_variant("c1", "X", "bold", "why"),
    requests.promote_variant("c1", "X", "bold", "why"),
    requests.roll_back("c1", "X", "why"),
    requests.pin_version("c1", "X", "why", pinned=True),
    requests.retrain("c1", "X", "why"),
]


def calls(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_bytes()))
    return {ast.unparse(node.func).rpartition(".")[2] for node in nodes if isinstance(node, ast.Call)}


def test_agents_build_commands_in_one_module() -> None:
    building = {str(path.relative_to(ROOT)) for path in AGENTS if calls(path) & KINDS}
    assert building == {"agents/commands/requests.py"}


WRITES = {"send", "send_and_wait", "put", "_put", "produce"}


def test_agents_write_commands_in_one_module() -> None:
    writing = {
        str(path.relative_to(ROOT))
        for path in AGENTS
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in WRITES
        and any(isinstance(part, ast.Name) and part.id == "COMMANDS" for each in node.args for part in ast.walk(each))
    }
    assert writing == set(), "agents/commands/writer.py signs a command and writes it"


def test_every_kind_of_command_has_a_function_that_builds_it() -> None:
    assert {type(request.dated(5)).__name__ for request in REQUESTS} == KINDS


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: type(each.dated(1)).__name__)
def test_a_request_becomes_a_whole_command(request_: Request) -> None:
    command = request_.dated(5)
    assert (command.id, command.symbol, command.ts_event, command.cause) == ("c1", "X", 5, "why")
    assert not command.automatic, "a person asks for it"


def test_a_roll_back_that_stops_the_version_says_so() -> None:
    plain, ending = (requests.roll_back("c1", "X", "slow", stop=stop).dated(5) for stop in (False, True))
    assert isinstance(plain, RollBack)
    assert isinstance(ending, RollBack)
    assert (plain.stop, ending.stop) == (msgspec.UNSET, True)


def test_every_command_has_an_id_of_its_own() -> None:
    assert len({requests.new_id("cli") for _ in range(50)}) == 50


class Client:
    def __init__(self, answer: Answer) -> None:
        self.put_there: list[Command] = []
        self._answer = answer

    async def put(self, command: Command, partition: int, patience_s: float) -> tuple[int, Answer]:
        self.put_there.append(command)
        return 7, self._answer


async def test_a_command_is_as_of_the_latest_record_of_its_symbol() -> None:
    client: Any = Client(Answer([], "", None))
    sent = await send(client, REQUESTS[0], LogPlace(3, 5))
    assert (sent.partition, sent.offset, sent.command.ts_event, sent.answered) == (3, 7, 5, False)
    assert (await send(client, REQUESTS[0], LogPlace(3, 0))).command.ts_event > 1_700_000_000_000_000_000


async def test_a_retrain_is_answered_by_its_job() -> None:
    command = REQUESTS[-1].dated(5)
    assert isinstance(command, Retrain)
    client: Any = Client(Answer([], "", RetrainJob("commands:3:7:0", "X", 5, "c1", command.breach)))
    assert (await send(client, REQUESTS[-1], LogPlace(3, 5))).answered


async def test_what_is_written_is_signed_and_lies_on_the_partition_of_its_symbol() -> None:
    written: list[tuple[str, bytes, bytes, int]] = []

    async def send_and_wait(*record: Any) -> SimpleNamespace:
        written.append(record)
        return SimpleNamespace(offset=9)

    producer: Any = SimpleNamespace(send_and_wait=send_and_wait)
    settings = Settings(prefix="lab-", directive_key="secret", deployment="prod")
    assert await CommandWriter(settings, producer).write(REQUESTS[1].dated(5), "commands:3:9", 3) == 9
    ((topic, value, key, partition),) = written
    assert (topic, key, partition) == ("lab-commands", b"X", 3)
    command = msgspec.json.decode(value, type=Command)
    assert command.signature.split("/")[1] == "commands:3:9"
