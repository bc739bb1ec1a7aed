"""Stores snapshots as records of a compacted topic (the changelog), so that a replaced worker can do no harm.

A snapshot is the state of one key, a symbol for example. Each worker that owns a partition writes under a
random name of its own, its epoch: first the snapshots of all keys, then a manifest, which says up to which
offset records are applied in them. Recovery uses one epoch only and never mixes the records of two owners. A
worker that goes on writing after it was replaced cannot overwrite the records of the new owner. Nor can it make
its own epoch complete again once the new owner has deleted records of it.

Layout of record keys:
* `partition|epoch`: the manifest. It also says how many snapshots there must be, and from which topic and by which
  code they were computed.
* `partition|epoch|place|key`: the snapshot of one key. Places are numbered from 0, in the order in which keys were
  first stored.
* `partition|epoch|roster|`: the roster, which names the keys that the partition holds.

When the partition drops a key, the next new key gets its place. The new snapshot is written before the old one is
deleted, so that no place is ever empty. Until the deletion the roster, which is stored first at each
checkpoint, marks the key as dropped.
"""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct, msgpack
from msgspec.structs import replace

from streams.engine.partition import PartitionRoster


class Origin(Struct, frozen=True, array_like=True):
    """The topic and the code that snapshots were computed from, stored with them.

    All attributes have their default values if an old program version stored the snapshots.

    The last two attributes are about other snapshots: the sets of older ones that the partition has
    for `tickloop verify`. At most one set is stored in each period of the log's timestamps. The
    number of a period is the timestamp at its start, divided by its length.

    Attributes:
        topic_id: id that Kafka gave the topic that was read, as text; empty if unknown.
        leader_epoch: how many times a leader of the partition that was read had been chosen; -1 if
            unknown. The worker that stored the snapshots read this number when it took the partition.
        mark: offset of one record that was applied, by which the topic can be recognised; -1 if
            unknown.
        digest: digest of the record at offset `mark`, from `agents.runtime.log_identity.digest_of`.
        code: digest of the code; empty if unknown.
        kept: number of the period in which the newest set was completed; -1 if unknown. Before the
            first set, it is the period in which workers began at the start of the log.
        slot: number, from 0, of the place of the set that was begun last; -1 if none was begun.
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


ROSTER = "roster"


class Manifest(Struct, frozen=True, array_like=True):
    """Record that says how far the stored snapshots of one owner of a partition reach.

    Attributes:
        offset: offset of the last record that is applied in all snapshots.
        places: how many places, one for each key, must be filled for the snapshots to be complete.
        origin: topic and code that the snapshots were computed from.
        rostered: whether a roster, which names the keys of the partition, is stored too. Old versions stored none.
    """

    offset: int
    places: int
    origin: Origin = UNKNOWN
    rostered: bool = False


class ManifestWithContext(Manifest, frozen=True, array_like=True):
    """Manifest of a partition whose keys look at something together, such as the last ticks of other symbols.

    Attributes:
        context: what they look at, as of `offset`, as bytes.
    """

    context: bytes = b""


class EpochWriter:
    r"""Makes the records with which one owner of a partition stores its snapshots; the caller sends them.

    A manifest is the record that says up to which offset records are applied in the snapshots. It must be sent only
    after the broker has acknowledged the snapshots. The first manifest comes with deletions of everything that earlier
    owners of the partition stored.

    Args:
        partition: number of the partition.
        epoch: name under which this owner's records are stored; no other owner has it.
        others: record keys of what earlier owners stored.

    >>> writer = EpochWriter(3, epoch="9f2c01aa")
    >>> roster = PartitionRoster(decided=41, born={"BTCUSDT": 7})
    >>> list(writer.snapshots(states={"BTCUSDT": b"state"}, roster=roster, alive={"BTCUSDT"}))
    [b'3|9f2c01aa|roster|', b'3|9f2c01aa|0|BTCUSDT']
    >>> writer.manifest(offset=41)
    {b'3|9f2c01aa': b'\x94)\x01\x97\xa0\xff\xff\xc4\x00\xa0\xff\xff\xc3'}
    """

    def __init__(self, partition: int, epoch: str, others: Iterable[bytes] = ()) -> None:
        self._prefix = f"{partition}|{epoch}"
        self._places: dict[str, int] = {}
        self._used = 0
        self._others = list(others)

    def snapshots(
        self, states: Mapping[str, bytes], roster: PartitionRoster, alive: Collection[str]
    ) -> dict[bytes, bytes | None]:
        """Records that store the states of some keys, to be sent in this order; a value of None deletes the record.

        Args:
            states: encoded state of each key to store.
            roster: which keys the partition holds, taken at the same moment as `states`.
            alive: names of all keys that the partition holds, taken at the same moment as `states`.
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
        """Place for a new key (that of a dropped key, if there is one, else the next number), and records to delete."""
        if not gone:
            self._used += 1
            return self._used - 1, []
        name = gone.pop()
        place = self._places.pop(name)
        return place, [self._key(place, name)]

    def _key(self, place: int, name: str) -> bytes:
        return f"{self._prefix}|{place}|{name}".encode()

    def manifest(self, offset: int, origin: Origin = UNKNOWN, context: bytes = b"") -> dict[bytes, bytes | None]:
        """Records that declare the stored snapshots complete up to `offset`, and delete those of earlier owners.

        Args:
            offset: offset of the last record that is applied in all snapshots.
            origin: topic and code that the snapshots were computed from.
            context: what all keys look at together, as of `offset`, as bytes; empty if there is nothing.
        """
        others, self._others = self._others, []
        manifest = Manifest(offset, self._used, origin, rostered=True)
        if context:
            manifest = ManifestWithContext(offset, self._used, origin, rostered=True, context=context)
        return {self._prefix.encode(): msgpack.encode(manifest), **dict.fromkeys(others)}
