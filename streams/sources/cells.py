"""Limits the length of a cell (one field of a row) before it is converted, shown or sent on."""

from decimal import Decimal
from math import isfinite
from typing import Any

LONGEST_CELL = 1_024
"""Most characters of a cell that becomes part of a tick; no number, name or time is nearly as long."""

LONGEST_NUMBER = 64
"""Most characters of a number or a time."""

LONGEST_VALUE = 1 << 16
"""Most bytes that are sent on of a row that makes no tick."""

LONGEST_KEY = 64
"""Most characters of the symbol under which a row that makes no tick is sent."""

LONGEST_SENTENCE = 400
"""Most characters of the problem that is reported of a row."""

SHOWN = 80

MOST_BITS = 63
"""Bits besides the sign: times and sequence numbers are signed 64-bit numbers."""


def shown(cell: object) -> str:
    """A short text for a cell of any type and length, for use in a sentence.

    >>> shown("1e5000"), shown("9" * 100_000)[-22:], shown(10**5_000)
    ("'1e5000'", '.. (100000 characters)', 'a number of about 5001 digits')
    """
    if isinstance(cell, int) and cell.bit_length() > 4 * LONGEST_NUMBER:
        return f"a number of about {int(cell.bit_length() * 0.30103) + 1} digits"
    if isinstance(cell, str | bytes) and len(cell) > SHOWN:
        kind = "characters" if isinstance(cell, str) else "bytes"
        return f"{cell[:SHOWN]!r}... ({len(cell)} {kind})"
    return shortened(repr(cell), SHOWN)


def shortened(text: str, longest: int = LONGEST_SENTENCE) -> str:
    """A text, cut to `longest` characters if it has more; the last three of these are then points."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def short(cell: Any) -> Any:
    """The cell itself; but a text of more than 1,024 characters is cut, and its original length is appended.

    With the appended length, a cut number or name is not taken for a whole one.

    >>> len(short("1" * 2_000)), short("1" * 2_000)[-21:], short(7)
    (1045, '... (2000 characters)', 7)
    """
    if isinstance(cell, str) and len(cell) > LONGEST_CELL:
        return f"{cell[:LONGEST_CELL]}... ({len(cell)} characters)"
    return cell


def kept(cell: Any) -> Any:
    """What a record holds of a cell that could not be used: its value if JSON can hold it, else a text, cut if long.

    >>> kept(1.5), kept(float("nan")), kept("x" * 2_000)[-22:], kept(Decimal("1e9999"))
    (1.5, 'nan', 'x... (2000 characters)', '1E+9999')
    """
    if isinstance(cell, str):
        return short(cell).encode(errors="replace").decode()
    if isinstance(cell, float):
        return cell if isfinite(cell) else str(cell)
    if isinstance(cell, int):
        return cell if cell.bit_length() <= 4 * LONGEST_NUMBER else shown(cell)
    if isinstance(cell, Decimal):
        return shortened(str(cell), LONGEST_CELL)
    return shortened(repr(cell), LONGEST_CELL)
