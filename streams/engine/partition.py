"""Applies the records of one partition to a node (a function over one topic), each record exactly once.

The same code runs on Kafka, in a replay and in a backtest.
"""

from collections.abc import Collection, Sequence
from heapq import heapify, heappop, heappush, heapreplace
from typing import Any

from msgspec import Struct, msgpack

from schemas.codec import encode
from schemas.errors import Refused
from schemas.positions import Position, position_of, root_id
from streams.engine.dead_letters import dead_letter
from streams.engine.node import NO_KEY, Node


class Keyed(Struct):
    """State of one key in a partition, with the place of the last record that changed it.

    Attributes:
        state: state that the node keeps for the key.
        born: offset of the key's first record.
        offset: offset of the last record applied; -1 before the first.
        position: numbers in the id of the last record applied. A record at or before this position is skipped, as it
            was written twice. Empty where the node reads a topic without such repeats.
    """

    state: Any
    born: int
    offset: int
    position: Position = ()


class KeySnapshot(Struct, frozen=True, array_like=True):
    """Stored form of a `Keyed`, the state of one key.

    Attributes:
        state: state that the node keeps for the key, as bytes.
        born: offset of the key's first record.
        offset: offset of the last record in the state.
        position: numbers in the id of that record, by which records that were written twice are recognised.
    """

    state: bytes
    born: int
    offset: int
    position: Position


class PartitionRoster(Struct, frozen=True, array_like=True):
    """List of the keys that a partition held at an offset, stored beside the snapshots of these keys.

    The snapshots of different keys are from different offsets. So a restore applies all records after the
    earliest of these offsets again. Among these records there may be some at which the partition opened a
    new key and dropped another one to make room. Which key may be dropped depends on the states of all keys
    at that record, and some of the restored states are from later offsets. So the restore does not choose
    the keys again, but takes them from this list.

    Attributes:
        decided: offset up to which the list is valid; no snapshot stored beside the list reaches further.
            -1: the list is empty and not used.
        born: keys that were opened by one of the records that a restore applies again, and that were still
            held at `decided`; each with the offset of its first record. Any other new key in these records
            is not opened.
        gone: keys that were dropped, although their snapshots may still be stored.
    """

    decided: int = -1
    born: dict[str, int] = {}
    gone: tuple[str, ...] = ()

    def holds(self, name: str, born: int) -> bool:
        """Whether the snapshot of a key is still valid: the key was neither dropped nor opened anew after the snapshot.

        Args:
            name: the key.
            born: offset of the key's first record, as the snapshot has it.
        """
        return name not in self.gone and self.born.get(name, born) == born


NO_ROSTER = PartitionRoster()
"""Roster of snapshots that were all taken at one offset."""


