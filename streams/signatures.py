"""Who may change what is live: HMACs over commands and directives, where a deployment has a secret."""

import hmac
from hashlib import sha256
from typing import TypeVar

from msgspec import to_builtins
from msgspec.structs import replace

from schemas.codec import encode
from schemas.commands import Command
from schemas.ticks import Directive

Signed = TypeVar("Signed", bound=Command | Directive)

ADDED_SINCE = ("overrides", "from_live", "version")
"""Fields of a directive that earlier ones were signed without."""


def sign(record: Signed, key: bytes) -> Signed:
    """The record with its HMAC-SHA256 under `key`; as it is where the key is empty.

    >>> signed = sign(Directive("d1", "X", 1, "stop_arm", "b", "because"), b"secret")
    >>> signed.signature[:8], is_signed(signed, b"secret"), is_signed(signed, b"guess")
    ('9b2f7ac6', True, False)
    """
    return replace(record, signature=_digest(record, key)) if key else record


def is_signed(record: Command | Directive, key: bytes) -> bool:
    """Whether the record carries the HMAC that `key` gives."""
    return hmac.compare_digest(record.signature.encode(), _digest(record, key).encode())


def _digest(record: Command | Directive, key: bytes) -> str:
    fields = to_builtins(replace(record, signature=""))
    # Signed before these fields came, signed for good: what was not there is not part of what was signed.
    signed = {name: value for name, value in fields.items() if value or name not in ADDED_SINCE}
    return hmac.new(key, encode(signed), sha256).hexdigest()
