"""Reads the records of a topic without a consumer group, each exactly once even if a worker wrote it twice."""

from collections.abc import AsyncGenerator
from typing import Literal, NamedTuple

import msgspec
from aiokafka.errors import KafkaError

from agents.clients.repeats import Repeats
from agents.clients.topic_partitions import partition_count
from agents.kafka import AIOKafkaConsumer, TopicPartition, clients
from schemas.codec import decoder
from schemas.errors import EnvironmentProblem, Refused
from schemas.positions import position_of, topic_of

POLL_MS = 200
WAIT_MS = 20
BLOCK = 4096

Start = Literal["beginning", "end"] | int
"""Where to begin: an offset on every partition; below 0: so many of the newest records."""


class Received(NamedTuple):
    """One record as it is stored on the broker.

    Attributes:
        partition, offset: where it is stored.
        timestamp_ms: when its producer sent it, ms since 1970, UTC.
        key, value: its bytes; None: absent.
    """

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None


class _Identity(msgspec.Struct):
    id: str = ""
    node: str = ""


_identity = decoder(_Identity)


def identity_of(value: bytes | None) -> str:
    """Return the field `id` of a JSON record; empty if there is none, or if it is not a text.

    >>> identity_of(b'{"id":"ticks:0:7"}'), identity_of(b'{"id":7}'), identity_of(None)
    ('ticks:0:7', '', '')
    """
    try:
        return str(_identity(value).id)
    except Refused:
        return ""


class Once:
    """Recognises records that a worker wrote again after a crash.

    A record's id contains the offset of the input that it was computed from. In the records that one part of the
    program (field `node`) wrote to a partition, these offsets only grow. So an offset that was seen before, or a
    lower one, marks a repeat. Records without such an id, ticks for example, never count as repeats.

    >>> once = Once()
    >>> [once.is_new(0, b'{"id":"ticks:0:%d"}' % offset) for offset in (7, 8, 7, 8, 9)]
    [True, True, False, False, True]
    """

    def __init__(self) -> None:
        self._repeats = Repeats()

    def is_new(self, partition: int, value: bytes | None) -> bool:
        """Return whether the record was not seen before on this partition, and remember it.

        Args:
            partition: number of the partition that the record was read from.
            value: bytes of the record; without an id that contains an offset it counts as new.
        """
        try:
            identity = _identity(value or b"{}")
            position = position_of(identity.id)
        except (Refused, ValueError):
            return True
        if not position:
            return True
        return self._repeats.is_new((partition, identity.node, topic_of(identity.id)), position)


async def read(
    bootstrap: str, topic: str, *, start: Start = "beginning", until_end: bool = False, repeats: bool = False
) -> AsyncGenerator[Received, None]:
    """Yield the records of all partitions of a topic one by one as they come.

    A caller that stops before the end must close the iterator (`contextlib.aclosing`). `read_blocks` is quicker
    for many records, and documents the arguments and errors.
    """
    async for block in read_blocks(bootstrap, topic, start=start, until_end=until_end, repeats=repeats):
        for record in block:
            yield record


async def read_blocks(
    bootstrap: str,
    topic: str,
    *,
    start: Start = "beginning",
    each: bool = False,
    until_end: bool = False,
    repeats: bool = False,
) -> AsyncGenerator[list[Received], None]:
    """Yield the records of all partitions of a topic in blocks as they come.

    No block is empty, and the records of each partition keep their order. If the broker is away, reading waits
    for it.

    Args:
        bootstrap: address of the cluster.
        topic: name of the topic on the broker, prefix included.
        start: `beginning`, `end`, or an offset on every partition; below 0: this many of the newest records.
        each: whether a `start` below 0 counts the records of each partition, instead of all partitions
            together.
        until_end: whether to stop at the ends that the partitions have now, instead of waiting for new records.
        repeats: whether to include records that a worker wrote again after a crash.

    Raises:
        EnvironmentProblem: no cluster answers, or the topic is missing or may not be read.
    """
    count = await partition_count(bootstrap, topic)
    partitions = [TopicPartition(topic, number) for number in range(count)]
    consumer = clients.log_reader(bootstrap, fetch_max_wait_ms=WAIT_MS)
    once = None if repeats else Once()
    try:
        await consumer.start()
        consumer.assign(partitions)
        first = await consumer.beginning_offsets(partitions)
        end = await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, _begin(start, first[partition], end[partition]))
        if isinstance(start, int) and start < 0:
            held: list[Received] = []
            while not await _reached(consumer, end):
                held += await _fetch(consumer, once)
            old, new = _split(held, end)
            if newest := sorted(old, key=lambda record: record.timestamp_ms)[None if each else start :]:
                yield newest
            if new and not until_end:
                yield new
        while not (until_end and await _reached(consumer, end)):
            block = await _fetch(consumer, once)
            if until_end:
                block, _ = _split(block, end)
            if block:
                yield block
    except KafkaError as error:
        raise EnvironmentProblem(f"expected to read {topic} from {bootstrap}, got {error!r}") from error
    finally:
        await consumer.stop()


def _begin(start: Start, first: int, end: int) -> int:
    if start == "beginning":
        return first
    if start == "end":
        return end
    return max(first, start if start >= 0 else end + start)


async def _fetch(consumer: AIOKafkaConsumer, once: Once | None) -> list[Received]:
    fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=BLOCK)
    return [
        Received(record.partition, record.offset, record.timestamp, record.key, record.value)
        for records in fetched.values()
        for record in records
        if once is None or once.is_new(record.partition, record.value)
    ]


async def _reached(consumer: AIOKafkaConsumer, end: dict[TopicPartition, int]) -> bool:
    """Return whether the consumer's positions have reached the offsets in `end`; offsets of records may have gaps."""
    for partition, offset in end.items():
        if await consumer.position(partition) < offset:
            return False
    return True


def _split(records: list[Received], end: dict[TopicPartition, int]) -> tuple[list[Received], list[Received]]:
    """Return the records before the offsets in `end`, and the records from there on."""
    ends = {partition.partition: offset for partition, offset in end.items()}
    old = [record for record in records if record.offset < ends[record.partition]]
    new = [record for record in records if record.offset >= ends[record.partition]]
    return old, new
