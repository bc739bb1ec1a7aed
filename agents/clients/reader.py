"""Records of a topic, each exactly once, without a consumer group: for people, pages, tests and measurements."""

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
    """One record as it lies on the broker.

    Attributes:
        partition, offset: where.
        timestamp_ms: when its producer sent it, ms since the Unix epoch.
        key, value: bytes.
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
    """Id of a record, empty where it has none.

    >>> identity_of(b'{"id":"ticks:0:7"}'), identity_of(b'{"id":7}'), identity_of(None)
    ('ticks:0:7', '', '')
    """
    try:
        return str(_identity(value).id)
    except Refused:
        return ""


class Once:
    """Recognises repeats: after a crash a worker may write records again.

    Along one partition the source position in the ids of one node only grows, except for repeats; `Repeats` also
    withstands invented ids. Records without such an id (ticks) are never repeats.

    >>> once = Once()
    >>> [once.is_new(0, b'{"id":"ticks:0:%d"}' % offset) for offset in (7, 8, 7, 8, 9)]
    [True, True, False, False, True]
    """

    def __init__(self) -> None:
        self._repeats = Repeats()

    def is_new(self, partition: int, value: bytes | None) -> bool:
        """Whether this record is new on its partition; it then counts as seen."""
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
    """Records of all partitions as they come; close the iterator (`contextlib.aclosing`) when you leave early.

    See `read_blocks`, which is quicker for many records.
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
    """Records of all partitions in blocks, none of them empty; a partition's records keep their order.

    A broker that is away is waited for.

    Args:
        bootstrap: address of the cluster.
        topic: name on the broker.
        start: where to begin.
        each: a start below 0 is so many records of each partition, not of all of them together.
        until_end: stop at what is the end of each partition now, instead of going on for ever.
        repeats: pass on records that were written again after a crash, too.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic, or does not let us read it.
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
    """Whether everything before `end` was fetched, by positions, since logs can have holes."""
    for partition, offset in end.items():
        if await consumer.position(partition) < offset:
            return False
    return True


def _split(records: list[Received], end: dict[TopicPartition, int]) -> tuple[list[Received], list[Received]]:
    """The records before `end`, and those from it on."""
    ends = {partition.partition: offset for partition, offset in end.items()}
    old = [record for record in records if record.offset < ends[record.partition]]
    new = [record for record in records if record.offset >= ends[record.partition]]
    return old, new
