"""Computes the records that must be on the topics, by running all nodes on the log of ticks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from streams.engine.loop_partition import LoopPartition
from streams.engine.node import Node
from streams.engine.partition import NO_ROSTER, KeySnapshot, PartitionRoster
from streams.engine.replay import Emitted, Emitter


class Expected:
    """The records that follow from the ticks of one partition, computed by the market node and the nodes after it.

    Args:
        nodes: all nodes, the market node first.
        partition: number of the partition.

    >>> from streams.topology import nodes
    >>> from streams.parameters import Parameters
    >>> tick = b'{"kind":"quote","symbol":"X","ts_event":1,"bid":99,"bid_size":3,"ask":101,"ask_size":1}'
    >>> [each.id for each in Expected(nodes(Parameters()), 3).take(7, b"X", tick) if each.topic == "predictions"]
    ['ticks:3:7']
    """

    def __init__(self, nodes: Sequence[Node[Any]], partition: int) -> None:
        self._partition = LoopPartition(nodes, partition)
        self._emitter = Emitter(nodes)

    def restore(
        self,
        keys: Mapping[str, KeySnapshot],
        offset: int,
        roster: PartitionRoster = NO_ROSTER,
        context: bytes = b"",
    ) -> None:
        """Begin after an offset of the topic `ticks`, from stored snapshots, instead of at the first tick.

        A snapshot may reach further than `offset`. Ticks that the snapshot of a symbol already contains are then
        skipped for that symbol.

        Args:
            keys: snapshot of each symbol's state.
            offset: offset that every snapshot has reached.
            roster: symbols that the partition held when the snapshots were taken; needed if they reach to different
                offsets.
            context: what all symbols look at together, such as the last ticks of references, as of `offset`.

        Raises:
            StateError: the snapshots were not made by these nodes with these parameters.
        """
        self._partition.restore(keys, offset, roster, context)

    def take(self, offset: int, key: bytes | None, value: bytes | None) -> Iterator[Emitted]:
        """Process one record of the topic `ticks`, and yield the records that follow from it on all topics.

        Args:
            offset: offset of the record.
            key: Kafka key of the record.
            value: bytes of the record.
        """
        partition = self._partition
        yield from self._emitter.emit(partition.apply(offset, key, value), partition.number, offset)
