"""Input that could not be taken: why, and the bytes as they came."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.limits import Code, Count, Id, Name

WHOLE_VALUE = 1024 * 1024
"""Bytes of a value that are kept as they came: whatever a root topic takes in one message that is not compressed."""

CUT_VALUE = 64 * 1024
"""Bytes that are kept of a larger one, the first of them; the log of the source has it all."""

LONGEST_KEY = 1024
"""Bytes that are kept of a key, the first of them."""

MOST_KEPT = 2 * WHOLE_VALUE
"""Characters of a detail and bytes that are read: earlier releases did not cut them, but for what the topic takes."""

Kept = Annotated[bytes, Meta(max_length=MOST_KEPT)]


class DeadLetter(Struct, frozen=True):
    """One refused record, or what stands in for a record that its topic does not take.

    `key` and `value` are the original bytes (base64 on the wire): a key up to 1 KiB, a value up to 1 MiB. Of a larger
    value the first 64 KiB are kept, of a larger key the first 1 KiB; then length and digest say what the original was.
    """

    id: Annotated[Id, Meta(description="`topic:partition:offset` of the refused record")]
    node: Annotated[Name, Meta(description="node that refused it, or topic that a record of a node did not fit into")]
    reason: Annotated[Code, Meta(description="stable code, for example `crossed_quote`")]
    detail: Annotated[
        str,
        Meta(max_length=MOST_KEPT, description="sentence for a person, with what was found; at most 1,000 characters"),
    ]
    key: Annotated[Kept | None, Meta(description="original key, or its beginning")]
    value: Annotated[Kept | None, Meta(description="original value, or its beginning")]
    value_bytes: Annotated[Count | UnsetType, Meta(description="length of the original value, if it was cut")] = UNSET
    value_sha256: Annotated[Code | UnsetType, Meta(description="its digest, hex, if it was cut")] = UNSET
    key_bytes: Annotated[Count | UnsetType, Meta(description="length of the original key, if it was cut")] = UNSET
    key_sha256: Annotated[Code | UnsetType, Meta(description="its digest, hex, if it was cut")] = UNSET
