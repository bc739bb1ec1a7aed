"""One partition number of the whole loop in one process: what a node writes goes on to the nodes that read it."""

from collections import deque
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from streams.partition import Partition
from streams.topology import Node


class LoopPartition:
    """A partition of every node, joined as the topics join them on Kafka.

    A symbol keeps its partition number on every topic, so one number never needs another one. Outputs go on in the
    order in which they are written, each at the next offset of its topic.

    Args:
        nodes: of the loop; what the first one reads is the log that everything starts from.
        number: of the partition.
        closed: whether the loop takes what it writes to its own inputs, commands and directives, right away. Not so in
            a replay of a log, which holds them already, where they took effect.

    Attributes:
        partitions: one for each node, in their order.
        next_offset: of the log.
    """

    def __init__(self, nodes: Sequence[Node[Any]], number: int, *, closed: bool = False) -> None:
        self.number = number
        self.partitions = [Partition(node, number) for node in nodes]
        self.next_offset = 0
        log = nodes[0].source
        self._first = [partition for partition in self.partitions if partition.node.source is log]
        self._readers: dict[type, list[Partition]] = {
            record: [partition for partition in self.partitions if partition.node.source is topic]
            for node in nodes
            for topic in node.outputs
            for record in topic.records
        }
        self._roots = {record for node in nodes for topic in node.outputs if topic.is_root for record in topic.records}
        self._commands = self._roots.difference(log.records)
        self._closed = closed
        self._asked: deque[Struct] = deque()

    def apply(self, offset: int, key: bytes | None, value: bytes | None) -> list[Struct]:
        """Take a record of the log as a consumer reads it; everything that follows from it, by every node."""
        self.next_offset = offset + 1
        written: list[Struct] = []
        for partition in self._first:
            self._pass_on(partition.apply(offset, key, value), written)
        self._close(written)
        return written

    def receive(self, event: Any) -> list[Struct]:
        """`apply` at the next offset of the log, for an event without its bytes; a closed loop takes commands, too."""
        written: list[Struct] = []
        if self._closed and type(event) in self._commands:
            self._asked.append(event)
            self._close(written)
            return written
        offset = self.next_offset
        self.next_offset = offset + 1
        for partition in self._first:
            self._pass_on(partition.receive(offset, event), written)
        self._close(written)
        return written

    def _pass_on(self, outputs: Sequence[Struct], written: list[Struct]) -> None:
        readers = self._readers
        for output in outputs:
            written.append(output)
            if type(output) in self._roots:
                if self._closed:
                    self._asked.append(output)
                continue
            for reader in readers[type(output)]:
                self._pass_on(reader.receive(reader.offset + 1, output), written)

    def _close(self, written: list[Struct]) -> None:
        """Take what the loop wrote to its own inputs: commands, then the directives that follow from them."""
        while self._asked:
            event: Any = self._asked.popleft()
            for reader in self._readers[type(event)]:
                offset = reader.offset + 1
                if reader in self._first:
                    offset = self.next_offset
                    self.next_offset = offset + 1
                self._pass_on(reader.receive(offset, event), written)
