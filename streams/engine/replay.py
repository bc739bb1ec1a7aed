"""The loop in one process: the same nodes and the same partition code as on Kafka, at full speed and without it."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from msgspec import Struct

from schemas.positions import root_id
from streams.engine.dead_letters import Fitted
from streams.engine.loop_partition import LoopPartition
from streams.engine.node import Node


class SourceRecord(NamedTuple):
    """A record of the log, as a consumer reads it."""

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


Nodes = Node[Any] | Sequence[Node[Any]]


def topic_of(nodes: Sequence[Node[Any]]) -> dict[type, str]:
    """Topic name for each type of record that nodes write.

    >>> from streams.market.node import MarketNode
    >>> sorted(topic_of([MarketNode()]).values())
    ['breaks', 'dead-letters', 'outcomes', 'predictions']
    """
    return {record: topic.name for node in nodes for topic in node.outputs for record in topic.records}


def replay(nodes: Nodes, records: Iterable[SourceRecord]) -> Iterator[Emitted]:
    """What `nodes` write when the first of them reads `records`: byte for byte what they write on Kafka.

    Outputs of a node feed the nodes whose source they are. Records of one partition must come in the order of their
    offsets; partitions may interleave in any way.
    """
    nodes = _listed(nodes)
    topics = topic_of(nodes)
    fitted = Fitted(topic for node in nodes for topic in node.outputs)
    log = nodes[0].source.name
    partitions: dict[int, LoopPartition] = {}
    for record in records:
        origin = partial(root_id, log, record.partition, record.offset)
        partition = partitions.get(record.partition)
        if partition is None:
            partition = partitions[record.partition] = LoopPartition(nodes, record.partition)
        for output in partition.apply(record.offset, record.key, record.value):
            written, value = fitted.encode(output, origin)
            yield Emitted(topics[type(written)], record.partition, written.id, value)


def replay_events(nodes: Nodes, events: Iterable[Struct], *, closed: bool = False) -> Iterator[Struct]:
    """Records that follow from events, as they are and all in one partition: the quick way for research.

    What would be refused on Kafka is refused here. With `closed`, commands and directives that the nodes write take
    effect, before the next event.

    >>> from streams.market.node import MarketNode
    >>> from schemas.ticks import Quote
    >>> quotes = [Quote("X", 1 + i, 99.0, 3.0, 101.0, 1.0) for i in range(2)]
    >>> [record.id for record in replay_events(MarketNode(), quotes)]
    ['ticks:0:0', 'ticks:0:1']
    """
    partition = LoopPartition(_listed(nodes), 0, closed=closed)
    for event in events:
        yield from partition.receive(event)


def by_topic(emitted: Iterable[Emitted]) -> dict[str, list[tuple[int, str, bytes]]]:
    """What was written, as lists of (partition, id, value) for each topic: to be compared with what Kafka holds."""
    found: dict[str, list[tuple[int, str, bytes]]] = {}
    for topic, partition, record_id, value in emitted:
        found.setdefault(topic, []).append((partition, record_id, value))
    return found


def _listed(nodes: Nodes) -> Sequence[Node[Any]]:
    return [nodes] if isinstance(nodes, Node) else nodes
