"""Snapshots as records of a compacted changelog, safe against a writer that does not know it was replaced.

Every owner of a partition writes under an epoch of its own: snapshots of all keys, then a manifest that says how far
they reach. An epoch is complete in itself, so nobody ever builds on a mixture of what two owners wrote, and a late
writer can neither overwrite nor complete what another one has deleted.

Layout of keys: `partition|epoch` for a manifest, `partition|epoch|place|key` for a key's state, where `place` counts
the keys of the epoch in the order in which they were first stored, and `partition|epoch|roster|` for which keys there
were. A manifest says how many places it builds on, and what the snapshots were computed from and by: the identities of
the log and of the code.

A key that has left the partition leaves its place to the next new one: its own record is deleted behind that one's, so
no place is ever empty. Until then the roster, which is stored before all snapshots of a checkpoint, says that it left.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct, msgpack
from msgspec.structs import replace

from schemas.errors import TickloopError
from streams.engine.partition import NO_ROSTER, KeySnapshot, PartitionRoster


class SnapshotsIncomplete(TickloopError):
    """What was read of a changelog holds no complete epoch, although it holds manifests: it has to be read again."""


class Origin(Struct, frozen=True, array_like=True):
    """What snapshots were computed from, and by what. Manifests of earlier versions say nothing about it.

    Attributes:
        topic_id: of the source topic, as text; empty: not known.
        leader_epoch: of the source's partition when this owner began; -1: not known.
        mark: offset of a record at or before the one that the snapshots reach to; -1: none is known.
        digest: of that record; see `agents.runtime.log_identity.digest_of`.
        code: digest of what computed; see `agents.identity.computing`; empty: not known.
        kept: period of the log's time in which snapshots were last kept for `tickloop verify`; -1: never.
        slot: in which they are; -1: in none.
    """

    topic_id: str = ""
    leader_epoch: int = -1
    mark: int = -1
    digest: bytes = b""
    code: str = ""
    kept: int = -1
    slot: int = -1


UNKNOWN = Origin()
"""Of snapshots that an earlier version stored, or of none."""


class Recovered(NamedTuple):
    """What the changelog says about one partition.

    Attributes:
        offset: every record of the source up to this one is covered by `keys`; -1 when nothing was stored.
        keys: snapshot of each key.
        stored: storage keys of every record of the partition, of whatever epoch.
        origin: what the snapshots were computed from and by.
        roster: which keys there were.
    """

    offset: int
    keys: dict[str, KeySnapshot]
    stored: list[bytes]
    origin: Origin = UNKNOWN
    roster: PartitionRoster = NO_ROSTER


ROSTER = "roster"

NOTHING = Recovered(-1, {}, [])
"""What the changelog says about a partition that no one has stored anything of."""


class _Manifest(Struct, frozen=True, array_like=True):
    """Every record of the source up to `offset` is covered by the keys at the first `places` places.

    Manifests of earlier versions have no roster beside them.
    """

    offset: int
    places: int
    origin: Origin = UNKNOWN
    rostered: bool = False


class _Epoch:
    def __init__(self) -> None:
        self.manifest = _Manifest(-1, 0)
        self.keys: dict[str, bytes] = {}
        self.places: set[int] = set()
        self.roster: PartitionRoster | None = None

    @property
    def is_complete(self) -> bool:
        manifest = self.manifest
        if manifest.offset < 0 or (manifest.rostered and self.roster is None):
            return False
        return self.places.issuperset(range(manifest.places))

    def snapshots(self) -> dict[str, KeySnapshot]:
        """Of the keys that were still there."""
        decode, roster = msgpack.Decoder(KeySnapshot).decode, self.roster or NO_ROSTER
        found = {name: decode(value) for name, value in self.keys.items()}
        return {name: snapshot for name, snapshot in found.items() if roster.holds(name, snapshot.born)}


def recover(records: Iterable[tuple[bytes, bytes]], assigned: Collection[int] | None = None) -> dict[int, Recovered]:
    """State of every partition as its furthest complete epoch has it, from live records of the changelog in any order.

    A worker's table may still hold partitions that went to another worker, as they were then: of these, whose epochs
    may be incomplete by now, nothing is asked.

    Why that is consistent: an epoch has one writer, which stores a manifest when all that it counts on is durable, and
    replaces a snapshot only by a further one. What a successor has deleted leaves its place empty, and the epoch is
    incomplete from then on, however late its writer stores another manifest.

    Args:
        records: storage keys and values.
        assigned: partitions that are asked for; None: all.

    Raises:
        SnapshotsIncomplete: a partition has manifests, and none of its epochs is complete.
    """
    epochs: dict[int, dict[str, _Epoch]] = {}
    stored: dict[int, list[bytes]] = {}
    for stored_key, value in records:
        number, epoch_name, place, name = [*stored_key.decode().split("|", 3), "", ""][:4]
        partition = int(number)
        if assigned is not None and partition not in assigned:
            continue
        stored.setdefault(partition, []).append(stored_key)
        epoch = epochs.setdefault(partition, {}).setdefault(epoch_name, _Epoch())
        if place == ROSTER:
            epoch.roster = msgpack.decode(value, type=PartitionRoster)
        elif place:
            epoch.places.add(int(place))
            epoch.keys[name] = value
        else:
            epoch.manifest = msgpack.decode(value, type=_Manifest)
    found = {}
    for partition, by_name in epochs.items():
        complete = [(epoch.manifest.offset, name) for name, epoch in by_name.items() if epoch.is_complete]
        if not complete and any(epoch.manifest.offset >= 0 for epoch in by_name.values()):
            raise SnapshotsIncomplete(
                f"expected complete snapshots of partition {partition}, found parts of {len(by_name)} epochs; "
                "fix: none needed, a worker that starts again reads them anew"
            )
        offset, best = max(complete, default=(-1, ""))
        if not best:
            found[partition] = Recovered(-1, {}, stored[partition])
            continue
        epoch = by_name[best]
        roster = epoch.roster or NO_ROSTER
        found[partition] = Recovered(offset, epoch.snapshots(), stored[partition], epoch.manifest.origin, roster)
    return found


class EpochWriter:
    r"""What one owner of a partition stores, in which order.

    The manifest must be sent when the snapshots before it are durable, and deletes what other epochs left.

    Args:
        partition: number.
        epoch: name that no other owner has.
        recovered: what the owner began with. It has to store all of it again before its first manifest.

    >>> filing = EpochWriter(3, "9f2c01aa", NOTHING)
    >>> list(filing.snapshots({"BTCUSDT": b"state"}, PartitionRoster(41, {"BTCUSDT": 7}), {"BTCUSDT"}))
    [b'3|9f2c01aa|roster|', b'3|9f2c01aa|0|BTCUSDT']
    >>> filing.manifest(41)
    {b'3|9f2c01aa': b'\x94)\x01\x97\xa0\xff\xff\xc4\x00\xa0\xff\xff\xc3'}
    """

    def __init__(self, partition: int, epoch: str, recovered: Recovered) -> None:
        self._prefix = f"{partition}|{epoch}"
        self._places: dict[str, int] = {}
        self._used = 0
        self._others = recovered.stored

    def snapshots(
        self, states: Mapping[str, bytes], roster: PartitionRoster, alive: Collection[str]
    ) -> dict[bytes, bytes | None]:
        """Records that store states of keys, to be sent in this order.

        Args:
            states: of some keys.
            roster: of the same moment, see `Partition.roster`.
            alive: all keys of that moment.
        """
        places = self._places
        gone = [name for name in places if name not in alive]
        records: dict[bytes, bytes | None] = {
            f"{self._prefix}|{ROSTER}|".encode(): msgpack.encode(replace(roster, gone=tuple(gone)))
        }
        emptied: list[bytes] = []
        for name, state in states.items():
            place = places.get(name)
            if place is None:
                place, left = self._place(gone)
                places[name] = place
                emptied += left
            records[self._key(place, name)] = state
        return records | dict.fromkeys(emptied)

    def _place(self, gone: list[str]) -> tuple[int, list[bytes]]:
        """A place for a new key: that of one that has left, with the record to delete, or one more."""
        if not gone:
            self._used += 1
            return self._used - 1, []
        name = gone.pop()
        place = self._places.pop(name)
        return place, [self._key(place, name)]

    def _key(self, place: int, name: str) -> bytes:
        return f"{self._prefix}|{place}|{name}".encode()

    def manifest(self, offset: int, origin: Origin = UNKNOWN) -> dict[bytes, bytes | None]:
        """Records that say that what was stored covers the source up to `offset`, and end all other epochs."""
        others, self._others = self._others, []
        mine = msgpack.encode(_Manifest(offset, self._used, origin, rostered=True))
        return {self._prefix.encode(): mine, **dict.fromkeys(others)}
