"""One partition of a node's source: the piece that every interpreter shares, so that all of them are exact alike."""

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
    """One key's state and how far it got.

    Attributes:
        state: what the node made of the key's events.
        born: offset of the key's first event.
        offset: offset of the last event applied.
        position: position in the id of the last event applied; repeats lie at or before it.
    """

    state: Any
    born: int
    offset: int
    position: Position = ()


class KeySnapshot(Struct, frozen=True, array_like=True):
    """A `Keyed` as it is stored."""

    state: bytes
    born: int
    offset: int
    position: Position


class PartitionRoster(Struct, frozen=True, array_like=True):
    """Which keys a partition had at some offset, as far as snapshots do not say so.

    Snapshots of a partition are of different moments, so a replay that begins behind what they cover meets some keys as
    they were later. Which key was opened where, and which left for it, cannot be told from those: it is written down.

    Attributes:
        decided: offset up to which this is settled; a key of a snapshot that is stored beside it has applied no more.
        born: keys that had been opened behind what snapshots cover and were still there, each with the offset of its
            first event. Any other that is opened up to `decided` had been refused, or had left again.
        gone: keys that had left and whose snapshot may still be stored.
    """

    decided: int = -1
    born: dict[str, int] = {}
    gone: tuple[str, ...] = ()

    def holds(self, name: str, born: int) -> bool:
        """Whether a snapshot is of a key that was still there: not gone, nor opened anew since."""
        return name not in self.gone and self.born.get(name, born) == born


NO_ROSTER = PartitionRoster()
"""Of snapshots that are all of one moment."""


class Partition:
    """Applies the records of one partition in order, each exactly once, whatever was applied before a restore.

    Attributes:
        number: the partition.
        offset: every record up to this one is applied; -1 before the first.
        keys: live state of each key.
        dirty: keys changed since their last snapshot, the longest-changed first, each with the offset of its first
            change.
        repeats: records that were passed over because their key had met them before.
        left: keys that gave their place to others.

    Args:
        node: that takes the records.
        number: of the partition.
        offset: that is covered by the snapshots that will be restored.
        roster: that was stored beside them.
    """

    def __init__(self, node: Node[Any], number: int, offset: int = -1, roster: PartitionRoster = NO_ROSTER) -> None:
        self.node = node
        self.number = number
        self.offset = offset
        self.keys: dict[str, Keyed] = {}
        self.dirty: dict[str, int] = {}
        self.repeats = self.left = 0
        self.follow(roster)
        # Keys that may leave, by the offset of their last event as it was when that was looked at; none until needed.
        self._leavers: list[tuple[int, str]] | None = None
        self._is_root = node.source.is_root
        self._prefix = root_id(node.source.name, number, 0)[:-1]

    def apply(self, offset: int, key: bytes | None, value: bytes | None) -> Sequence[Struct]:
        """Take the record at `offset`, return what follows from it: nothing for a record that was applied before."""
        self.offset = offset
        try:
            event = self.node.decode(value)
        except Refused as refused:
            return (dead_letter(self.root_id(), self.node.name, refused, key, value),)
        return self._take(event, key, value)

    def receive(self, offset: int, record: Any) -> Sequence[Struct]:
        """`apply` for a record of this process, keyed by its symbol: the same outputs, mostly without its bytes."""
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
        """Id of the record that was applied last, by where it lies."""
        return f"{self._prefix}{self.offset}"

    def snapshot(self, name: str) -> bytes:
        """State of one key as bytes; `restore` goes on from it bit for bit."""
        keyed = self.keys[name]
        state = self.node.dump(keyed.state)
        return msgpack.encode(KeySnapshot(state, keyed.born, keyed.offset, keyed.position))

    def restore(self, name: str, snapshot: KeySnapshot) -> None:
        """Put a key back as it was when `snapshot` was taken."""
        state = self.node.load(snapshot.state)
        self.keys[name] = Keyed(state, snapshot.born, snapshot.offset, snapshot.position)

    def follow(self, roster: PartitionRoster) -> None:
        """Have a roster decide up to where it reaches: the one that was stored beside the snapshots."""
        self._decided, self._coming = roster.decided, roster.born

    def covered_without(self, written: Collection[str]) -> int:
        """Offset up to which snapshots will cover the log once those of the keys in `written` are stored."""
        left = (since for name, since in self.dirty.items() if name not in written)
        return min(left, default=self.offset + 1) - 1

    def roster(self, since: int) -> PartitionRoster:
        """Which keys there are now, for snapshots that cover the log up to `since` and are stored next."""
        born = {name: keyed.born for name, keyed in self.keys.items() if keyed.born > since}
        born |= {name: at for name, at in self._coming.items() if at > self.offset}
        return PartitionRoster(max(self.offset, self._decided), born)

    def _make_room(self, offset: int) -> None:
        """Have the key leave that has been quiet for longest, of those that may.

        Every key is as it was at this offset, or a replay would decide otherwise: up to where it might not be, the
        roster decides. A look costs little: each key that is looked at in vain had an event since the last time.

        Raises:
            Refused: none may.
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