class Partition:
    """One partition of a node's source topic: applies records in order, each exactly once, also after a restore.

    Attributes:
        number: partition number.
        offset: offset of the last record applied; -1 before the first.
        keys: state of each key.
        dirty: keys that changed since their last snapshot, each with the offset of its first change since; in the order
            of these offsets.
        repeats: number of records skipped because their key's state held them already.
        left: number of keys dropped to make room for others.
        context: what all keys look at together, such as the last ticks of other symbols; None for most nodes.
        copies: records that are to be written to every other partition of the source topic, in the order in which they
            arose, for the caller to take out; None: they are not collected.

    Args:
        node: node that processes the records.
        number: partition number.
        offset: offset that every snapshot to be restored has reached; -1 without snapshots.
        roster: list of the keys held, stored beside these snapshots.
    """

    def __init__(self, node: Node[Any], number: int, offset: int = -1, roster: PartitionRoster = NO_ROSTER) -> None:
        self.node = node
        self.number = number
        self.offset = offset
        self.keys: dict[str, Keyed] = {}
        self.dirty: dict[str, int] = {}
        self.repeats = self.left = 0
        self.context = node.open_context()
        self.copies: list[Struct] | None = None
        self.follow(roster)
        # Keys that may leave, by the offset of their last event when they were listed; None until needed.
        self._leavers: list[tuple[int, str]] | None = None
        self._is_root = node.source.is_root
        self._prefix = root_id(node.source.name, number, 0)[:-1]

    def apply(self, offset: int, key: bytes | None, value: bytes | None) -> Sequence[Struct]:
        """Process the record at `offset`, as a consumer reads it; return the records that follow from it.

        A record that the node refuses gives a dead letter; one that was applied before gives nothing.
        """
        self.offset = offset
        try:
            event = self.node.decode(value)
        except Refused as refused:
            return (dead_letter(self.root_id(), self.node.name, refused, key, value),)
        return self._take(event, key, value)

    def receive(self, offset: int, record: Any) -> Sequence[Struct]:
        """Process a record made in this process as the record at `offset`; return the records that `apply` would.

        `apply` would be given the record's bytes and decode them. Here the record is mostly taken as it is, which saves
        time; it is encoded and decoded again only if that might change it.
        """
        self.offset = offset
        try:
            event = self.node.receive(record)
        except Refused as refused:
            key, value = record.symbol.encode(), encode(record)
            return (dead_letter(self.root_id(), self.node.name, refused, key, value),)
        return self._take(event, None, record)

    def _take(self, event: Any, key: bytes | None, source: Any) -> Sequence[Struct]:
        node, offset = self.node, self.offset
        # The id of an input that came from another node says where it is from; a refusal before that says where it is.
        record_id = self.root_id() if self._is_root else ""
        if self.context is not None:
            copy = node.notice(self.context, event, self.root_id())
            if copy is not None and self.copies is not None:
                self.copies.append(copy)
        try:
            name = node.key(event)
            if name == NO_KEY:
                return ()
            keyed = self.keys.get(name)
            if keyed is None:
                if offset <= self._decided and self._coming.get(name) != offset:
                    self.repeats += 1
                    return ()
                node.admit(event, record_id or self.root_id())
                if offset > self._decided and len(self.keys) >= node.keys_per_partition:
                    self._make_room(offset)
                keyed = Keyed(node.open(name), born=offset, offset=-1)
                self.keys[name] = keyed
                if self._leavers is not None:
                    heappush(self._leavers, (offset, name))
            elif offset <= keyed.offset:
                self.repeats += 1
                return ()
            if not self._is_root:
                position = _position(event.id)
                record_id = event.id
                if position <= keyed.position:
                    self.repeats += 1
                    return ()
                keyed.position = position
            keyed.offset = offset
            if name not in self.dirty:
                self.dirty[name] = offset
            return node.step(keyed.state, event, record_id)
        except Refused as refused:
            if isinstance(source, Struct):
                key, source = event.symbol.encode(), encode(source)
            return (dead_letter(record_id or self.root_id(), node.name, refused, key, source),)

    def root_id(self) -> str:
        """Id of the last record applied: topic, partition and offset, such as `ticks:3:1042`."""
        return f"{self._prefix}{self.offset}"

    def dump_context(self) -> bytes:
        """The context as bytes, as of the last record applied; empty if the node has none."""
        return b"" if self.context is None else self.context.dump()

    def load_context(self, context: bytes) -> None:
        """Set the context to what `dump_context` returned; nothing is done if that was empty, or if the node has none.

        Raises:
            StateError: the bytes are no context of this node.
        """
        if self.context is not None and context:
            self.context.load(context)

    def snapshot(self, name: str) -> bytes:
        """The state of one key as bytes: an encoded `KeySnapshot`.

        A partition that restores these bytes goes on exactly as this one would.

        Args:
            name: the key, which must be held.
        """
        keyed = self.keys[name]
        state = self.node.dump(keyed.state)
        return msgpack.encode(KeySnapshot(state, keyed.born, keyed.offset, keyed.position))

    def restore(self, name: str, snapshot: KeySnapshot) -> None:
        """Set the state of a key to the one in a snapshot.

        Args:
            name: the key.
            snapshot: decoded snapshot of the key.

        Raises:
            StateError: the state was stored by another node or with other parameters.
        """
        state = self.node.load(snapshot.state)
        self.keys[name] = Keyed(state, snapshot.born, snapshot.offset, snapshot.position)

    def follow(self, roster: PartitionRoster) -> None:
        """Let a stored list decide which keys are opened while records up to `roster.decided` are applied again.

        Args:
            roster: list of keys, stored beside the snapshots that are restored.
        """
        self._decided, self._coming = roster.decided, roster.born

    def covered_without(self, written: Collection[str]) -> int:
        """Offset that every key's stored snapshot has reached, once new snapshots of the keys in `written` are stored.

        A restore from the stored snapshots has to apply the records after this offset again.
        """
        left = (since for name, since in self.dirty.items() if name not in written)
        return min(left, default=self.offset + 1) - 1

    def roster(self, since: int) -> PartitionRoster:
        """List of the keys opened after the offset `since` and still held; a restore from snapshots needs this list.

        Args:
            since: offset that every snapshot stored beside the list has reached.
        """
        born = {name: keyed.born for name, keyed in self.keys.items() if keyed.born > since}
        born |= {name: at for name, at in self._coming.items() if at > self.offset}
        return PartitionRoster(max(self.offset, self._decided), born)

    def _make_room(self, offset: int) -> None:
        """Drop the key that has been without records for longest, of those that may be dropped.

        The choice must be the same in every replay. So it is made only where the states of all keys are those of this
        offset; before that the stored list of keys decides. A key is checked again only after a further record of it.

        Raises:
            Refused: no key may be dropped.
        """
        node, keys = self.node, self.keys
        if self._leavers is None:
            self._leavers = [(keyed.offset, name) for name, keyed in keys.items()]
            heapify(self._leavers)
        leavers = self._leavers
        while leavers:
            last, name = leavers[0]
            keyed = keys[name]
            if not node.may_leave(keyed.state):
                heappop(leavers)
            elif keyed.offset != last:
                heapreplace(leavers, (keyed.offset, name))
            elif offset - last < node.quiet_records:
                break
            else:
                heappop(leavers)
                del keys[name]
                self.dirty.pop(name, None)
                self.left += 1
                return
        limit = node.keys_per_partition
        raise Refused("too_many_keys", f"expected at most {limit} keys in a partition, this would be one more")


def _position(record_id: str) -> Position:
    try:
        return position_of(record_id)
    except ValueError:
        raise Refused("bad_id", f"expected an id topic:partition:offset, was {record_id!r:.80}") from None
