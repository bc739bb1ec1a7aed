"""One partition of the whole loop in one process."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from streams.engine.chain import chained
from streams.engine.node import Node
from streams.engine.partition import NO_ROSTER, KeySnapshot, Partition, PartitionRoster


class LoopPartition:
    """The partitions of one number of all chains of the loop: a symbol has the same partition number on every topic.

    Args:
        nodes: of the loop; the source of the first one is the log.
        number: of the partition.
        closed: whether commands and directives that the loop writes take effect right away. False in a replay of a
            log, which holds the directives already.

    Attributes:
        partitions: one for each chain, in the order of the nodes.
        next_offset: of the log.
    """

    def __init__(self, nodes: Sequence[Node[Any]], number: int, *, closed: bool = False) -> None:
        self.number = number
        self.partitions = [Partition(node, number) for node in chained(nodes)]
        self.next_offset = 0
        log = nodes[0].source
        self._first = [partition for partition in self.partitions if partition.node.source is log]
        roots = dict.fromkeys(topic for node in nodes for topic in node.outputs if topic.is_root)
        self._readers: dict[type, list[Partition]] = {
            record: [partition for partition in self.partitions if partition.node.source is topic]
            for topic in roots
            for record in topic.records
        }
        self._commands = self._readers.keys() - set(log.records)
        self._closed = closed
        self._asked: deque[Struct] = deque()

    def apply(self, offset: int, key: bytes | None, value: bytes | None) -> Sequence[Struct]:
        """Take a record of the log as a consumer reads it; return everything that follows from it, by every node."""
        self.next_offset = offset + 1
        first, *others = self._first
        written = first.apply(offset, key, value)
        for partition in others:
            written = [*written, *partition.apply(offset, key, value)]
        return self._close(written) if self._closed else written

    def restore(self, keys: Mapping[str, KeySnapshot], offset: int, roster: PartitionRoster = NO_ROSTER) -> None:
        """Restore the nodes that read the log from snapshots of their keys, which reach up to an offset of the log.

        The roster is the one that was stored with the snapshots, if these are of different offsets.

        Raises:
            StateError: the snapshots are not of these nodes and parameters.
        """
        (reader,) = self._first
        reader.offset, self.next_offset = offset, offset + 1
        reader.follow(roster)
        for name, snapshot in keys.items():
            reader.restore(name, snapshot)

    def receive(self, event: Any) -> Sequence[Struct]:
        """`apply` for a decoded event at the next offset of the log; a closed loop also takes commands."""
        if self._closed and type(event) in self._commands:
            self._asked.append(event)
            return self._close(())
        offset = self.next_offset
        self.next_offset = offset + 1
        first, *others = self._first
        written = first.receive(offset, event)
        for partition in others:
            written = [*written, *partition.receive(offset, event)]
        return self._close(written) if self._closed else written

    def _close(self, written: Sequence[Struct]) -> Sequence[Struct]:
        """Take the commands that the loop wrote, then the directives that follow from them."""
        everything = list(written)
        self._ask(written)
        while self._asked:
            event = self._asked.popleft()
            for reader in self._readers[type(event)]:
                offset = reader.offset + 1
                if reader in self._first:
                    offset = self.next_offset
                    self.next_offset = offset + 1
                followed = reader.receive(offset, event)
                self._ask(followed)
                everything += followed
        return everything

    def _ask(self, written: Sequence[Struct]) -> None:
        self._asked += (record for record in written if type(record) in self._readers)
