"""One partition of a node's source: code that all interpreters share, so that each record is applied exactly once."""

from collections.abc import Collection, Sequence
from heapq import heapify, heappop, heappush, heapreplace
from typing import Any

from msgspec import Struct, msgpack

from schemas.codec import encode
from schemas.errors import Refused
from schemas.positions import Position, position_of, root_id
from streams.engine.dead_letters import dead_letter
from streams.engine.node import Node


class Keyed(Struct):
    """State of one key, and the last event that it holds.

    Attributes:
        state: of the node for this key.
        born: offset of the key's first event.
        offset: offset of the last event applied.
        position: position in the id of the last event applied; events at or before it are repeats.
    """

    state: Any
    born: int
    offset: int
    position: Position = ()


class KeySnapshot(Struct, frozen=True, array_like=True):
    """Stored form of a `Keyed`."""

    state: bytes
    born: int
    offset: int
    position: Position


class PartitionRoster(Struct, frozen=True, array_like=True):
    """Keys that a partition held at an offset, as far as its snapshots cannot tell.

    Each key's snapshot reaches to an offset of its own, and a replay begins after the offset that all snapshots cover.
    Between that offset and the latest snapshot keys were opened and left. A replay cannot decide anew which ones, since
    some keys are in a later state already: the roster says it.

    Attributes:
        decided: offset up to which the roster holds; no snapshot stored beside it reaches further.
        born: keys opened after the offset that all snapshots cover and still held, each with the offset of its first
            event. Any other key first seen up to `decided` was refused, or had left again.
        gone: keys that have left although their snapshot may still be stored.
    """

    decided: int = -1
    born: dict[str, int] = {}
    gone: tuple[str, ...] = ()

    def holds(self, name: str, born: int) -> bool:
        """Whether the key of a snapshot was still held: it neither left nor was opened anew since."""
        return name not in self.gone and self.born.get(name, born) == born


NO_ROSTER = PartitionRoster()
"""Roster of snapshots that were all taken at one offset."""


class Partition:
    """Applies the records of one partition in order, each exactly once, also after a restore.

    Attributes:
        number: the partition.
        offset: every record up to this one is applied; -1 before the first.
        keys: current state of each key.
        dirty: keys changed since their last snapshot, the longest-changed first, each with the offset of its first
            change.
        repeats: records skipped because their key had applied them before.
        left: number of keys that were replaced by others.

    Args:
        node: node that takes the records.
        number: of the partition.
        offset: offset that all snapshots to be restored cover.
        roster: roster that was stored beside them.
    """

    def __init__(self, node: Node[Any], number: int, offset: int = -1, roster: PartitionRoster = NO_ROSTER) -> None:
        self.node = node
        self.number = number
        self.offset = offset
        self.keys: dict[str, Keyed] = {}
        self.dirty: dict[str, int] = {}
        self.repeats = self.left = 0
        self.follow(roster)
        # Keys that may leave, by the offset of their last event when they were listed; None until needed.
        self._leavers: list[tuple[int, str]] | None = None
        self._is_root = node.source.is_root
        self._prefix = root_id(node.source.name, number, 0)[:-1]

    def apply(self, offset: int, key: bytes | None, value: bytes | None) -> Sequence[Struct]:
        """Take the record at `offset`; return what follows from it, which is nothing for a repeat."""
        self.offset = offset
        try:
            event = self.node.decode(value)
        except Refused as refused:
            return (dead_letter(self.root_id(), self.node.name, refused, key, value),)
        return self._take(event, key, value)

    def receive(self, offset: int, record: Any) -> Sequence[Struct]:
        """`apply` for a record of this process, keyed by its symbol: the same outputs, mostly without encoding it."""
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
        try:
            name = node.key(event)
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
        """Id of the last applied record: topic, partition and offset."""
        return f"{self._prefix}{self.offset}"

    def snapshot(self, name: str) -> bytes:
        """State of one key as bytes, from which `restore` goes on exactly."""
        keyed = self.keys[name]
        state = self.node.dump(keyed.state)
        return msgpack.encode(KeySnapshot(state, keyed.born, keyed.offset, keyed.position))

    def restore(self, name: str, snapshot: KeySnapshot) -> None:
        """Restore a key to its state at a snapshot."""
        state = self.node.load(snapshot.state)
        self.keys[name] = Keyed(state, snapshot.born, snapshot.offset, snapshot.position)

    def follow(self, roster: PartitionRoster) -> None:
        """Follow a roster, stored beside the snapshots, for the offsets up to which it holds."""
        self._decided, self._coming = roster.decided, roster.born

    def covered_without(self, written: Collection[str]) -> int:
        """Offset up to which snapshots will cover the log once the snapshots of the keys in `written` are stored."""
        left = (since for name, since in self.dirty.items() if name not in written)
        return min(left, default=self.offset + 1) - 1

    def roster(self, since: int) -> PartitionRoster:
        """Roster of the keys that there are now, for the next snapshots, which cover the log up to `since`."""
        born = {name: keyed.born for name, keyed in self.keys.items() if keyed.born > since}
        born |= {name: at for name, at in self._coming.items() if at > self.offset}
        return PartitionRoster(max(self.offset, self._decided), born)

    def _make_room(self, offset: int) -> None:
        """Drop the key without events for longest, of those that may leave.

        The choice must be the same in every replay, so it is made only where the states of all keys are those of this
        offset; before that the roster decides. It costs little: a key is checked again only after another event.

        Raises:
            Refused: no key may leave.
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
