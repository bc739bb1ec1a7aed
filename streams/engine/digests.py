"""Digests of topics, 32 bytes for each partition: equal if and only if the records and their order are equal."""

from collections.abc import Mapping
from hashlib import sha256

START = bytes(32)
"""Digest of an empty partition."""


def extended(digest: bytes, value: bytes) -> bytes:
    """Digest of a partition after one more record (a SHA-256 hash chain).

    Args:
        digest: digest of the records before that one; `START`, 32 zero bytes, if there are none.
        value: value of the new record.

    >>> extended(START, b'{"id":"ticks:0:0"}').hex()[:16]
    '4a44a7cf89cfa8b8'
    """
    return sha256(digest + value).digest()


def of_topic(partitions: Mapping[int, bytes]) -> str:
    """One digest of a whole topic in hexadecimal, from the digests of its partitions.

    Partitions without records do not count, whether they are listed or not.

    Args:
        partitions: digest of each partition by its number, as `extended` returns it.

    >>> of_topic({3: START}) == of_topic({}) != of_topic({3: extended(START, b"x")})
    True
    """
    held = sorted((number, digest) for number, digest in partitions.items() if digest != START)
    return sha256(b"".join(number.to_bytes(4, "big") + digest for number, digest in held)).hexdigest()
