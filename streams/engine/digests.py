"""Digests of topics, 32 bytes a partition: equal for equal records in the same order."""

from collections.abc import Mapping
from hashlib import sha256

START = bytes(32)
"""Digest of an empty partition."""


def extended(digest: bytes, value: bytes) -> bytes:
    """Digest of a partition after one more record: a hash chain, which can be stored and resumed.

    >>> extended(START, b'{"id":"ticks:0:0"}').hex()[:16]
    '4a44a7cf89cfa8b8'
    """
    return sha256(digest + value).digest()


def of_topic(partitions: Mapping[int, bytes]) -> str:
    """One digest of a whole topic, hex: over the digests of the partitions that hold records, in their order.

    >>> of_topic({3: START}) == of_topic({}) != of_topic({3: extended(START, b"x")})
    True
    """
    held = sorted((number, digest) for number, digest in partitions.items() if digest != START)
    return sha256(b"".join(number.to_bytes(4, "big") + digest for number, digest in held)).hexdigest()
