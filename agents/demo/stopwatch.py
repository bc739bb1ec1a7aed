"""How long every tick waits for its prediction: from the moment it is due at the producer until a reader has it."""

import asyncio
from array import array
from collections.abc import AsyncGenerator, Sequence
from math import nan

import numpy as np
from msgspec import Struct

from schemas.positions import as_of
from streams.engine.feed import Feed
from streams.engine.partitioner import partition_of

TURN_S = 0.002


class MeasuredLatency(Struct, frozen=True):
    """Waits of a number of ticks, milliseconds."""

    ticks: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: float


class Stopwatch:
    """Plays a feed evenly and remembers when each tick was due, by its place in the log.

    Whoever uses it must be the only producer of a topic that was empty: then the n-th tick of a partition lies at
    offset n, and the id of a prediction says which tick it answers.

    Args:
        feed: the ticks.
        rate: ticks a second.
        partitions: of the topic.

    Attributes:
        sent: ticks handed to the producer so far.
        half_way: set when half of them are.
    """

    def __init__(self, feed: Sequence[Feed], rate: float, partitions: int) -> None:
        self.feed = feed
        self.sent = 0
        self.half_way = asyncio.Event()
        self._rate = rate
        self._partition = {tick.symbol: partition_of(tick.symbol, partitions) for tick in feed}
        self._due = [array("d") for _ in range(partitions)]
        self._waited = [array("d") for _ in range(partitions)]

    @property
    def busiest(self) -> int:
        """Partition with the most ticks so far."""
        return max(range(len(self._due)), key=lambda number: len(self._due[number]))

    async def play(self) -> AsyncGenerator[Sequence[Feed], None]:
        """Blocks of ticks, each when it is due. A tick's clock starts when it should be sent, not when it is."""
        clock = asyncio.get_running_loop().time
        start = clock()
        while self.sent < len(self.feed):
            await asyncio.sleep(TURN_S)
            reached = min(int((clock() - start) * self._rate), len(self.feed))
            block = self.feed[self.sent : reached]
            for number, tick in enumerate(block, self.sent):
                partition = self._partition[tick.symbol]
                self._due[partition].append(start + number / self._rate)
                self._waited[partition].append(nan)
            self.sent = reached
            if 2 * reached >= len(self.feed):
                self.half_way.set()
            if block:
                yield block

    def stop(self, prediction_id: str, now: float) -> None:
        """A reader has the prediction that answers a tick; what answers none of these was made up."""
        try:
            _, number, place = as_of(prediction_id)
        except ValueError:
            return
        if number < len(self._due) and place < len(self._due[number]):
            self._waited[number][place] = now - self._due[number][place]

    def latency(self, until: float = float("inf")) -> MeasuredLatency | None:
        """Latency of the answered ticks that were due before `until`; None when there is none."""
        due, waited = np.concatenate(self._due), np.concatenate(self._waited)
        waits = 1e3 * waited[(due < until) & ~np.isnan(waited)]
        if not len(waits):
            return None
        p50, p95, p99 = np.quantile(waits, (0.5, 0.95, 0.99))
        return MeasuredLatency(len(waits), float(p50), float(p95), float(p99), float(waits.max()))
