"""Conversion of records to JSON bytes and back.

When decoding, unknown fields are ignored; a missing or mistyped field raises `Refused` with the reason.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from schemas.errors import Refused

encode: Callable[[Any], bytes] = msgspec.json.Encoder(decimal_format="number").encode
"""A record as JSON bytes: fields in declared order, shortest digits that give the same double back."""


MOST_BRACKETS = 500
"""Opening brackets that one record may have. The parser's own limit of nesting depends on the depth of its caller, so a
replay could differ from the live run; this limit is well below it."""


MOST_BYTES = 2 * 1024 * 1024
"""Bytes that one record may have on any topic. A compressed message may hold a thousand times its own size: a record
larger than its topic takes uncompressed is refused before it is parsed."""


NOT_UNPACKED = b"\x00not unpacked: "
"""First bytes of the record that replaces a compressed batch which is too large; a sentence follows."""


def decoder(record: Any, most_bytes: int = MOST_BYTES) -> Callable[[bytes | None], Any]:
    """A function that decodes JSON bytes to a record of a given type, and raises `Refused` for other bytes or None.

    Args:
        record: type to decode to: a struct, or a union of tagged structs.
        most_bytes: size of the largest value in bytes; a larger one is refused without being parsed.

    >>> from schemas.ticks import Tick
    >>> decode = decoder(Tick)
    >>> decode(b'{"kind":"trade","symbol":"X","ts_event":1,"price":2.0,"size":1,"side":"buy","new":0}').price
    2.0
    >>> decode(b'{"kind":"trade","symbol":"X","ts_event":1,"size":1}')
    Traceback (most recent call last):
    ...
    schemas.errors.Refused: malformed: Object missing required field `price`
    """
    decode = msgspec.json.Decoder(record).decode

    def refuse_what_does_not_fit(value: bytes | None) -> Any:
        if value is None:
            raise Refused("empty", "expected a JSON record, was a null value")
        if len(value) > most_bytes:
            raise Refused("too_large", f"expected a record of at most {most_bytes} bytes, was {len(value)}")
        if len(value) > MOST_BRACKETS and value.count(b"[") + value.count(b"{") > MOST_BRACKETS:
            raise Refused("malformed", f"expected at most {MOST_BRACKETS} opening brackets")
        try:
            return decode(value)
        except msgspec.ValidationError as error:
            raise Refused("malformed", str(error)) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if value.startswith(NOT_UNPACKED):
                raise Refused("too_large", value[len(NOT_UNPACKED) :].decode(errors="replace")) from None
            raise Refused("not_json", str(error)) from error

    return refuse_what_does_not_fit
