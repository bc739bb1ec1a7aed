"""Snapshots as records of a compacted changelog, safe against a writer that does not know it was replaced.

Every owner of a partition writes under an epoch of its own, so a paused worker that wakes up cannot overwrite what
its successor wrote; whoever loads takes the furthest of each key. A record of an older epoch is deleted only after a
further snapshot of the same key is durable.

Layout of keys: `partition|epoch` for a manifest, `partition|epoch|key` for a key's state.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import msgpack

from streams.partition import KeySnapshot


class Recovered(NamedTuple):
    """What the changelog says about one partition.

    Attributes:
        offset: every record of the source up to this one is covered by `keys`; -1 when nothing was stored.
        keys: furthest snapshot of each key.
        stored: storage keys under which each key stands, and under `""` those of the manifests.
    """

    offset: int
    keys: dict[str, KeySnapshot]
    stored: dict[str, list[bytes]]


def nothing() -> Recovered:
    """What the changelog says about a partition that no one has stored anything of."""
    return Recovered(-1, {}, {})


def manifest_key(partition: int, epoch: str) -> bytes:
    """Where an owner stores how far its snapshots reach.

    >>> manifest_key(3, "9f2c01aa")
    b'3|9f2c01aa'
    """
    return f"{partition}|{epoch}".encode()


def state_key(partition: int, epoch: str, name: str) -> bytes:
    """Where an owner stores the state of one key.

    >>> state_key(3, "9f2c01aa", "BTCUSDT")
    b'3|9f2c01aa|BTCUSDT'
    """
    return f"{partition}|{epoch}|{name}".encode()


def manifest(offset: int) -> bytes:
    """Value of a manifest record."""
    return b"%d" % offset


def recover(records: Iterable[tuple[bytes, bytes]]) -> dict[int, Recovered]:
    """Newest consistent state of every partition, from the live records of the changelog in any order.

    Why the furthest of everything is consistent: a manifest at offset m was written when every key's events up to m
    were covered by durable snapshots, and a snapshot is deleted only in favour of a further one.
    """
    found: dict[int, Recovered] = {}
    decode = msgpack.Decoder(KeySnapshot).decode
    for stored_key, value in records:
        partition, _, name = [*stored_key.decode().split("|", 2), ""][:3]
        recovered = found.get(int(partition)) or nothing()
        recovered.stored.setdefault(name, []).append(stored_key)
        if name:
            snapshot = decode(value)
            held = recovered.keys.get(name)
            if held is None or snapshot.offset > held.offset:
                recovered.keys[name] = snapshot
        else:
            recovered = recovered._replace(offset=max(recovered.offset, int(value)))
        found[int(partition)] = recovered
    return found
