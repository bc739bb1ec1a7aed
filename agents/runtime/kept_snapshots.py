"""Older snapshots of whole partitions, from which a replay can begin once the start of the log was deleted.

The changelog knows only where a partition stands now. Beside it lies a topic with a few earlier ones, `SLOTS` of each
partition, replaced in turn: it grows no further than that.

Layout of keys: `partition|slot` for what a slot holds, `partition|slot|place` for a key's state. All records of one
filling of a slot carry its tag, so what a filling was interrupted in, or two owners wrote at once, is never taken for
one that is whole.

Keys are stored a share at a time while the partition goes on. Each is as of an offset of its own, none before `low`;
whoever replays from after `low`, and passes over what a key has applied, is right for all keys from `high` on.
"""

import secrets
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct, msgpack
from msgspec.structs import replace

from streams.engine.partition import NO_ROSTER, KeySnapshot, Partition, PartitionRoster

SLOTS = 4


class KeptSnapshots(NamedTuple):
    """One kept set of snapshots of a partition.

    Attributes:
        low: every key has applied what the log holds up to this offset.
        high: no key has applied anything after this one.
        code: digest of what computed; see `agents.identity.computing`.
        keys: snapshot of each key.
        roster: which keys there were at `high`.
    """

    low: int
    high: int
    code: str
    keys: dict[str, KeySnapshot]
    roster: PartitionRoster = NO_ROSTER


class _Manifest(Struct, frozen=True, array_like=True):
    tag: str
    low: int
    high: int
    places: int
    code: str
    roster: PartitionRoster = NO_ROSTER


class _Place(Struct, frozen=True, array_like=True):
    tag: str
    name: str
    snapshot: bytes


class SlotWriter:
    """One filling of a slot.

    Args:
        partition: as it is now.
        slot: number of it.
        code: digest of what computes.
    """

    def __init__(self, partition: Partition, slot: int, code: str) -> None:
        self._partition, self._code = partition, code
        self._key = f"{partition.number}|{slot}"
        self._tag = secrets.token_hex(4)
        self._low = partition.offset
        self._names = list(partition.keys)
        self._looked_at = 0
        self._stored: list[str] = []

    @property
    def is_whole(self) -> bool:
        """Whether every key was stored."""
        return self._looked_at == len(self._names)

    def begin(self) -> dict[bytes, bytes | None]:
        """Records that say that the slot holds nothing; to be stored first."""
        return {self._key.encode(): None}

    def share(self, room: int) -> dict[bytes, bytes | None]:
        """The next keys, of `room` bytes and one more at most, as they are now."""
        records: dict[bytes, bytes | None] = {}
        while room > 0 and not self.is_whole:
            name = self._names[self._looked_at]
            self._looked_at += 1
            if name not in self._partition.keys:  # it has left since
                continue
            snapshot = self._partition.snapshot(name)
            place = f"{self._key}|{len(self._stored)}".encode()
            records[place] = msgpack.encode(_Place(self._tag, name, snapshot))
            self._stored.append(name)
            room -= len(snapshot)
        return records

    def end(self) -> dict[bytes, bytes | None]:
        """Record that says what the slot holds; to be stored when all shares are."""
        partition = self._partition
        gone = tuple(name for name in self._stored if name not in partition.keys)
        roster = replace(partition.roster(self._low), gone=gone)
        manifest = _Manifest(self._tag, self._low, roster.decided, len(self._stored), self._code, roster)
        return {self._key.encode(): msgpack.encode(manifest)}


def kept_in(records: Iterable[tuple[bytes, bytes | None]], partition: int) -> list[KeptSnapshots]:
    """Whole fillings of the slots of a partition, the earliest first, from the records of the topic in their order."""
    places: dict[tuple[str, str, int], _Place] = {}
    manifests: dict[str, _Manifest] = {}
    for key, value in records:
        number, slot, place = [*key.decode().split("|"), ""][:3]
        if int(number) != partition:
            continue
        if not place:
            manifests.pop(slot, None)
            if value is not None:
                manifests[slot] = msgpack.decode(value, type=_Manifest)
        elif value is not None:
            stored = msgpack.decode(value, type=_Place)
            places[slot, stored.tag, int(place)] = stored
    found = []
    for slot, manifest in manifests.items():
        mine = [places.get((slot, manifest.tag, place)) for place in range(manifest.places)]
        whole = [(each.name, msgpack.decode(each.snapshot, type=KeySnapshot)) for each in mine if each is not None]
        if len(whole) == manifest.places:
            keys = {name: snapshot for name, snapshot in whole if manifest.roster.holds(name, snapshot.born)}
            found.append(KeptSnapshots(manifest.low, manifest.high, manifest.code, keys, manifest.roster))
    return sorted(found, key=lambda each: each.low)
