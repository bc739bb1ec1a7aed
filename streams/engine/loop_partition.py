"""Runs all nodes (functions over one topic each) on one partition number of all topics, in one process."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from streams.engine.chain import chained
from streams.engine.node import Node
from streams.engine.partition import NO_ROSTER, KeySnapshot, Partition, PartitionRoster


class LoopPartition:
    """One partition number of all topics, and the nodes (functions over one topic each) that process it in one process.

    A symbol has the same partition number on every topic, so the nodes need no records of other numbers.

    Args:
        nodes: nodes to run; the topic that the first one reads is called the log.
        number: partition number.
        closed: whether commands and directives that nodes write are at once handed to the nodes that read commands and
            directives. A replay needs False, since the log that is replayed holds the directives already.

    Attributes:
        partitions: state and position of each part that runs on its own. A part is a node, together with the nodes that
            read its outputs.
        next_offset: offset of the log that the next event gets.
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
        """Process a record of the log (the topic that the first node reads); return all that the nodes write in answer.

        Args:
            offset: offset of the record.
            key: key of the record as bytes, or None.
            value: value of the record as bytes, or None.
        """
        self.next_offset = offset + 1
        first, *others = self._first
        written = first.apply(offset, key, value)
        for partition in others:
            written = [*written, *partition.apply(offset, key, value)]
        return self._close(written) if self._closed else written

    def restore(
        self,
        keys: Mapping[str, KeySnapshot],
        offset: int,
        roster: PartitionRoster = NO_ROSTER,
        context: bytes = b"",
    ) -> None:
        """Restore the states of the nodes that read the log, so that the next record is the one after `offset`.

        The log is the topic that the first node reads.

        Args:
            keys: snapshot of each key.
            offset: offset of the log that every snapshot has reached; some may have reached further.
            roster: list of the keys that existed when the snapshots were taken, stored with them; needed only if the
                snapshots reach to different offsets.
            context: what all keys of the partition look at together, as of `offset`; empty if there is nothing.

        Raises:
            StateError: the snapshots were made by other nodes or with other parameters.
        """
        (reader,) = self._first
        reader.offset, self.next_offset = offset, offset + 1
        reader.follow(roster)
        reader.load_context(context)
        for name, snapshot in keys.items():
            reader.restore(name, snapshot)

    def receive(self, event: Any) -> Sequence[Struct]:
        """Process a decoded event, such as a tick; return all that the nodes write in answer.

        The event gets the next offset of the log, the topic that the first node reads. If the object was made with
        `closed`, a command is accepted, too; it goes to the nodes that read commands and takes no offset of the log.
        """
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
        """Hand the commands and directives in `written`, and those that follow from them, to the nodes that read them.

        Returns:
            `written`, followed by everything that these nodes write.
        """
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
