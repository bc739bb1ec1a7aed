"""Kafka's default partitioner, by which a key determines the partition, as a pure function."""

from functools import lru_cache

SEED = 0x9747B28C
MULTIPLIER = 0x5BD1E995
MASK = 0xFFFF_FFFF


@lru_cache(maxsize=65_536)
def partition_of(symbol: str, partitions: int) -> int:
    """Number of the partition, from 0, to which Kafka's Java client would send records whose key is `symbol`.

    >>> [partition_of(symbol, partitions=8) for symbol in ("BTCUSDT", "ETHUSDT", "BAC")]
    [2, 5, 7]
    """
    return (murmur2(symbol.encode()) & 0x7FFF_FFFF) % partitions


def murmur2(data: bytes) -> int:
    """MurmurHash2 of some bytes, 0 to 2**32 - 1, with the seed that all Kafka clients use.

    >>> murmur2(b"BTCUSDT")
    3453253906

    References:
        Appleby (2008), MurmurHash2.
    """
    mixed = SEED ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * MULTIPLIER & MASK
        word = (word ^ word >> 24) * MULTIPLIER & MASK
        mixed = mixed * MULTIPLIER & MASK ^ word
    if rest := data[whole:]:
        mixed = (mixed ^ int.from_bytes(rest, "little")) * MULTIPLIER & MASK
    mixed = (mixed ^ mixed >> 13) * MULTIPLIER & MASK
    return mixed ^ mixed >> 15
