"""Recovers the state of partitions from the snapshots that `agents.runtime.snapshots` stores as records.

Each worker that owned a partition stored a set of snapshots of its own, called an epoch. Of the complete epochs,
the one with the highest offset is used.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from msgspec import msgpack

from agents.runtime.snapshots import ROSTER, UNKNOWN, ManifestWithContext, Origin
from schemas.errors import TickloopError
from streams.engine.partition import NO_ROSTER, KeySnapshot, PartitionRoster


class SnapshotsIncomplete(TickloopError):
    """The records read from a topic of snapshots contain no complete set, although one was stored.

    The topic has to be read again.
    """


class Recovered(NamedTuple):
    """State of one partition, as recovered from the topic that holds its snapshots.

    Attributes:
        offset: offset of the last record that is applied in the snapshots; -1 if there are none.
        keys: the snapshots, by key of the state (a symbol, for example).
        stored: Kafka keys of all records that the topic holds for this partition, whichever worker
            wrote them. The next owner of the partition deletes these records.
        origin: topic and code that the snapshots were computed from.
        roster: which keys of state the partition held.
        context: what all keys looked at together, as of `offset`, as bytes; empty if there is nothing.
    """

    offset: int
    keys: dict[str, KeySnapshot]
    stored: list[bytes]
    origin: Origin = UNKNOWN
    roster: PartitionRoster = NO_ROSTER
    context: bytes = b""


NOTHING = Recovered(-1, {}, [])
"""What the changelog says about a partition that no one has stored anything of."""


class _Epoch:
    def __init__(self) -> None:
        self.manifest = ManifestWithContext(-1, 0)
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
        """Snapshots of the keys that the partition still held."""
        decode, roster = msgpack.Decoder(KeySnapshot).decode, self.roster or NO_ROSTER
        found = {name: decode(value) for name, value in self.keys.items()}
        return {name: snapshot for name, snapshot in found.items() if roster.holds(name, snapshot.born)}


def recover(records: Iterable[tuple[bytes, bytes]], assigned: Collection[int] | None = None) -> dict[int, Recovered]:
    """State of every partition, restored from the records of a topic of snapshots (the changelog).

    A worker that owns a partition stores snapshots under a random name of its own; together they are
    an epoch. At each checkpoint it also stores a manifest: the record that says what offset the
    snapshots reach and how many there are. Of the epochs that are complete, the one with the highest
    offset is used.

    An epoch can be trusted for three reasons. One worker alone writes it, and replaces a snapshot
    only by a later one. A manifest is stored only after the snapshots that it counts. The next owner
    of the partition deletes records of the epoch, which makes the epoch incomplete for good.

    Args:
        records: keys and values of the topic's records, in any order, without deleted ones.
        assigned: partitions to recover; None recovers all. A worker must name only partitions that it
            owns, because its records of other partitions may be outdated.

    Raises:
        SnapshotsIncomplete: a partition has manifests, but none of its epochs is complete.
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
            epoch.manifest = msgpack.decode(value, type=ManifestWithContext)
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
        roster, manifest = epoch.roster or NO_ROSTER, epoch.manifest
        snapshots = epoch.snapshots()
        found[partition] = Recovered(offset, snapshots, stored[partition], manifest.origin, roster, manifest.context)
    return found
