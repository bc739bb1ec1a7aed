"""Older snapshots of whole partitions, from which a replay can begin once the start of the log was deleted.

The main topic for snapshots holds only the newest ones. A second topic holds the 4 newest of the older sets of
each partition, in places called slots. A new set replaces the oldest one in its slot, so the topic does not grow
without end.

Layout of record keys: `partition|slot` for the record that completes a set, `partition|slot|number` for the
state of one key (a symbol, for example). All records of one set carry the same random tag. A set whose storing
was interrupted, or that two workers stored at once, is recognised by the tag as incomplete and is not used.

The states of a set are stored a few at a time while the partition goes on, so each reaches to an offset of its
own. All of them reach at least to the offset `low`, and none beyond `high`. A replay begins after `low`, skips
for each key the records that its state already contains, and gives right results for all keys after `high`.
"""

import secrets
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct, msgpack
from msgspec.structs import replace

from streams.engine.partition import NO_ROSTER, KeySnapshot, Partition, PartitionRoster

SLOTS = 4


class KeptSnapshots(NamedTuple):
    """One complete set of older snapshots of a partition.

    Attributes:
        low: offset of the last record that is applied in every snapshot; a replay begins after it.
        high: offset beyond which no snapshot has applied any record.
        code: digest of the code that computed the snapshots.
        keys: snapshot of each key (a symbol, for example).
        roster: which keys the partition held at `high`.
        context: what all keys looked at together, as of `low`, as bytes; empty if there is nothing.
    """

    low: int
    high: int
    code: str
    keys: dict[str, KeySnapshot]
    roster: PartitionRoster = NO_ROSTER
    context: bytes = b""


class _Manifest(Struct, frozen=True, array_like=True):
    tag: str
    low: int
    high: int
    places: int
    code: str
    roster: PartitionRoster = NO_ROSTER


class _ManifestWithContext(_Manifest, frozen=True, array_like=True):
    context: bytes = b""


class _Place(Struct, frozen=True, array_like=True):
    tag: str
    name: str
    snapshot: bytes


class SlotWriter:
    """Makes the records of one set of older snapshots of a partition, a few keys at a time.

    The caller stores the returned records of three methods, in this order: `begin`; then `share`,
    called until `is_whole` is true; then `end`.

    Args:
        partition: the partition; it may go on applying records between the calls.
        slot: number of the slot (a place for one set); the set that it holds now is replaced.
        code: digest of the present code.
    """

    def __init__(self, partition: Partition, slot: int, code: str) -> None:
        self._partition, self._code = partition, code
        self._key = f"{partition.number}|{slot}"
        self._tag = secrets.token_hex(4)
        self._low, self._context = partition.offset, partition.dump_context()
        self._names = list(partition.keys)
        self._looked_at = 0
        self._stored: list[str] = []

    @property
    def is_whole(self) -> bool:
        """Whether `share` has returned the snapshots of all keys of the set, so that `end` may be called.

        These are the keys that the partition held when this object was made, without those that the
        partition dropped before `share` came to them.
        """
        return self._looked_at == len(self._names)

    def begin(self) -> dict[bytes, bytes | None]:
        """The record that declares the old set in this slot invalid; it must be stored before those of the new set."""
        return {self._key.encode(): None}

    def share(self, room: int) -> dict[bytes, bytes | None]:
        """Records (key to value) with the next snapshots of the set, to be stored by the caller.

        Snapshots are added until their total size is at least `room` bytes, or none is left. Keys that
        the partition has dropped since this object was made are left out.
        """
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
        """The record that declares the set complete; it must be stored after all its other records are acknowledged."""
        partition = self._partition
        gone = tuple(name for name in self._stored if name not in partition.keys)
        roster = replace(partition.roster(self._low), gone=gone)
        fields = self._tag, self._low, roster.decided, len(self._stored), self._code, roster
        manifest = _ManifestWithContext(*fields, self._context) if self._context else _Manifest(*fields)
        return {self._key.encode(): msgpack.encode(manifest)}


def kept_in(records: Iterable[tuple[bytes, bytes | None]], partition: int) -> list[KeptSnapshots]:
    """The complete sets of older snapshots of a partition, ordered by their attribute `low`.

    Args:
        records: keys and values of all records of the topic for older snapshots, in the order of their offsets.
        partition: number of the partition.
    """
    places: dict[tuple[str, str, int], _Place] = {}
    manifests: dict[str, _ManifestWithContext] = {}
    for key, value in records:
        number, slot, place = [*key.decode().split("|"), ""][:3]
        if int(number) != partition:
            continue
        if not place:
            manifests.pop(slot, None)
            if value is not None:
                manifests[slot] = msgpack.decode(value, type=_ManifestWithContext)
        elif value is not None:
            stored = msgpack.decode(value, type=_Place)
            places[slot, stored.tag, int(place)] = stored
    found = []
    for slot, manifest in manifests.items():
        mine = [places.get((slot, manifest.tag, place)) for place in range(manifest.places)]
        whole = [(each.name, msgpack.decode(each.snapshot, type=KeySnapshot)) for each in mine if each is not None]
        if len(whole) == manifest.places:
            keys = {name: snapshot for name, snapshot in whole if manifest.roster.holds(name, snapshot.born)}
            found.append(
                KeptSnapshots(manifest.low, manifest.high, manifest.code, keys, manifest.roster, manifest.context)
            )
    return sorted(found, key=lambda each: each.low)
