"""A minimal node for tests of the runtime: for every tick it writes how many ticks of the symbol there were."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from schemas.topics import DEAD_LETTERS, TICKS, Topic
from streams.engine.node import Node


class Counted(Struct, frozen=True):
    """Output for a tick: number of ticks of its symbol so far, and a checksum over all of them."""

    id: str
    symbol: str
    count: int
    checksum: int


COUNTS = Topic("counts", Counted, "one for every tick, in tests only")


class Count(Struct):
    count: int = 0
    checksum: int = 0


class CountingNode(Node[Count]):
    name = "counting"
    source = TICKS
    outputs: tuple[Topic, ...] = (COUNTS, DEAD_LETTERS)
    state = Count
    factor = 31
    """Factor of the checksum."""

    def open(self, key: str) -> Count:
        return Count()

    def step(self, state: Count, event: Any, record_id: str) -> Sequence[Struct]:
        state.count += 1
        state.checksum = (state.checksum * self.factor + event.ts_event) % 2**61
        return (Counted(record_id, event.symbol, state.count, state.checksum),)


class OtherwiseNode(CountingNode):
    """The counting node after a change of its code: it reads the same state, but computes another checksum."""

    factor = 37
