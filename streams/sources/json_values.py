"""Values of JSON out of texts: whole documents or lines, what lies where in them, and what tells their kinds apart."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate, islice
from typing import Any

import msgspec

from schemas.codec import MOST_BRACKETS
from schemas.errors import ConfigurationError, Refused
from streams.sources.cells import LONGEST_CELL, short, shortened, shown
from streams.sources.lines import CutLine
from streams.sources.paths import at_path
from streams.sources.reading import LOOKED_AT, FileReading
from streams.sources.times import FEW

LARGEST_DOCUMENT = 1 << 30
"""Bytes of a file that is one JSON array or object: it is taken apart in memory."""

MOST_KINDS = 64
"""Kinds of objects of a stream that are looked at."""

TELLING = ("e", "type", "channel", "table", "event", "action")
"""Keys whose values tell objects of a stream apart that have the same keys."""

_BRACKET = re.compile(rb"[\[\]{}]")
_decoder = msgspec.json.Decoder()


def decoded(text: bytes) -> Any:
    """A value of JSON, of any size, with as many levels of a book as there are.

    Raises:
        Refused: it is none, or is nested deeper than any message: at which depth the parser gives up would hang on how
            deep its caller is.

    >>> len(decoded(b"[" + b"[1,2]," * 1_000 + b"[1,2]]"))
    1001
    """
    if len(text) > MOST_BRACKETS and text.count(b"[") + text.count(b"{") > MOST_BRACKETS:
        steps = (1 if found[0] in b"[{" else -1 for found in _BRACKET.finditer(text))
        if max(accumulate(steps), default=0) > MOST_BRACKETS:
            raise Refused("malformed", f"expected at most {MOST_BRACKETS} opening brackets within each other")
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("not_json", str(error)) from error


def whole(block: bytes, rest: Iterable[bytes], reading: FileReading) -> bytes:
    """A document that goes over several lines.

    Raises:
        ConfigurationError: it has more than `LARGEST_DOCUMENT` bytes.
    """
    parts, size = [bytes(block)], len(block)
    for more in rest:
        parts.append(bytes(more))
        size += len(more)
        if size > LARGEST_DOCUMENT or type(more) is CutLine:
            break
    if size > LARGEST_DOCUMENT or type(block) is CutLine:
        raise ConfigurationError(
            f"{reading.name}: expected a JSON array of at most {LARGEST_DOCUMENT} bytes; fix: write one object a line"
        )
    return b"\n".join(parts)


def goes_on(line: bytes) -> bool:
    """Whether the first line of a text cannot be an object, but its beginning.

    >>> goes_on(b"{"), goes_on(b'{"results": ['), goes_on(b'{"price": 1}')
    (True, True, False)
    """
    return line.rstrip()[-1:] in (b"{", b"[", b",", b":") and not is_value(line)


def is_value(line: bytes) -> bool:
    """Whether a text is JSON as it stands."""
    return any(True for _ in objects([line]))


def expect_single_names(lines: Sequence[bytes], reading: FileReading) -> None:
    """Stop a file whose objects have a name twice: each reader of JSON takes another one of its values.

    Raises:
        ConfigurationError: with the name.
    """
    for line in lines[:FEW] if reading.columns.checked else ():
        with suppress(ValueError, RecursionError):
            json.loads(line, object_pairs_hook=lambda pairs: _expect_single(pairs, reading.name))


def _expect_single(pairs: list[tuple[str, Any]], name: str) -> None:
    names = [each for each, _ in pairs]
    if double := next((each for each in names if names.count(each) > 1), None):
        raise ConfigurationError(
            f"{name}: expected each name of an object once, was {shown(double)} twice; fix: write the file anew, or "
            "--anyway, if the last one is right"
        )


def some_of(lines: Sequence[bytes]) -> list[Any]:
    """The first objects, and the first ones of other kinds behind them."""
    rest = iter(lines)
    some = [*objects(islice(rest, LOOKED_AT))]
    seen = {*map(signature_of, some)}
    for item in objects(rest):
        if len(seen) < MOST_KINDS and (kind := signature_of(item)) not in seen:
            seen.add(kind)
            some.append(item)
    return some


def signature_of(item: Any, depth: int = 3) -> Any:
    """What tells the kinds of objects apart: their keys, and some words."""
    if isinstance(item, list):
        return signature_of(item[0], depth - 1) if item and depth else ()
    if not isinstance(item, dict):
        return ()
    words = [word for key in TELLING if isinstance(word := item.get(key), str)]
    within = [signature_of(item[key], depth - 1) for key in ("data", "params", "arg") if depth and key in item]
    return (*item, *words, *within)


def objects(lines: Iterable[bytes]) -> Iterator[Any]:
    """Values of the lines that are JSON."""
    for line in lines:
        try:
            yield decoded(line)
        except (Refused, ValueError):
            continue


def innermost(item: Any, depth: int = 3) -> tuple[str, Any]:
    """Where in an object there is a list of objects, and the first of them; an empty path: nowhere."""
    if isinstance(item, dict) and depth:
        for key, value in item.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                return str(key), value[0]
        for key, value in item.items():
            path, inner = innermost(value, depth - 1)
            if path:
                return f"{key}.{path}", inner
    return "", item


def paths(item: dict[Any, Any], begun: str = "", depth: int = 4) -> Iterator[str]:
    """Paths to all values that are no objects."""
    for key, value in item.items():
        if isinstance(value, dict) and depth:
            yield from paths(value, f"{begun}{key}.", depth - 1)
        else:
            yield f"{begun}{key}"


def within(item: Any, path: str) -> list[Any]:
    """Rows at a path in an object."""
    inner = at_path(item, path) if path else item
    return inner if isinstance(inner, list) else [inner]


def cell_of(value: Any) -> Any:
    """A value as a cell: text, an integer or a float; what is missing is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return short(value) if len(value) > LONGEST_CELL else value
    if isinstance(value, int | float):
        return value
    return shortened(str(value), LONGEST_CELL)
