"""Where a partition is resumed: the furthest complete epoch of snapshots in the changelog, and how far it reaches.

`agents.runtime.snapshots` has the layout of these records, and writes them.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from msgspec import msgpack

from agents.runtime.snapshots import ROSTER, UNKNOWN, Manifest, Origin
from schemas.errors import TickloopError
from streams.engine.partition import NO_ROSTER, KeySnapshot, PartitionRoster


class SnapshotsIncomplete(TickloopError):
    """What was read of a changelog holds no complete epoch, although it holds manifests: it has to be read again."""


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


NOTHING = Recovered(-1, {}, [])
"""What the changelog says about a partition that no one has stored anything of."""


class _Epoch:
    def __init__(self) -> None:
        self.manifest = Manifest(-1, 0)
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
        """Snapshots of the keys that had not left the partition."""
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
            epoch.manifest = msgpack.decode(value, type=Manifest)
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
