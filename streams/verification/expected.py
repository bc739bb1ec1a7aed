"""Records that must be on the topics, computed from the tick log by every node of the loop."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from streams.engine.loop_partition import LoopPartition
from streams.engine.node import Node
from streams.engine.partition import NO_ROSTER, KeySnapshot, PartitionRoster
from streams.engine.replay import Emitted, Emitter


class Expected:
    """Records that follow from the ticks of one partition, by the market node and the nodes after it.

    >>> from streams.topology import nodes
    >>> from streams.parameters import Parameters
    >>> tick = b'{"kind":"quote","symbol":"X","ts_event":1,"bid":99,"bid_size":3,"ask":101,"ask_size":1}'
    >>> [each.id for each in Expected(nodes(Parameters()), 3).take(7, b"X", tick) if each.topic == "predictions"]
    ['ticks:3:7']
    """

    def __init__(self, nodes: Sequence[Node[Any]], partition: int) -> None:
        self._partition = LoopPartition(nodes, partition)
        self._emitter = Emitter(nodes)

    def restore(self, keys: Mapping[str, KeySnapshot], offset: int, roster: PartitionRoster = NO_ROSTER) -> None:
        """Go on after an offset, from snapshots of keys of the market node; what one has applied is passed over.

        Raises:
            StateError: they are not of these nodes and parameters.
        """
        self._partition.restore(keys, offset, roster)

    def take(self, offset: int, key: bytes | None, value: bytes | None) -> Iterator[Emitted]:
        """Records that follow from one record of the tick log."""
        partition = self._partition
        yield from self._emitter.emit(partition.apply(offset, key, value), partition.number, offset)
