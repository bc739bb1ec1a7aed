"""One partition of a node's source: the piece that every interpreter shares, so that all of them are exact alike."""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct, msgpack

from schemas.codec import encode
from schemas.errors import Refused
from schemas.positions import Position, position_of, root_id
from streams.dead_letters import dead_letter
from streams.topology import Node


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


class Partition:
    """Applies the records of one partition in order, each exactly once, whatever was applied before a restore.

    Attributes:
        number: the partition.
        offset: every record up to this one is applied; -1 before the first.
        keys: live state of each key.
        dirty: keys changed since their last snapshot, the longest-changed first, each with the offset of its first
            change.
        repeats: records that were passed over because their key had met them before.
    """

    def __init__(self, node: Node[Any], number: int, offset: int = -1) -> None:
        self.node = node
        self.number = number
        self.offset = offset
        self.keys: dict[str, Keyed] = {}
        self.dirty: dict[str, int] = {}
        self.repeats = 0
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
                self._refuse_one_key_too_many(offset)
                node.admit(event, record_id or self.root_id())
                keyed = Keyed(node.open(name), born=offset, offset=-1)
                self.keys[name] = keyed
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

    def covered_without(self, written: Collection[str]) -> int:
        """Offset up to which snapshots will cover the log once those of the keys in `written` are stored."""
        left = (since for name, since in self.dirty.items() if name not in written)
        return min(left, default=self.offset + 1) - 1

    def _refuse_one_key_too_many(self, offset: int) -> None:
        limit = self.node.keys_per_partition
        # Keys restored from a snapshot may be younger than this record: they must not count, or a replay would differ.
        if len(self.keys) >= limit and sum(keyed.born < offset for keyed in self.keys.values()) >= limit:
            raise Refused("too_many_keys", f"expected at most {limit} keys in a partition, this would be one more")


def _position(record_id: str) -> Position:
    try:
        return position_of(record_id)
    except ValueError:
        raise Refused("bad_id", f"expected an id topic:partition:offset, was {record_id!r:.80}") from None
