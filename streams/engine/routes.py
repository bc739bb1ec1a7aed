"""Where an output record belongs: its topic and its partition."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.positions import partition_named
from schemas.topics import Topic
from streams.engine.node import Node
from streams.engine.partitioner import partition_of


def topic_of(nodes: Sequence[Node[Any]]) -> dict[type, Topic]:
    """For each type of record that the nodes write, the topic that it goes to.

    >>> from streams.market.node import MarketNode
    >>> sorted(topic.name for topic in topic_of([MarketNode()]).values())
    ['breaks', 'dead-letters', 'faults', 'outcomes', 'predictions']
    """
    return by_record(topic for node in nodes for topic in node.outputs)


def by_record(topics: Iterable[Topic]) -> dict[type, Topic]:
    """For each type of record, the topic that holds records of this type, out of the given topics."""
    return {record: topic for topic in topics for record in topic.records}


def place_of(topic: Topic, record: Any, number: int, partitions: int) -> int:
    """Number of the partition to which a node's output record is written, by the rule of its topic (`Topic.placing`).

    Rule `cause`: the partition of the input record. Rule `key`: the partition that Kafka's partitioner gives to the
    record's key. Rule `id`: partition 3 for an id that begins with `pooled:3:`, and the partition of the input record
    for an id that does not begin in this way. If there is no partition of that number, Kafka's partitioner decides by
    the symbol.

    Args:
        topic: topic that the record is written to.
        record: the output record.
        number: partition of the input record from which the output record was computed.
        partitions: number of partitions of every topic.

    >>> from schemas.commands import StopVariant
    >>> from schemas.topics import COMMANDS
    >>> stops = [StopVariant(each, "X", 1, "calmer", "harm") for each in ("pooled:3:17:calmer:X", "by-hand")]
    >>> [place_of(COMMANDS, stop, number=5, partitions=8) for stop in stops]
    [3, 5]
    >>> stop = StopVariant("pooled:8:17:calmer:X", "X", 1, "calmer", "harm")
    >>> place_of(COMMANDS, stop, number=5, partitions=8) == partition_of("X", 8)  # there is no partition 8
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
