"""The loop in one process: the same nodes and the same partition code as on Kafka, at full speed and without it."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from schemas.codec import encode
from streams.partition import Partition
from streams.topology import Node


class SourceRecord(NamedTuple):
    """A record of a node's source topic, as a consumer reads it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Emitted(NamedTuple):
    """A record that a node wrote, as a consumer would read it; it stays in the partition of its source."""

    topic: str
    partition: int
    id: str
    value: bytes


def topic_of(node: Node[Any]) -> dict[type, str]:
    """Topic name for each type of record that a node writes.

    >>> from streams.market import MarketNode
    >>> sorted(topic_of(MarketNode()).values())
    ['dead-letters', 'outcomes', 'predictions']
    """
    return {record: topic.name for topic in node.outputs for record in topic.records}


def replay(node: Node[Any], records: Iterable[SourceRecord]) -> Iterator[Emitted]:
    """What `node` writes when it reads `records`: byte for byte what it writes on Kafka.

    Records of one partition must come in the order of their offsets; partitions may interleave in any way.
    """
    topics = topic_of(node)
    partitions: dict[int, Partition] = {}
    for record in records:
        partition = partitions.get(record.partition)
        if partition is None:
            partition = partitions[record.partition] = Partition(node, record.partition)
        for output in partition.apply(record.offset, record.key, record.value):
            yield Emitted(topics[type(output)], record.partition, _id(output), encode(output))


def replay_events(node: Node[Any], events: Iterable[Struct]) -> Iterator[Struct]:
    """Records that follow from events, as they are and all in one partition: the quick way for research.

    Events still go through their bytes, so that everything that would be refused on Kafka is refused here.

    >>> from streams.market import MarketNode
    >>> from schemas.ticks import Quote
    >>> quotes = [Quote("X", 1 + i, 99.0, 3.0, 101.0, 1.0) for i in range(2)]
    >>> [record.id for record in replay_events(MarketNode(), quotes)]
    ['ticks:0:0', 'ticks:0:1']
    """
    partition = Partition(node, 0)
    for offset, event in enumerate(events):
        yield from partition.apply(offset, node.key(event).encode(), encode(event))


def by_topic(emitted: Iterable[Emitted]) -> dict[str, list[tuple[int, str, bytes]]]:
    """What was written, as lists of (partition, id, value) for each topic: to be compared with what Kafka holds."""
    found: dict[str, list[tuple[int, str, bytes]]] = {}
    for topic, partition, record_id, value in emitted:
        found.setdefault(topic, []).append((partition, record_id, value))
    return found


def _id(record: Any) -> str:
    identity: str = record.id
    return identity
