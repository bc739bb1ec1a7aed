"""Replay: runs nodes (functions over one topic each) in one process without Kafka, with the code that runs on Kafka."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from msgspec import Struct

from schemas.positions import root_id
from schemas.topics import PARTITIONS
from streams.engine.dead_letters import Fitted
from streams.engine.loop_partition import LoopPartition
from streams.engine.node import Node
from streams.engine.routes import place_of, topic_of


class SourceRecord(NamedTuple):
    """A record of an input topic, as a Kafka consumer reads it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Emitted(NamedTuple):
    """A record that a node wrote, as a Kafka consumer would read it.

    Attributes:
        topic: name of the topic, without a deployment's prefix.
        partition: partition number.
        id: id of the record, which tells from what input record it was computed.
        value: the record as JSON.
    """

    topic: str
    partition: int
    id: str
    value: bytes


Nodes = Node[Any] | Sequence[Node[Any]]


class Emitter:
    """Turns records that nodes (functions over one topic each) write into the form that a Kafka consumer reads.

    Args:
        nodes: nodes that write the records; the first one reads the input topic that is replayed.
        partitions: number of partitions of every topic.
    """

    def __init__(self, nodes: Sequence[Node[Any]], partitions: int = PARTITIONS) -> None:
        self._topics = topic_of(nodes)
        self._fitted = Fitted(self._topics.values())
        self._log = nodes[0].source.name
        self._partitions = partitions

    def emit(self, written: Iterable[Struct], number: int, offset: int) -> Iterator[Emitted]:
        """Turn the records that nodes wrote for one input record into encoded records with topic and partition.

        A record that is too large for its topic is replaced by a dead letter.

        Args:
            written: records that the nodes wrote.
            number: partition of the input record.
            offset: offset of the input record.
        """
        origin = partial(root_id, self._log, number, offset)
        for record in written:
            fitted, value = self._fitted.encode(record, origin)
            topic = self._topics[type(fitted)]
            yield Emitted(topic.name, place_of(topic, fitted, number, self._partitions), fitted.id, value)


def replay(nodes: Nodes, records: Iterable[SourceRecord], partitions: int = PARTITIONS) -> Iterator[Emitted]:
    """Yield what nodes write when the first of them reads `records`, byte for byte as on Kafka.

    A node is a function over one topic. The first node reads `records`; each of the others reads what nodes
    before it write.

    Args:
        nodes: one node, or several, each after the nodes whose outputs it reads.
        records: input records. Those of one partition must come in the order of their offsets; partitions may
            alternate in any way.
        partitions: number of partitions of every topic.
    """
    nodes = _listed(nodes)
    emitter = Emitter(nodes, partitions)
    running: dict[int, LoopPartition] = {}
    for number, offset, key, value in records:
        partition = running.get(number)
        if partition is None:
            partition = running[number] = LoopPartition(nodes, number)
        yield from emitter.emit(partition.apply(offset, key, value), number, offset)


def replay_events(nodes: Nodes, events: Iterable[Struct], *, closed: bool = False) -> Iterator[Struct]:
    """Yield the records that nodes write for decoded events, all in one partition: the quick way for research.

    A node is a function over one topic. Events that a worker on Kafka would refuse give dead letters here, too.

    Args:
        nodes: one node, or several, each after the nodes whose outputs it reads.
        events: input of the first node, such as ticks.
        closed: whether commands and directives that nodes write are handed to the nodes that read them, before the next
            event.

    >>> from streams.market.node import MarketNode
    >>> from schemas.ticks import Quote
    >>> quotes = [Quote("X", ts_event=1 + i, bid=99.0, bid_size=3.0, ask=101.0, ask_size=1.0) for i in range(2)]
    >>> [record.id for record in replay_events(MarketNode(), quotes)]
    ['ticks:0:0', 'ticks:0:1']
    """
    partition = LoopPartition(_listed(nodes), 0, closed=closed)
    for event in events:
        yield from partition.receive(event)


def by_topic(emitted: Iterable[Emitted]) -> dict[str, list[tuple[int, str, bytes]]]:
    """Group emitted records by topic, each as (partition, id, value), for a comparison with records on Kafka."""
    found: dict[str, list[tuple[int, str, bytes]]] = {}
    for topic, partition, record_id, value in emitted:
        found.setdefault(topic, []).append((partition, record_id, value))
    return found


def _listed(nodes: Nodes) -> Sequence[Node[Any]]:
    return [nodes] if isinstance(nodes, Node) else nodes
