"""Finds in which fields and bits a record differs from the one that was expected."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from schemas.codec import decoder
from schemas.errors import Refused

MOST_FIELDS = 12
LONGEST = 60

_decode = decoder(Any)


class FieldDifference(Struct, frozen=True):
    """One field whose value differs between two records.

    Attributes:
        field: path of the field, for example `arms.0.probability`; `byte N` if no field can be named.
        expected, found: value in each record, as JSON; empty if the record does not have the field.
    """

    field: str
    expected: str
    found: str


def differing_fields(expected: bytes, found: bytes) -> tuple[FieldDifference, ...]:
    """Fields in which two JSON records differ, each with its path, at most `MOST_FIELDS` (12).

    If a record is not valid JSON, or all fields agree, the first byte that differs is given instead.

    >>> [each] = differing_fields(b'{"id":"ticks:0:7","arms":[{"p":0.5}]}', b'{"id":"ticks:0:7","arms":[{"p":0.7}]}')
    >>> each.field, each.expected, each.found
    ('arms.0.p', '0.5', '0.7')
    >>> differing_fields(b'{"a":1}', b'{"a":q}')[0].field
    'byte 5'
    """
    try:
        mine, theirs = (dict(_leaves(_decode(value))) for value in (expected, found))
    except Refused:
        return (_first_byte(expected, found),)
    differing = tuple(
        FieldDifference(path, mine.get(path, ""), theirs.get(path, ""))
        for path in (*mine, *(path for path in theirs if path not in mine))
        if mine.get(path) != theirs.get(path)
    )
    return differing[:MOST_FIELDS] or (_first_byte(expected, found),)


def bits_apart(expected: bytes, found: bytes) -> int | None:
    """Number of bits in which two records differ; None if their lengths differ.

    >>> bits_apart(b"0.75", b"0.74"), bits_apart(b"0.75", b"0.755")
    (1, None)
    """
    if len(expected) != len(found):
        return None
    return (int.from_bytes(expected) ^ int.from_bytes(found)).bit_count()


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | list) and value:
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(each, f"{path}.{name}" if path else str(name))
    else:
        yield path, _short(msgspec.json.encode(value).decode())


def _first_byte(expected: bytes, found: bytes) -> FieldDifference:
    at = next((i for i, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b), len(expected))
    return FieldDifference(f"byte {at}", *(_short(repr(value[at : at + 16])[1:]) for value in (expected, found)))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
