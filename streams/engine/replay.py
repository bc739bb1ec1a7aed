"""Replay: the loop in one process without Kafka, with the same nodes and the same partition code."""

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
    """A record of the log, as a consumer reads it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Emitted(NamedTuple):
    """A record that a node wrote, as a consumer would read it: topic, partition, id and bytes."""

    topic: str
    partition: int
    id: str
    value: bytes


Nodes = Node[Any] | Sequence[Node[Any]]


class Emitter:
    """Converts outputs of nodes to records as a consumer would read them.

    Args:
        nodes: that write; the source of the first one is the log.
        partitions: of every topic.
    """

    def __init__(self, nodes: Sequence[Node[Any]], partitions: int = PARTITIONS) -> None:
        self._topics = topic_of(nodes)
        self._fitted = Fitted(self._topics.values())
        self._log = nodes[0].source.name
        self._partitions = partitions

    def emit(self, written: Iterable[Struct], number: int, offset: int) -> Iterator[Emitted]:
        """Records that follow from the record of the log at an offset of its partition `number`."""
        origin = partial(root_id, self._log, number, offset)
        for record in written:
            fitted, value = self._fitted.encode(record, origin)
            topic = self._topics[type(fitted)]
            yield Emitted(topic.name, place_of(topic, fitted, number, self._partitions), fitted.id, value)


def replay(nodes: Nodes, records: Iterable[SourceRecord], partitions: int = PARTITIONS) -> Iterator[Emitted]:
    """Records that nodes write when the first of them reads `records`, byte for byte as on Kafka.

    Outputs of a node feed the nodes whose source they are. Records of one partition must come in the order of their
    offsets; partitions may interleave in any way.

    Args:
        nodes: one, or several in the order of the loop.
        records: of the log that the first one reads.
        partitions: of every topic; some outputs are placed by it.
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
    """Emitted records as lists of (partition, id, value) by topic, to be compared with those on Kafka."""
    found: dict[str, list[tuple[int, str, bytes]]] = {}
    for topic, partition, record_id, value in emitted:
        found.setdefault(topic, []).append((partition, record_id, value))
    return found


def _listed(nodes: Nodes) -> Sequence[Node[Any]]:
    return [nodes] if isinstance(nodes, Node) else nodes
