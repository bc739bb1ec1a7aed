"""Record of a dead letter: input that was refused, with the reason and the original bytes."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.limits import Code, Count, Id, Name

WHOLE_VALUE = 1024 * 1024
"""Largest value that is kept whole, bytes: the largest uncompressed message of a root topic."""

CUT_VALUE = 64 * 1024
"""First bytes that are kept of a larger value; the source topic has all of it."""

LONGEST_KEY = 1024
"""First bytes that are kept of a key."""

MOST_KEPT = 2 * WHOLE_VALUE
"""Largest detail (characters), key and value (bytes) that readers take: earlier releases did not cut them."""

Kept = Annotated[bytes, Meta(max_length=MOST_KEPT)]


class DeadLetter(Struct, frozen=True):
    """One input record that a node refused, or one output record of a node that is too large for its topic.

    `key` and `value` are the original bytes (base64 on the wire). Of a key longer than 1 KiB only the first 1 KiB are
    kept, and of a value longer than 1 MiB only the first 64 KiB. Length and SHA-256 of the original are then given too.
    """

    id: Annotated[Id, Meta(description="`topic:partition:offset` of the refused record")]
    node: Annotated[Name, Meta(description="node that refused it, or topic that a node's record was too large for")]
    reason: Annotated[Code, Meta(description="stable code, for example `crossed_quote`")]
    detail: Annotated[
        str,
        Meta(max_length=MOST_KEPT, description="sentence for a person: expected and found; at most 1,000 characters"),
    ]
    key: Annotated[Kept | None, Meta(description="original key, or its beginning")]
    value: Annotated[Kept | None, Meta(description="original value, or its beginning")]
    value_bytes: Annotated[Count | UnsetType, Meta(description="length of the original value, if it was cut")] = UNSET
    value_sha256: Annotated[Code | UnsetType, Meta(description="its digest, hex, if it was cut")] = UNSET
    key_bytes: Annotated[Count | UnsetType, Meta(description="length of the original key, if it was cut")] = UNSET
    key_sha256: Annotated[Code | UnsetType, Meta(description="its digest, hex, if it was cut")] = UNSET
