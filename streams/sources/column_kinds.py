"""Classifies the columns of some rows by their cells, whatever their names: times, numbers or words."""

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any, Literal, NamedTuple

from streams.sources.cells import LONGEST_NUMBER
from streams.sources.time_spelling import spelling

Kind = Literal["time", "date", "time of day", "number", "words", ""]

MOST_WORDS = 64
"""Most different words of a column of names; a column with more holds row numbers, or sentences."""

LONGEST_WORD = 32

_NUMBER = re.compile(
    r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+|\d{1,3}(?:[ .,'_\u00a0\u202f]\d{3})+(?:[.,]\d+)?)(?:[eE][-+]?\d+)?"
)
_NOTHING = frozenset({"", "nan", "none", "null", "na", "n/a", "nat", "-", "-inf", "inf"})


class ClassifiedColumn(NamedTuple):
    """A column of a sample of rows, with the kind of its cells.

    Attributes:
        name: name of the column.
        kind: kind of nearly all cells; empty if all cells are empty or their kinds differ.
        texts: cells as text, row by row.
        words: the distinct texts of cells that are not empty, in the order in which they first occur.
    """

    name: str
    kind: Kind
    texts: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def names_something(self) -> bool:
        """Whether the column holds a few words that repeat, as names of products, venues, sides or conditions do."""
        filled = sum(text.lower() not in _NOTHING for text in self.texts)
        return (
            self.kind == "words"
            and 1 < len(self.words) <= MOST_WORDS
            and len(self.words) < max(filled, 3)
            and all(len(word) <= LONGEST_WORD for word in self.words)
        )

    @property
    def may_number_something(self) -> bool:
        """Whether the column may hold numeric ids of products: whole numbers only, and few distinct ones."""
        return self.kind == "number" and len(self.words) <= MOST_WORDS and all(map(str.isdigit, self.words))


def column_kinds(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[ClassifiedColumn]:
    """The columns of a sample of rows, each with the kind of its cells.

    Args:
        header: names of the columns.
        rows: cells of each row; a row may be shorter than the header.

    >>> rows = [["12:00:01", "1,5", "A"], ["12:00:02", "2", ""]]
    >>> [column.kind for column in column_kinds(["t", "px", "who"], rows)]
    ['time of day', 'number', 'words']
    """
    found = []
    for at, name in enumerate(header):
        texts = tuple(text_of(row[at]) for row in rows if len(row) > at)
        words = tuple(dict.fromkeys(text for text in texts if text.lower() not in _NOTHING))
        found.append(ClassifiedColumn(str(name), _kind(words), texts, words))
    return found


def text_of(cell: Any) -> str:
    """A cell as text without spaces around it, cut to a length at which it can still be classified; empty for None."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int) and cell.bit_length() > 4 * LONGEST_NUMBER:
        return ""
    return "" if cell is None else str(cell).strip()[: LONGEST_NUMBER + 1]


def _kind(words: Sequence[str]) -> Kind:
    if not words:
        return ""
    spelt = spelling(words)
    if spelt:
        return spelt
    numbers = sum(is_number(word) for word in words)
    if numbers == len(words) or (numbers > 4 and numbers * 10 >= 9 * len(words)):
        return "number"
    return "words" if numbers * 2 < len(words) else ""


def is_number(text: str) -> bool:
    """Whether a text is a number, written with any of the usual marks for decimals and thousands.

    >>> is_number("1.234,56"), is_number("-.5e3"), is_number("1.2.3"), is_number("BTC")
    (True, True, False, False)
    """
    return _NUMBER.fullmatch(text) is not None


def marks(looked: Sequence[ClassifiedColumn]) -> tuple[str, str]:
    """The decimal mark and the thousands mark of the numbers in some columns.

    The decimal mark is a point, and the thousands mark is empty (there is none), unless a number in the
    columns can be read only with other marks.

    >>> marks(column_kinds(["px"], [["1.234,50"], ["12,5"]])), marks(column_kinds(["px"], [["12.5"]]))
    ((',', '.'), ('.', ''))
    """
    texts = [text for look in looked if look.kind == "number" for text in look.words]
    for text in texts:
        if "," in text and "." in text:
            decimal = max(",.", key=text.rindex)
            return decimal, "." if decimal == "," else ","
    commas = [text for text in texts if text.count(",") == 1]
    if any(not re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", text) for text in commas):
        return ",", ""
    return ".", ""


def number(text: str, decimal: str, thousands: str) -> float | None:
    """A text as a finite number; None if it is no such number.

    Args:
        text: the text.
        decimal: decimal mark.
        thousands: mark between thousands; empty if there is none.

    >>> number("1.234,5", decimal=",", thousands="."), number("nan", decimal=".", thousands="")
    (1234.5, None)
    """
    plain = text.replace(thousands, "") if thousands else text
    try:
        value = float(plain.replace(decimal, ".") if decimal != "." else plain)
    except ValueError:
        return None
    return value if isfinite(value) else None
