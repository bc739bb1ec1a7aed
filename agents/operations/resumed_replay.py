"""Finds where an interrupted replay goes on: after the ticks that its run already holds.

A run is the topics of its own that a replay writes to. In each partition, the ticks that the run
holds must be the first ones that the source has for this partition. Sending is idempotent and in
order, so a batch that was interrupted is there whole or not at all. The topics alone therefore
show how far a replay got, and nothing else has to record it.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from agents.clients.publisher import Addressed, Published, Sendable
from agents.clients.reader import read_blocks
from agents.clients.topic_partitions import partition_count
from agents.kafka import TopicPartition, clients
from schemas.errors import ConfigurationError, StateError
from streams.engine.feed import payload
from streams.engine.partitioner import partition_of

QUIET_S = 1.0
"""How long a log must not grow before it is believed: a killed sender's last requests are with the broker by then."""

MOST_LOOKS = 10


class ResumePoint:
    """Number and digest of the first records of each partition.

    Comparing two such objects shows whether the ticks that an earlier replay has sent are the first
    ticks of the source.

    Args:
        counts: wanted number of records for each partition. Further records are ignored, and so are
            partitions that are missing. None: all records are digested.

    Attributes:
        counts: number of records of each partition that have been digested so far.
    """

    def __init__(self, counts: dict[int, int] | None = None) -> None:
        self._wanted = counts
        self.counts: dict[int, int] = {}
        self._hashes: dict[int, hashlib._Hash] = {}

    def add(self, partition: int, key: bytes | None, value: bytes | None) -> None:
        """Add the next record of a partition to its digest, unless the digest covers the wanted number already."""
        count = self.counts.get(partition, 0)
        if self._wanted is not None and count >= self._wanted.get(partition, 0):
            return
        self.counts[partition] = count + 1
        digest = self._hashes.setdefault(partition, hashlib.sha256())
        for part in (key, value):
            digest.update(b"-" if part is None else b"+" + len(part).to_bytes(8) + part)

    @property
    def is_complete(self) -> bool:
        """Whether the digest of every partition covers the wanted number of records."""
        return self.counts == self._wanted

    def digests(self) -> dict[int, str]:
        """SHA-256 of the records that were added so far, hexadecimal, by partition."""
        return {partition: digest.hexdigest() for partition, digest in self._hashes.items()}


def place(item: Sendable, partitions: int) -> tuple[int, bytes | None, bytes | None]:
    """Partition, key and value with which the publisher sends `item` to a topic with `partitions` partitions.

    >>> from streams.engine.feed import RawTick
    >>> place(RawTick("BAC", b"no tick"), 8)
    (7, b'BAC', b'no tick')
    """
    if isinstance(item, Addressed):
        return item.partition, item.key, item.value
    return partition_of(item.symbol, partitions), item.symbol.encode(), payload(item)


async def held(bootstrap: str, topic: str) -> ResumePoint:
    """Number and digest of the ticks that a replay has sent to each partition, once the topic has stopped growing.

    Args:
        bootstrap: addresses of the brokers, `host:port[,host:port...]`.
        topic: topic on the cluster that the replay sends ticks to.

    Raises:
        ConfigurationError: the topic goes on growing, so another process writes to it.
        StateError: the topic does not hold every record from offset 0 on: records were deleted, or another process
            wrote to it.
    """
    count = await partition_count(bootstrap, topic)
    ends = await _when_quiet(bootstrap, topic, count)
    found = ResumePoint()
    async with aclosing(read_blocks(bootstrap, topic, until_end=True, repeats=True)) as blocks:
        async for block in blocks:
            for record in block:
                found.add(record.partition, record.key, record.value)
    if found.counts != ends:
        raise StateError(
            f"expected {topic} to hold {sum(ends.values()):,} ticks from offset 0 on, it holds "
            f"{sum(found.counts.values()):,}: it was cut, or somebody else wrote to it; fix: another --run NAME"
        )
    return found


async def _when_quiet(bootstrap: str, topic: str, count: int) -> dict[int, int]:
    partitions = [TopicPartition(topic, number) for number in range(count)]
    async with clients.started(clients.consumer(bootstrap)) as consumer:
        before = await consumer.end_offsets(partitions)
        for _ in range(MOST_LOOKS if any(before.values()) else 0):
            await asyncio.sleep(QUIET_S)
            now = await consumer.end_offsets(partitions)
            if now == before:
                break
            before = now
        else:
            if any(before.values()):
                raise ConfigurationError(f"expected nobody to write to {topic}, it grows; fix: wait for that replay")
        return {tp.partition: end for tp, end in before.items() if end}


async def check(blocks: AsyncIterator[Sequence[Sendable]], run: ResumePoint, partitions: int, topic: str) -> None:
    """Check that the ticks that an earlier replay has sent are the first ticks of the source.

    Args:
        blocks: the source, from its beginning.
        run: number and digest of the ticks that were replayed before.
        partitions: number of partitions.
        topic: topic that the replay sends ticks to, for the error message.

    Raises:
        ConfigurationError: the topic holds other ticks, or more than the source.
    """
    source = ResumePoint(run.counts)
    async for block in blocks:
        for item in block:
            source.add(*place(item, partitions))
        if source.is_complete:
            break
    other = sorted(n for n, digest in run.digests().items() if source.digests().get(n) != digest)
    if other:
        number = other[0]
        got = source.counts.get(number, 0)
        what = (
            f"the source has only {got:,} for it"
            if got < run.counts[number]
            else "they are not the first ones of this source"
        )
        raise ConfigurationError(
            f"expected {topic} to hold a beginning of what is to be replayed; partition {number} holds "
            f"{run.counts[number]:,} ticks and {what}; fix: another --run NAME, or --anew to delete what it holds"
        )


async def remaining(
    blocks: AsyncIterator[Sequence[Sendable]], run: ResumePoint, partitions: int
) -> AsyncIterator[Sequence[Sendable]]:
    """Yield the ticks of the source that an earlier replay has not sent, in blocks.

    In each partition, as many ticks as were sent are skipped from the beginning of the source.

    Args:
        blocks: the source, from its beginning.
        run: number of ticks that were sent before, by partition.
        partitions: number of partitions.
    """
    left = dict(run.counts)
    async for block in blocks:
        kept: list[Sendable] = []
        for at, item in enumerate(block):
            if not left:
                kept += block[at:]
                break
            number = item.partition if isinstance(item, Addressed) else partition_of(item.symbol, partitions)
            if number not in left:
                kept.append(item)
            elif left[number] > 1:
                left[number] -= 1
            else:
                del left[number]
        if kept:
            yield kept


def expect_alone(published: Published, run: ResumePoint, topic: str) -> None:
    """Check that the ticks that were sent have consecutive offsets, directly after those replayed before.

    Args:
        published: offsets of the ticks that were sent.
        run: number of ticks that were replayed before, by partition.
        topic: topic that the replay sends ticks to, for the error message.

    Raises:
        StateError: the ticks have other offsets, so another process wrote to the topic meanwhile.
    """
    for number, span in published.partitions.items():
        if span.first != run.counts.get(number, 0) or span.last - span.first + 1 != span.records:
            raise StateError(
                f"expected {topic}-{number} to have {span.records:,} ticks from offset {run.counts.get(number, 0):,}, "
                f"they lie from {span.first:,} to {span.last:,}: somebody else wrote to it; fix: another --run NAME"
            )
