"""The guide "Change a key" works as it is written, while ticks and commands come in.

Afterwards every record is sent a second time, and records with the old key are forged. None of them has an
effect.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count, islice
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from agents.broker import ports
from agents.commands.commander import Answer, commander
from agents.commands.keyring import load, signing
from agents.config.settings import Settings
from schemas.codec import decoder, encode
from schemas.commands import Command, PromoteVariant, StartVariant, StopVariant
from schemas.dead_letters import DeadLetter
from schemas.ticks import Directive
from schemas.topics import COMMANDS, DEAD_LETTERS, MODEL_VERSIONS, TICKS
from schemas.versions import ModelVersion
from streams.engine.signing import Signing
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from tests.support.live_loop import POLL_S, LiveLoop
from tests.support.places import ROOT

pytestmark = pytest.mark.broker

GUIDE = (ROOT / "docs" / "operating.md").read_text()
BLOCKS = re.findall(r"^```sh rotation\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
SYMBOL = "SYN1"
PACE_S = 1.0
PATIENCE_S = 120.0


class Shell:
    """A shell that runs the code blocks of the guide, one after the other."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._done, self._said = folder / "done.txt", folder / "said.txt"
        self._done.touch()
        with self._said.open("wb") as output:
            self._bash = subprocess.Popen(
                ["bash", "-eux"],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    async def run(self, block: str) -> None:
        """Run a code block and wait for its end; fails if the shell ends or takes too long."""
        expected = len(self._done.read_text()) + 1
        assert self._bash.stdin is not None
        self._bash.stdin.write(f"{block}\nprintf . >> {self._done}\n".encode())
        self._bash.stdin.flush()
        until = asyncio.get_running_loop().time() + PATIENCE_S
        while len(self._done.read_text()) < expected:
            goes_on = self._bash.poll() is None and asyncio.get_running_loop().time() < until
            assert goes_on, self._said.read_text()[-20_000:]
            await asyncio.sleep(POLL_S)

    def end(self) -> None:
        """Kill the shell and every process that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._bash.pid, signal.SIGKILL)
        self._bash.wait()


class Person:
    """A client that sends commands, each signed with the key that the key file names at that time."""

    def __init__(self, loop: LiveLoop) -> None:
        self._loop, self._numbers = loop, count()
        self._feed = synthetic_market(6, ("SYN0", SYMBOL))
        self.partition = 0
        self.carried_out: list[str] = []
        self.refused: list[str] = []

    async def tick(self) -> None:
        await self._loop.publish(islice(self._feed, 40))

    async def ask(self, *commands: Command, patience_s: float = 0.0) -> Answer:
        """Send commands and return the answer to the last one.

        Args:
            commands: commands about the test's symbol.
            patience_s: how long to wait for each answer, s.
        """
        async with commander(self._loop.settings, self._loop.bootstrap) as client:
            self.partition = (await client.place_of(SYMBOL)).partition
            answers = [(await client.put(each, self.partition, patience_s))[1] for each in commands]
        return answers[-1]

    async def once(self) -> None:
        """Send a command that must be refused, then start and stop a model version beside the live one.

        The refused command promotes a version that does not exist yet, but does at the end of the test.
        """
        await self.tick()
        number = next(self._numbers)
        arm = f"v{number}"
        await self.ask(
            PromoteVariant(f"soon-{number}", SYMBOL, 5, "late", "test"),
            StartVariant(f"start-{number}", SYMBOL, 5, arm, "test"),
            StopVariant(f"stop-{number}", SYMBOL, 5, arm, "test"),
        )
        self.refused.append(f"soon-{number}")
        self.carried_out += [f"start-{number}", f"stop-{number}"]

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """Call `once` every second while the block runs."""

        async def ask() -> None:
            while True:
                await self.once()
                await asyncio.sleep(PACE_S)

        asking = asyncio.create_task(ask())
        try:
            yield
        finally:
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking


def surroundings(settings: Settings, bootstrap: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKLOOP_")}
    port = next(port for port in iter(ports.any_free, None) if ports.is_free(port + 1))
    return kept | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "TICKLOOP_BOOTSTRAP": bootstrap,
        "TICKLOOP_PREFIX": settings.prefix,
        "TICKLOOP_PARTITIONS": str(settings.partitions),
        "TICKLOOP_CHECKPOINT_S": str(settings.checkpoint_s),
        "TICKLOOP_SESSION_TIMEOUT_S": str(settings.session_timeout_s),
        "TICKLOOP_METRICS_PORT": str(port - 1),
    }


async def letters(loop: LiveLoop) -> list[DeadLetter]:
    found = [decoder(DeadLetter)(stored.value) for stored in await loop.stored(DEAD_LETTERS.name)]
    return list({(letter.id, letter.node): letter for letter in found}.values())


async def directives(loop: LiveLoop) -> list[Directive]:
    decode = decoder(TICKS.record)
    found = [decode(stored.value) for stored in await loop.stored(TICKS.name)]
    return [record for record in found if isinstance(record, Directive)]


async def test_a_key_is_changed_while_everything_runs(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    assert len(BLOCKS) == 4
    settings = Settings.load(
        {}, prefix=prefix, partitions=2, checkpoint_s=0.4, session_timeout_s=6.0,
        directive_keys=str(tmp_path / "keys.json"), deployment="prod",
    )  # fmt: skip
    environment = surroundings(settings, bootstrap)
    before_first = int(environment["TICKLOOP_METRICS_PORT"])
    loop = LiveLoop(nodes(Parameters()), settings, bootstrap, tmp_path / "workers.log")
    shell = Shell(tmp_path, environment)
    try:
        async with loop:
            person = Person(loop)
            await person.tick()
            first, *steps = [block.replace("946$1", f"$(({before_first} + $1))") for block in BLOCKS]
            await shell.run(first)
            for step in steps:
                async with person.busy():
                    await shell.run(step)
            await person.once()
            await put_everything_again(person, loop)
            shell_output = (tmp_path / "said.txt").read_text()
            assert not any(key.secret in shell_output for key in load(tmp_path / "keys.json").keys)
    finally:
        shell.end()


async def put_everything_again(person: Person, loop: LiveLoop) -> None:
    """Send all commands and directives a second time, and forged ones with the old key; none may take effect.

    Before that, check that no command was refused because of its key.
    """
    settings, start = loop.settings, StartVariant("late", SYMBOL, 5, "late", "test")
    assert (await person.ask(start, patience_s=PATIENCE_S)).versions, "the arm is there now that was asked for in vain"
    assert {letter.reason for letter in await letters(loop)} == {"bad_command"}
    done = [directive.id for directive in await directives(loop)]
    assert set(person.carried_out) < set(done)
    ring = load(Path(settings.directive_keys))
    keys = {_key_of(stored.value) for stored in await loop.stored(COMMANDS.name)}
    assert keys == {"2026a", "2026b"}, "commands were given under both keys"

    leaked = Signing(signing(settings).deployments, (msgspec.structs.replace(ring.key("2026a"), until=None),), "2026a")
    place = f"commands:{person.partition}:1"
    forged = leaked.sign(StopVariant("forged", SYMBOL, 5, "late", "test"), place)
    again = [(COMMANDS.name, each) for each in await loop.stored(COMMANDS.name)]
    again += [(TICKS.name, each) for each in await loop.stored(TICKS.name) if b'"directive"' in each.value]
    async with AIOKafkaProducer(bootstrap_servers=loop.bootstrap) as producer:
        for topic, stored in again:
            await producer.send(settings.topic(topic), stored.value, stored.key, stored.partition)
        for name, record in ((COMMANDS.name, forged), (TICKS.name, leaked.sign(_promote(), place))):
            await producer.send(settings.topic(name), encode(record), SYMBOL.encode(), person.partition)
        await producer.flush()
    told = len({stored.value for stored in await loop.stored(MODEL_VERSIONS.name)})
    last = StopVariant("last", SYMBOL, 5, "late", "test")
    answer = await person.ask(last, patience_s=PATIENCE_S)
    assert [(each.version.rpartition("-")[0], each.status) for each in answer.versions] == [("late", "stopped")]
    await person.tick()
    await loop.until_caught_up()
    found: dict[str, None] = dict.fromkeys(directive.id for directive in await directives(loop))
    assert list(found) == [*dict.fromkeys(done), "forged-too", "last"]
    decode = decoder(ModelVersion)
    now = {stored.value: decode(stored.value) for stored in await loop.stored(MODEL_VERSIONS.name)}
    assert [each.command for each in list(now.values())[told:]] == ["last"], "nothing else became of any version"
    refused = await letters(loop)
    reasons = {letter.reason for letter in refused} - {"expired"}
    assert reasons == {"bad_command", "unsigned_command", "unsigned_directive"}
    # A replay with the keys as they are now takes what was right then, and nothing else.
    loop.nodes = nodes(Parameters(), signing(settings))
    verdict = await loop.verdict()
    of_commands = sum(letter.node == "lifecycle" for letter in refused)
    assert (verdict.missing, verdict.different) == (0, of_commands), "the ticks tell of no command that was refused"


def _promote() -> Directive:
    return Directive("forged-too", SYMBOL, 5, "promote_arm", "late", "test")


def _key_of(value: bytes) -> Any:
    return msgspec.json.decode(value)["signature"].split("/")[0]
