"""Bytes to records and back: JSON, unknown fields ignored, missing or mistyped ones refused with a sentence."""

from collections.abc import Callable
from typing import Any

import msgspec

from schemas.errors import Refused

encode: Callable[[Any], bytes] = msgspec.json.Encoder(decimal_format="number").encode
"""A record as JSON bytes: fields in declared order, shortest digits that give the same double back."""


MOST_BRACKETS = 500
"""Of one record. Where the parser gives up on nesting hangs on how deep its caller is: a replay could differ from the
live run. Well below that, all agree."""


MOST_BYTES = 2 * 1024 * 1024
"""Of one record on any topic. A compressed message of 2 kB may hold one of 2 MB, and one of 1 MB a thousand times that:
what is larger than its topic takes uncompressed is refused before it is parsed."""


NOT_UNPACKED = b"\x00not unpacked: "
"""How the record begins that stands in for a compressed batch which would be too large; a sentence follows."""


def decoder(record: Any, most_bytes: int = MOST_BYTES) -> Callable[[bytes | None], Any]:
    """Function from bytes to `record`; it raises `Refused` with a sentence when they do not fit.

    Args:
        record: type that they are to be.
        most_bytes: that one record may have; of more nothing is looked at.

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
