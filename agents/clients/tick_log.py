"""Reads the raw records of a topic of ticks for copying, all partitions merged in the order of event time."""

import heapq
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any, Self

from aiokafka.errors import KafkaError
from msgspec import Struct

from agents.clients.publisher import Addressed
from agents.clients.topic_partitions import partition_count
from agents.kafka import TopicPartition, clients
from schemas.codec import decoder
from schemas.errors import EnvironmentProblem, Refused

BLOCK = 2048
POLL_MS = 200
WAIT_MS = 20


class _Timed(Struct):
    ts_event: int


_timed = decoder(_Timed)


class TickLog:
    """The records that a topic of ticks holds at the moment of opening; records written later are not read.

    Use it with `async with`, then iterate over `blocks()`.

    Attributes:
        partitions: number of partitions of the topic.
        total: number of offsets from the beginnings to the ends of all partitions.
        keeps_offsets: whether the records of each partition have the offsets 0, 1, 2 and so on, so that a copy
            has the same offsets; certain only once all blocks are read.
    """

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap, self._topic = bootstrap, topic
        self._first: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self.partitions = self.total = 0
        self.keeps_offsets = True
        self._consumer: Any = None

    async def __aenter__(self) -> Self:
        self.partitions = await partition_count(self._bootstrap, self._topic)
        self._consumer = clients.log_reader(self._bootstrap, fetch_max_wait_ms=WAIT_MS)
        await self._consumer.start()
        partitions = [TopicPartition(self._topic, number) for number in range(self.partitions)]
        self._consumer.assign(partitions)
        self._first = await self._consumer.beginning_offsets(partitions)
        self._ends = await self._consumer.end_offsets(partitions)
        self.total = sum(self._ends[tp] - self._first[tp] for tp in partitions)
        self.keeps_offsets = not any(self._first.values())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def blocks(self) -> AsyncGenerator[list[Addressed], None]:
        """Yield all records in blocks, merged by event time; the records of each partition keep their order.

        Records of equal event time come in the order of partition numbers. A record without a readable event time
        follows its predecessor in the partition.

        Raises:
            EnvironmentProblem: the topic cannot be read.
        """
        try:
            queues: dict[TopicPartition, deque[Addressed]] = {}
            heads: list[tuple[int, int, TopicPartition]] = []
            for tp, offset in self._first.items():
                self._consumer.seek(tp, offset)
            for tp in self._ends:
                await self._refill(tp, queues, heads)
            block: list[Addressed] = []
            while heads:
                now, number, tp = heads[0]
                queue = queues[tp]
                block.append(queue.popleft())
                if queue:
                    heapq.heapreplace(heads, (_time(queue[0], now), number, tp))
                else:
                    heapq.heappop(heads)
                    await self._refill(tp, queues, heads, now)
                if len(block) >= BLOCK:
                    yield block
                    block = []
            if block:
                yield block
        except KafkaError as error:
            raise EnvironmentProblem(f"expected to read {self._topic} from {self._bootstrap}, got {error!r}") from error

    async def _refill(
        self, tp: TopicPartition, queues: dict[TopicPartition, deque[Addressed]], heads: list[Any], now: int = 0
    ) -> None:
        while await self._consumer.position(tp) < self._ends[tp]:
            fetched = await self._consumer.getmany(tp, timeout_ms=POLL_MS, max_records=BLOCK)
            records = [record for record in fetched.get(tp, ()) if record.offset < self._ends[tp]]
            if records:
                if records[-1].offset - records[0].offset + 1 != len(records):
                    self.keeps_offsets = False
                queues[tp] = deque(_addressed(record) for record in records)
                heapq.heappush(heads, (_time(queues[tp][0], now), tp.partition, tp))
                return


def _time(record: Addressed, otherwise: int) -> int:
    return otherwise if record.ts_event is None else record.ts_event


def _addressed(record: Any) -> Addressed:
    try:
        ts_event = _timed(record.value).ts_event
    except Refused:
        ts_event = None
    return Addressed(record.partition, record.key, record.value, ts_event)
