"""Commands and ticks with signatures by two keys, and the nodes that read them."""

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
    """The commands and ticks of one partition, with the lifecycle node and the market node that read them.

    Args:
        signing: keys of both nodes and of `ask`.
        number: number of the partition.
    """

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
        """Add a record to the topic of commands, whoever wrote it; return the outputs.

        Directives among them are added to the topic of ticks and applied.
        """
        self.commands.append(value)
        found = self._read(self.lifecycle, len(self.commands) - 1, value)
        for record in found:
            if isinstance(record, Directive):
                self.tick(encode(record))
        return found

    def ask(self, command: Command) -> list[Any]:
        """Sign a command, add it to the topic of commands, and return the outputs."""
        return self.put(encode(self.signing.sign(command, f"commands:{self.number}:{len(self.commands)}")))

    def _read(self, partition: Partition, offset: int, value: bytes) -> list[Any]:
        found = list(partition.apply(offset, b"X", value))
        self.letters += [record for record in found if isinstance(record, DeadLetter)]
        return found

    @property
    def effects(self) -> Any:
        """All state that commands can change, without the nodes' memory of the commands themselves."""
        life = replace(self.lifecycle.keys["X"].state, applied=[], judged=Judged())
        arms = self.market.keys["X"].state.arms
        return msgspec.msgpack.encode(life), [(arm.name, arm.version, arm.number) for arm in arms.arms]


OLD, NEW = Key("old", "leaked"), Key("new", "fresh")
