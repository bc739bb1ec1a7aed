"""What must be on the topics, from the tick log alone: every node of the loop, chained by their topics."""

from collections.abc import Iterator, Sequence
from typing import Any

from schemas.codec import encode
from schemas.topics import TICKS
from streams.partition import Partition
from streams.replay import Emitted, topic_of
from streams.topology import Node


class Expected:
    """Records that follow from the ticks of one partition: those of the market node, and of the nodes behind it.

    >>> from streams.loop import nodes
    >>> from streams.parameters import Parameters
    >>> tick = b'{"kind":"quote","symbol":"X","ts_event":1,"bid":99,"bid_size":3,"ask":101,"ask_size":1}'
    >>> [each.id for each in Expected(nodes(Parameters()), 3).take(7, b"X", tick) if each.topic == "predictions"]
    ['ticks:3:7']
    """

    def __init__(self, nodes: Sequence[Node[Any]], partition: int) -> None:
        self._partitions = [(Partition(node, partition), topic_of(node)) for node in nodes]
        self._offsets: dict[str, int] = {}

    def take(self, offset: int, key: bytes | None, value: bytes | None) -> Iterator[Emitted]:
        """What follows from one record of the tick log."""
        yield from self._through(TICKS.name, offset, key, value)

    def _through(self, source: str, offset: int, key: bytes | None, value: bytes | None) -> Iterator[Emitted]:
        for partition, topics in self._partitions:
            if partition.node.source.name != source:
                continue
            for output in partition.apply(offset, key, value):
                record: Any = output
                emitted = Emitted(topics[type(output)], partition.number, record.id, encode(output))
                yield emitted
                yield from self._through(emitted.topic, self._next(emitted.topic), key, emitted.value)

    def _next(self, topic: str) -> int:
        offset = self._offsets.get(topic, 0)
        self._offsets[topic] = offset + 1
        return offset
