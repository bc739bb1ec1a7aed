"""Parses JSON, finds values by their paths, and tells objects of different kinds apart."""

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
"""Most bytes of a file that is one JSON array or object, since it is parsed in memory."""

MOST_KINDS = 64
"""Most kinds of objects of a stream that are sampled."""

TELLING = ("e", "type", "channel", "table", "event", "action")
"""Keys whose values are the kind of an object, where objects of several kinds have the same keys."""

_BRACKET = re.compile(rb"[\[\]{}]")
_decoder = msgspec.json.Decoder()


def decoded(text: bytes) -> Any:
    """Parse JSON of any length; only the nesting is limited.

    The limit is counted here, because the parser's own limit depends on how deep in the call stack it is called.

    Raises:
        Refused: the text is not JSON, or more than 500 brackets are open at once.

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
    """Read a stream to its end and return all of it, as one JSON document that spans many lines.

    Args:
        block: first block of the stream, already read.
        rest: further blocks.
        reading: progress of reading the file, with its name for the error.

    Raises:
        ConfigurationError: the document is larger than 1 GiB.
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
    """Whether a line is only the beginning of a JSON value, since it ends with an opening bracket, comma or colon.

    >>> goes_on(b"{"), goes_on(b'{"results": ['), goes_on(b'{"price": 1}')
    (True, True, False)
    """
    return line.rstrip()[-1:] in (b"{", b"[", b",", b":") and not is_value(line)


def is_value(line: bytes) -> bool:
    """Whether a text is one complete JSON value."""
    return any(True for _ in objects([line]))


def expect_single_names(lines: Sequence[bytes], reading: FileReading) -> None:
    """Raise an error if one of the first objects has a key twice: parsers differ in which of its two values they take.

    Args:
        lines: first lines of the file, each with an object.
        reading: settings and name of the file; nothing is checked if `Columns.checked` is False.

    Raises:
        ConfigurationError: an object has a key twice; the message names the key.
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
    """A sample of the JSON objects in some lines: the first objects, then one of each kind that is not yet among them.

    Lines that are not JSON are skipped.
    """
    rest = iter(lines)
    some = [*objects(islice(rest, LOOKED_AT))]
    seen = {*map(signature_of, some)}
    for item in objects(rest):
        if len(seen) < MOST_KINDS and (kind := signature_of(item)) not in seen:
            seen.add(kind)
            some.append(item)
    return some


def signature_of(item: Any, depth: int = 3) -> Any:
    """A value that tells kinds of JSON objects apart: it is equal for objects of one kind.

    It consists of the keys of the object, and the values of a few keys such as `type` and `channel`.

    Args:
        item: an object; of a list, the first element is taken.
        depth: how many levels of nested objects are considered.
    """
    if isinstance(item, list):
        return signature_of(item[0], depth - 1) if item and depth else ()
    if not isinstance(item, dict):
        return ()
    words = [word for key in TELLING if isinstance(word := item.get(key), str)]
    within = [signature_of(item[key], depth - 1) for key in ("data", "params", "arg") if depth and key in item]
    return (*item, *words, *within)


def objects(lines: Iterable[bytes]) -> Iterator[Any]:
    """Yield the values of those lines that are JSON; other lines are skipped."""
    for line in lines:
        try:
            yield decoded(line)
        except (Refused, ValueError):
            continue


def innermost(item: Any, depth: int = 3) -> tuple[str, Any]:
    """Path to the first list of objects inside an object, and the first element of that list.

    If there is no such list, the path is empty, and the object itself takes the place of the element.

    Args:
        item: the object.
        depth: how many levels of nested objects are searched.
    """
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
    """Yield the paths (`data.price`) to all values of an object that are not objects themselves.

    Args:
        item: the object.
        begun: text that every path begins with.
        depth: how many levels of nested objects are entered; a deeper object counts as a value.
    """
    for key, value in item.items():
        if isinstance(value, dict) and depth:
            yield from paths(value, f"{begun}{key}.", depth - 1)
        else:
            yield f"{begun}{key}"


def within(item: Any, path: str) -> list[Any]:
    """The rows at a path in an object: the list at the path, or a list of the one value there.

    Args:
        item: the object.
        path: names with points between them; empty for the object itself.
    """
    inner = at_path(item, path) if path else item
    return inner if isinstance(inner, list) else [inner]


def cell_of(value: Any) -> Any:
    """A JSON value as a cell: texts, whole numbers and floats as they are, null as empty, others as shortened text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return short(value) if len(value) > LONGEST_CELL else value
    if isinstance(value, int | float):
        return value
    return shortened(str(value), LONGEST_CELL)
