"""Snapshots as records of a compacted changelog, safe against a writer that does not know it was replaced.

Every owner of a partition writes under an epoch of its own: snapshots of all keys, then a manifest that says how far
they reach. An epoch is complete in itself, so nobody ever builds on a mixture of what two owners wrote, and a late
writer can neither overwrite nor complete what another one has deleted.

Layout of keys: `partition|epoch` for a manifest, `partition|epoch|place|key` for a key's state, where `place` counts
the keys of the epoch in the order in which they were first stored, and `partition|epoch|roster|` for which keys there
were. A manifest says how many places it builds on, and what the snapshots were computed from and by: the identities of
the log and of the code.

A key that has left the partition leaves its place to the next new key: its record is deleted once the new key's is
written, so no place is ever empty. Until then the roster, which is stored before all snapshots of a checkpoint, says
that it left.
"""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct, msgpack
from msgspec.structs import replace

from streams.engine.partition import PartitionRoster


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


ROSTER = "roster"


class Manifest(Struct, frozen=True, array_like=True):
    """Every record of the source up to `offset` is covered by the keys at the first `places` places.

    Manifests of earlier versions have no roster beside them.
    """

    offset: int
    places: int
    origin: Origin = UNKNOWN
    rostered: bool = False


class EpochWriter:
    r"""What one owner of a partition stores, in which order.

    The manifest must be sent when the snapshots before it are durable, and deletes what other epochs left.

    Args:
        partition: number.
        epoch: name that no other owner has.
        others: storage keys of what other owners left; deleted after the first manifest.

    >>> writer = EpochWriter(3, "9f2c01aa")
    >>> list(writer.snapshots({"BTCUSDT": b"state"}, PartitionRoster(41, {"BTCUSDT": 7}), {"BTCUSDT"}))
    [b'3|9f2c01aa|roster|', b'3|9f2c01aa|0|BTCUSDT']
    >>> writer.manifest(41)
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
        mine = msgpack.encode(Manifest(offset, self._used, origin, rostered=True))
        return {self._prefix.encode(): mine, **dict.fromkeys(others)}
