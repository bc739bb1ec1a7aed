"""Reads recordings in which a time of receipt stands before each JSON message."""

import re
from collections.abc import Iterable, Iterator

from streams.sources.lines import CutLine

_STAMP = re.compile(rb"^(\d{9,19}(?:\.\d{1,9})?)(?::? +|:)(?=[\[{])", re.MULTILINE)
_STAMPED_OBJECT = re.compile(rb"^(\d{9,19}(?:\.\d{1,9})?)(?::? +|:)\{(?= *\")", re.MULTILINE)


def is_stamped(head: bytes, newline: bytes = b"\n") -> bool:
    """Whether each line of a file holds a time followed by a JSON message, as the first bytes of the file show.

    Args:
        head: first bytes of the file.
        newline: byte that ends a line.

    >>> is_stamped(b'1723161255088169167 {"e":"trade"}'), is_stamped(b"1723161255,1.5"), is_stamped(b'{"e":"trade"}')
    (True, False, False)
    """
    return _STAMP.search(head.replace(newline, b"\n")) is not None


def without_stamps(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the blocks of lines without the time before each message; an object gets its time as the field `received`.

    >>> list(without_stamps([b'1723161255.5: {"e":"trade"}\\n1723161255.6: [1]']))
    [b'{"received":"1723161255.5","e":"trade"}\\n[1]']
    """
    for block in blocks:
        if type(block) is CutLine:
            yield block
            continue
        yield _STAMP.sub(b"", _STAMPED_OBJECT.sub(rb'{"received":"\1",', block))
