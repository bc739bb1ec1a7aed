"""Input that could not be taken: why, and the bytes as they came."""

from typing import Annotated

from msgspec import Meta, Struct


class DeadLetter(Struct, frozen=True):
    """One refused record. Nothing of it is lost: `key` and `value` are the original bytes (base64 on the wire)."""

    id: Annotated[str, Meta(description="`topic:partition:offset` of the refused record")]
    node: Annotated[str, Meta(description="node that refused it")]
    reason: Annotated[str, Meta(description="stable code, for example `crossed_quote`")]
    detail: Annotated[str, Meta(description="sentence for a person, with the offending value")]
    key: Annotated[bytes | None, Meta(description="original key")]
    value: Annotated[bytes | None, Meta(description="original value")]
