"""Measures how long each tick waits: from when it is due to be sent until a reader has its prediction."""

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
    """Distribution of the time that ticks waited for their predictions.

    Attributes:
        ticks: number of ticks measured.
        p50_ms, p95_ms, p99_ms: quantiles, milliseconds.
        longest_ms: longest time, milliseconds.
    """

    ticks: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: float


class Stopwatch:
    """Plays ticks at a steady rate, and measures the time until the prediction of each tick has arrived.

    A prediction belongs to the tick whose partition and offset its id names. The ticks must therefore be the only
    records ever published to the topic.

    Args:
        feed: the ticks.
        rate: ticks per second.
        partitions: number of partitions of the topic.

    Attributes:
        sent: number of ticks handed to the producer so far.
        half_way: event that is set when half of the ticks were handed over.
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
        """Number of the partition that got the most ticks so far."""
        return max(range(len(self._due)), key=lambda number: len(self._due[number]))

    async def play(self) -> AsyncGenerator[Sequence[Feed], None]:
        """Yield blocks of ticks when they are due.

        A tick's waiting time begins when it is due, so a delay in sending counts as well.
        """
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
        """Record that a prediction has arrived at the time `now`.

        Args:
            prediction_id: id of the prediction, which names the partition and offset of its tick. An id that names
                no tick played so far is ignored.
            now: time of the event loop's clock, seconds.
        """
        try:
            _, number, place = as_of(prediction_id)
        except ValueError:
            return
        if number < len(self._due) and place < len(self._due[number]):
            self._waited[number][place] = now - self._due[number][place]

    def latency(self, until: float = float("inf")) -> MeasuredLatency | None:
        """Latency of the ticks whose prediction has arrived; None if no prediction has.

        Args:
            until: time of the event loop's clock, seconds; only ticks that were due before it count.
        """
        due, waited = np.concatenate(self._due), np.concatenate(self._waited)
        waits = 1e3 * waited[(due < until) & ~np.isnan(waited)]
        if not len(waits):
            return None
        p50, p95, p99 = np.quantile(waits, (0.5, 0.95, 0.99))
        return MeasuredLatency(len(waits), float(p50), float(p95), float(p99), float(waits.max()))
