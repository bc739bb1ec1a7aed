"""A log of signed records with two keys."""

from typing import Any

import msgspec
from msgspec.structs import replace

from schemas.codec import encode
from schemas.commands import Command, StartVariant
from schemas.dead_letters import DeadLetter
from schemas.ticks import Directive, Quote
from streams.engine.judged import Judged
from streams.engine.partition import Partition
from streams.engine.signing import Key, Signing
from streams.lifecycle.node import LifecycleNode
from streams.market.node import MarketNode

KEY = Key("k", "secret")


OURS = Signing(("test",), (KEY,), "k")


QUOTE = Quote("X", 1, 99.0, 3.0, 101.0, 1.0)


START = StartVariant("start", "X", 5, "a", "test", from_live=True)


class Log:
    """Commands and ticks of one partition, with the nodes that read them; everything is kept as bytes."""

    def __init__(self, signing: Signing = OURS, number: int = 3) -> None:
        self.signing, self.number = signing, number
        self.lifecycle = Partition(LifecycleNode(signing=signing), number)
        self.market = Partition(MarketNode(signing=signing), number)
        self.commands: list[bytes] = []
        self.ticks: list[bytes] = []
        self.letters: list[DeadLetter] = []
        self.tick(encode(QUOTE))

    def tick(self, value: bytes) -> list[Any]:
        self.ticks.append(value)
        return self._read(self.market, len(self.ticks) - 1, value)

    def put(self, value: bytes) -> list[Any]:
        """A record on `commands`, whoever wrote it; directives that follow lie on the ticks, as the node wrote them."""
        self.commands.append(value)
        found = self._read(self.lifecycle, len(self.commands) - 1, value)
        for record in found:
            if isinstance(record, Directive):
                self.tick(encode(record))
        return found

    def ask(self, command: Command) -> list[Any]:
        """A command of somebody who has the key."""
        return self.put(encode(self.signing.sign(command, f"commands:{self.number}:{len(self.commands)}")))

    def _read(self, partition: Partition, offset: int, value: bytes) -> list[Any]:
        found = list(partition.apply(offset, b"X", value))
        self.letters += [record for record in found if isinstance(record, DeadLetter)]
        return found

    @property
    def effects(self) -> Any:
        """All that a command can change, but for what is remembered of commands themselves."""
        life = replace(self.lifecycle.keys["X"].state, applied=[], judged=Judged())
        arms = self.market.keys["X"].state.arms
        return msgspec.msgpack.encode(life), [(arm.name, arm.version, arm.number) for arm in arms.arms]


OLD, NEW = Key("old", "leaked"), Key("new", "fresh")
