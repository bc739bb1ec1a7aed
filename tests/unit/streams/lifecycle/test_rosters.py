"""Versions that the registry names are compared with those in outcomes, and the proposed fix mends a difference."""

import asyncio
import re
from typing import Any

import pytest
from msgspec.structs import replace

from agents.clients.rosters import Differing
from agents.config.settings import Settings
from agents.operations.lost_directives import DatedRecord, lost_directives
from agents.retrainer import rosters as watch
from agents.retrainer.rosters import AGAIN_S, RosterWatch
from schemas.alerts import Alert
from schemas.codec import decoder, encode
from schemas.commands import Command, PinVersion
from schemas.ticks import Directive, Quote
from schemas.versions import ModelVersion
from streams.engine.partition import Partition
from streams.lifecycle.node import LifecycleNode
from streams.lifecycle.rosters import Difference, Runs, difference, said
from streams.market.node import MarketNode
from tests.support.lifecycle_desk import BUILTIN, Desk, promote, start, stop
from tests.support.matured import earned, matured

DECODE = decoder(Alert)


class Divided(Desk):
    """A lifecycle and a market node of which one may have lost its state, so that directives may be refused."""

    def __init__(self) -> None:
        super().__init__()
        self.registry: dict[str, ModelVersion] = {}
        self.asked = 0

    def ask(self, command: Command) -> list[Any]:
        found = list(self.lifecycle.apply(self.offset, b"X", encode(command)))
        self.offset += 1
        for record in found:
            if isinstance(record, ModelVersion):
                self.registry[record.version] = record
            elif isinstance(record, Directive):
                self.market.apply(self.market.offset + 1, b"X", encode(record))
        return found

    def forget(self, who: str) -> None:
        if who == "market":
            self.market = Partition(MarketNode(), 3)
            self.market.apply(0, b"X", encode(Quote("X", 1, 99.0, 3.0, 101.0, 1.0)))
        else:
            self.lifecycle, self.registry = Partition(LifecycleNode(), 3), {}

    @property
    def shown(self) -> Runs:
        live, *others = self.market.keys["X"].state.arms.arms
        return Runs(live.version, {arm.version: arm.name for arm in others})

    @property
    def difference(self) -> str:
        found = difference("X", said(self.registry.values()), self.shown)
        return "" if found is None else found.sentence

    def type(self, line: str) -> None:
        """Run a command line of a proposed fix, as a person would type it."""
        _, group, verb, _, name = line.split()
        self.asked += 1
        if group == "models":
            name = self.registry[name].arm
        make: Any = {"start": start, "stop": stop, "promote": promote}[verb]
        self.ask(make(name, f"fix-{self.asked}"))


ONE_LIVE: list[Command] = [start("bold", "a"), promote("bold", "b"), start("other", "c")]
ALONE = [*ONE_LIVE, stop(BUILTIN, "d")]


@pytest.mark.parametrize("who", ["market", "lifecycle"])
@pytest.mark.parametrize("history", [ONE_LIVE, [start("bold", "a")]], ids=["one is live", "one is in shadow"])
def test_the_proposed_commands_remove_the_difference(who: str, history: list[Command]) -> None:
    desk = Divided()
    for command in history:
        desk.ask(command)
    assert desk.difference == ""
    desk.forget(who)
    assert "the lifecycle node says that" in desk.difference
    for line in re.findall(r"`(tickloop [^`]+)`", desk.difference):
        desk.type(line)
    assert desk.difference == ""
    desk.ask(start("next", "next"))
    assert desk.difference == ""
    assert "next-" in str(desk.shown)


def test_a_difference_that_no_command_removes_says_so() -> None:
    desk = Divided()
    for command in ALONE:
        desk.ask(command)
    assert desk.difference == ""
    desk.forget("market")
    assert desk.difference.endswith("fix: none by commands, the built-in version was stopped for good: start under "
                                    "another TICKLOOP_PREFIX")  # fmt: skip


class Taking:
    """Stands in for a producer, and keeps what is sent."""

    def __init__(self) -> None:
        self.taken: list[Alert] = []

    async def send(self, _: str, value: bytes, *__: object, partition: int) -> asyncio.Future[object]:
        assert partition == 0
        self.taken.append(DECODE(value))
        acknowledged: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        acknowledged.set_result(None)
        return acknowledged


def differing(number: int, sentence: str = "differs", symbol: str = "X") -> Differing:
    outcome = replace(matured(number, number + 1, arms=earned(("live", "v1", 0.0))), symbol=symbol)
    return Differing(0, outcome, Difference(sentence, "start again"))


async def test_a_difference_in_two_looks_is_an_alert_that_is_repeated_every_hour() -> None:
    taking: Any = Taking()
    watching = RosterWatch(Settings(), "", taking, None)
    await watching.take([differing(1)], 0.0)
    await watching.take([], 60.0)
    await watching.take([differing(2)], 120.0)
    assert taking.taken == []
    await watching.take([differing(3), differing(3, symbol="Y")], 180.0)
    assert [(each.kind, each.symbol, each.id) for each in taking.taken] == [("roster", "X", "ticks:0:4:0")]
    await watching.take([differing(4), differing(4, symbol="Y")], 240.0)
    await watching.take([differing(5), differing(5, "otherwise", "Y")], 300.0)
    assert [each.symbol for each in taking.taken] == ["X", "Y"]
    await watching.take([differing(6)], 180.0 + AGAIN_S)
    assert [each.id for each in taking.taken] == ["ticks:0:4:0", "ticks:0:5:0", "ticks:0:7:0"]
    assert watch.roster_alert(differing(1)).sentence == "differs; fix: start again"


def test_what_a_replay_would_forget_is_what_was_asked_for_before_the_oldest_tick() -> None:
    desk = Divided()
    commands = [DatedRecord(3, 1_000 + number, command) for number, command in enumerate(ONE_LIVE)]
    for command in ONE_LIVE:
        desk.ask(command)
    versions = [DatedRecord(3, 9_000, version) for version in desk.registry.values()]
    assert lost_directives(commands, versions, {}, []) == {}, "the ticks begin with the first one"
    assert lost_directives(commands, versions, {2: 5_000}, []) == {}, "those of another partition do not"
    assert lost_directives(commands, versions, {3: 999}, []) == {}, "it was all asked for later"
    assert lost_directives(commands, versions, {3: 1_000}, []) == {"X": "bold-1"}
    assert lost_directives([], versions, {3: 1_000}, [3]) == {"X": "bold-1"}, "nobody knows what was asked for"
    pin = [DatedRecord(3, 1_000, PinVersion("p", "X", 5, "by hand"))]
    assert lost_directives(pin, versions, {3: 1_000}, []) == {}, "a pin changes no versions"
