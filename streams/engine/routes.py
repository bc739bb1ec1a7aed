"""Topic and partition of a record that a node wrote."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.positions import partition_named
from schemas.topics import Topic
from streams.engine.node import Node
from streams.engine.partitioner import partition_of


def topic_of(nodes: Sequence[Node[Any]]) -> dict[type, Topic]:
    """Topic of each type of record that nodes write.

    >>> from streams.market.node import MarketNode
    >>> sorted(topic.name for topic in topic_of([MarketNode()]).values())
    ['breaks', 'dead-letters', 'outcomes', 'predictions']
    """
    return by_record(topic for node in nodes for topic in node.outputs)


def by_record(topics: Iterable[Topic]) -> dict[type, Topic]:
    """Topics by the types of their records."""
    return {record: topic for topic in topics for record in topic.records}


def place_of(topic: Topic, record: Any, number: int, partitions: int) -> int:
    """Partition that a record of a topic is written to.

    If an id names a partition that does not exist (a made-up id, or one of an earlier deployment), Kafka's partitioner
    decides by the symbol.

    Args:
        topic: of the record.
        record: a record that follows from one of another topic (its cause).
        number: partition of the cause.
        partitions: of every topic.

    >>> from schemas.commands import StopVariant
    >>> from schemas.topics import COMMANDS
    >>> stops = [StopVariant(each, "X", 1, "calmer", "harm") for each in ("pooled:3:17:calmer:X", "by-hand")]
    >>> [place_of(COMMANDS, stop, 5, 8) for stop in stops]
    [3, 5]
    >>> place_of(COMMANDS, StopVariant("pooled:8:17:calmer:X", "X", 1, "calmer", "harm"), 5, 8) == partition_of("X", 8)
    True
    """
    if topic.placing == "cause":
        return number
    if topic.placing == "key":
        return partition_of((topic.key_of(record) or b"").decode(), partitions)
    named = partition_named(record.id)
    if named is None:
        return number
    return named if named < partitions else partition_of(record.symbol, partitions)
