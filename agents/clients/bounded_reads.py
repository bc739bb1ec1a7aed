"""Reads a few records of one partition within a budget: the newest ones, or those computed from one input.

The budget limits records and bytes, because answering one question must not cost as much as reading
whole topics. The budget also says whether a look-up may have missed records because of this limit.
"""

from collections.abc import AsyncIterator

from msgspec import Struct

from agents.clients.reader import Received, identity_of
from agents.kafka import AIOKafkaConsumer, TopicPartition
from schemas.positions import position_of
from schemas.topics import Topic

CHUNK = 256
WAIT_MS = 3_000
MOST_AROUND = 512
"""Records that are read around the place that a search found, since repeats may lie between."""

BEFORE = 64
MOST_UNPLACED = 16
"""Records without a position that a search skips before it gives up."""


class Budget(Struct):
    """Number of records and bytes that look-ups may still read.

    Attributes:
        records: records that may still be read; 0 or less: none.
        size: bytes of values that may still be read; 0 or less: none.
        spent: whether a look-up may have missed records because it ran out of budget or reached its own limit.
    """

    records: int = 20_000
    size: int = 24 * 1024 * 1024
    spent: bool = False

    def take(self, records: list[Received]) -> bool:
        """Subtract records that have been read from the budget; return whether more may be read.

        Args:
            records: their number is subtracted from `Budget.records`, the bytes of their values from
                `Budget.size`.

        Returns:
            True if both are still above 0.
        """
        self.records -= len(records)
        self.size -= sum(len(each.value or b"") for each in records)
        return self.records > 0 and self.size > 0


class Nearby:
    """Reads single records of any topic, always from the partition with the same number, through one consumer.

    Args:
        consumer: started, without a consumer group; each read assigns it to the partition that is read.
        prefix: text that the deployment puts before each topic name on the broker, or empty.
        partition: number of the partition to read, on every topic.
        budget: shared by all calls of `newest` and `near`, which subtract what they read. `at` reads a
            single record and subtracts nothing.
    """

    def __init__(self, consumer: AIOKafkaConsumer, prefix: str, partition: int, budget: Budget) -> None:
        self._consumer, self._prefix, self._partition, self._budget = consumer, prefix, partition, budget

    async def at(self, topic: Topic, offset: int) -> Received | None:
        """Return the record of the topic at this offset; None if it is not there any more, or not yet."""
        place, first, end = await self._assign(topic)
        if not first <= offset < end:
            return None
        records = await self._read(place, offset, 1, offset + 1)
        return next((each for each in records if each.offset == offset), None)

    async def newest(self, topic: Topic, most: int, until: int | None = None) -> AsyncIterator[Received]:
        """Yield the newest records of the topic, newest first, until `most` offsets or the budget are used up.

        Args:
            topic: topic to read.
            most: largest number of offsets to look at; an offset without a record counts, too.
            until: only records at offsets below this one; None: up to the end of the partition.
        """
        place, first, end = await self._assign(topic)
        end = end if until is None else min(end, until)
        least = max(first, end - most)
        while end > least:
            begin = max(least, end - CHUNK)
            records = await self._read(place, begin, CHUNK, end)
            for record in reversed(records):
                yield record
            if not self._budget.take(records):
                self._budget.spent = True
                return
            end = begin
        self._budget.spent |= least > first

    async def near(self, topic: Topic, position: int) -> list[Received]:
        """Return all records of the topic whose id contains this position; empty if none does.

        The position in a record's id is the offset of the tick or command that the record was computed from. Along
        a partition positions only grow, except for records repeated after a crash. So a binary search finds the
        first record with this position.
        """
        place, low, high = await self._assign(topic)
        while low < high:
            middle = (low + high) // 2
            found = await self._placed(place, middle, high)
            if found is None:
                high = middle
            elif found[1] < position:
                low = found[0] + 1
            else:
                high = middle
        _, first, end = await self._assign(topic)
        records = await self._read(place, max(first, low - BEFORE), MOST_AROUND, end)
        self._budget.take(records)
        return [each for each in records if _position(each) == position]

    async def _placed(self, place: TopicPartition, offset: int, end: int) -> tuple[int, int] | None:
        """Offset and position of the first record from an offset on that has a position; None if there is none."""
        for record in await self._read(place, offset, MOST_UNPLACED, end):
            position = _position(record)
            if position >= 0:
                return record.offset, position
        return None

    async def _assign(self, topic: Topic) -> tuple[TopicPartition, int, int]:
        place = TopicPartition(f"{self._prefix}{topic.name}", self._partition)
        self._consumer.assign([place])
        first, end = await self._consumer.beginning_offsets([place]), await self._consumer.end_offsets([place])
        return place, first[place], end[place]

    async def _read(self, place: TopicPartition, begin: int, most: int, end: int) -> list[Received]:
        """Records from an offset to before another, `most` at most."""
        self._consumer.seek(place, begin)
        found: list[Received] = []
        while len(found) < most and await self._consumer.position(place) < end:
            fetched = await self._consumer.getmany(place, timeout_ms=WAIT_MS, max_records=most - len(found))
            for records in fetched.values():
                found += [
                    Received(each.partition, each.offset, each.timestamp, each.key, each.value)
                    for each in records
                    if each.offset < end
                ]
        return found


def _position(record: Received) -> int:
    """Offset of the tick or command in a record's id; -1 where it has none."""
    try:
        return position_of(identity_of(record.value))[0]
    except (ValueError, IndexError):
        return -1
