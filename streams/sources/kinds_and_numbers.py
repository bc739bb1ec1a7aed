"""Reads words that name a kind of tick, and numbers with decimal and thousands marks."""

import re
from collections.abc import Callable, Mapping
from math import isfinite
from unicodedata import combining, normalize

from schemas.errors import ConfigurationError
from schemas.limits import LONGEST_SYMBOL, is_symbol
from streams.sources.cells import shown

KINDS: Mapping[str, str] = {
    word: kind
    for kind, words in {
        "quote": ("quote", "quotes", "q", "qte", "quotetick", "bbo", "tbbo", "nbbo", "tob", "bidask", "bestbidask"),
        "trade": ("trade", "trades", "t", "trd", "tradetick"),
    }.items()
    for word in words
}
"""Words in small letters, without marks -> kind of tick."""


NOTHING: Mapping[str, str] = {}


def kind_from(word: object, said: Mapping[str, str] = NOTHING) -> str:
    """Kind of tick that a word names, `quote` or `trade`; empty for an unknown word.

    Args:
        word: word in the file.
        said: the user's own words in small letters, each with `quote` or `trade`.

    >>> kind_from("Quote"), kind_from("T"), kind_from("BID_ASK"), kind_from("Kurs", {"kurs": "quote"})
    ('quote', 'trade', 'quote', 'quote')
    """
    plain = str(word).strip().lower()
    return said.get(plain) or KINDS.get(plain) or KINDS.get("".join(filter(str.isalnum, plain)), "")


def spelt_as_symbol(text: str) -> str:
    """A valid symbol that resembles a text, with `_` for spaces and without accents.

    Empty if the text has characters that a symbol cannot hold, or if nothing remains.

    >>> spelt_as_symbol("FDAX SEP24"), spelt_as_symbol("München"), spelt_as_symbol("沪深300")
    ('FDAX_SEP24', 'Munchen', '')
    """
    plain = "".join(letter for letter in normalize("NFKD", "_".join(text.split())) if not combining(letter))
    return plain[:LONGEST_SYMBOL] if is_symbol(plain[:LONGEST_SYMBOL]) else ""


Number = Callable[[str], float]

BETWEEN = {" ": " \u00a0\u202f", "'": "'\u2019"}
"""Thousands marks with several spellings."""

_GROUPED = re.compile(r"[-+]?\d{1,3}(?:[ .,'\u00a0\u202f\u2019]\d{2,3})+(?:[.,]\d+)?|[-+]?\d+,\d+")
_MISSING = frozenset({"", "nan", "inf", "-inf", "infinity", "-infinity", "null", "none", "na", "n/a", "-"})


def number_of(decimal: str, thousands: str) -> Number:
    """A function that reads a text as a number with the given marks; it raises ValueError for a text with other marks.

    Args:
        decimal: decimal mark, a point or a comma.
        thousands: mark between thousands; empty if there is none.

    Raises:
        ConfigurationError: the two marks are the same, or not allowed.

    >>> number_of(",", ".")("61.900,5"), number_of(".", ",")("61,900.5"), number_of(".", "")("1e3")
    (61900.5, 61900.5, 1000.0)
    >>> number_of(decimal=",", thousands="")("61.900")
    Traceback (most recent call last):
    ...
    ValueError: expected a number with , as its decimal mark, was '61.900'
    """
    if decimal not in (".", ",") or thousands not in ("", " ", ".", ",", "'", "_") or decimal == thousands:
        raise ConfigurationError(
            f"expected a decimal mark . or , and another one between thousands, was {decimal!r} and {thousands!r}; "
            "fix: for example --decimal , --thousands ."
        )
    if decimal == "." and not thousands:
        return float
    between = BETWEEN.get(thousands, thousands)
    groups = (
        re.compile(rf"\s*[-+]?\d{{1,3}}(?:[{re.escape(between)}]\d{{2,3}})*[{re.escape(between)}]\d{{3}}")
        if between
        else None
    )
    gone = str.maketrans("", "", between)

    def number(cell: str) -> float:
        if type(cell) is not str:
            return float(cell)
        whole, mark, rest = cell.partition(decimal)
        if groups is not None and any(each in whole for each in between) and groups.fullmatch(whole.rstrip()):
            whole = whole.translate(gone)
        if decimal == "," and ("." in whole or "." in rest):
            raise ValueError(f"expected a number with , as its decimal mark, was {shown(cell)}")
        return float(f"{whole}.{rest}" if mark else whole)

    return number


def unreadable(cell: object, number: Number) -> bool:
    """Whether a cell is a number with decimal or thousands marks that `number` does not read.

    >>> unreadable("1,000", float), unreadable("n/a", float), unreadable("1000", float)
    (True, False, False)
    """
    if not isinstance(cell, str) or not _GROUPED.fullmatch(cell.strip()):
        return False
    try:
        number(cell)
    except ValueError:
        return True
    return False


def expect_readable_number(field: str, cell: str, name: str, decimal: str = ".") -> None:
    """Raise the error about a cell that is not a number as expected; the error says which options may help.

    Nothing is raised if the cell stands for a missing value, such as `n/a`.

    Args:
        field: field of a tick that the cell holds.
        cell: cell that could not be read.
        name: name of the file.
        decimal: decimal mark that was expected.

    Raises:
        ConfigurationError: the cell does not stand for a missing value.
    """
    text = cell.strip()
    if text.lower() in _MISSING:
        return
    if not _GROUPED.fullmatch(text):
        raise ConfigurationError(
            f"expected a number for {field}, was {shown(text)}; fix: --map {field}=COLUMN with a column of "
            "plain numbers, or write the file with such",
            where=name,
        )
    last = max(text.rfind("."), text.rfind(","))
    marks = {mark for mark in text if mark in ".,"}
    if decimal == "," and marks == {"."}:
        fix = "--decimal , --thousands . (or --decimal . if it marks decimals)"
    elif (
        len(marks) == 2
        or text.count(text[last]) > 1
        or last < 0
        or any(mark in text for mark in " \u00a0\u202f'\u2019")
    ):
        decimal = (
            text[last]
            if len(marks) == 2 or last > max(map(text.rfind, " \u00a0\u202f'\u2019")) > 0
            else ("," if "." in marks else ".")
        )
        between = next((mark for mark in text if not mark.isdigit() and mark not in "+-" and mark != decimal), "")
        between = next((mark for mark, ways in BETWEEN.items() if between and between in ways), between)
        said = f'"{between}"' if between == "'" else f"'{between}'"
        fix = f"--decimal '{decimal}' --thousands {said}"
    else:
        fix = "--decimal , (or --thousands , if it marks thousands)"
    raise ConfigurationError(f"expected a number for {field}, was {shown(text)}; fix: {fix}", where=name)


def is_finite(text: str) -> bool:
    """Whether a text is a finite number in Python's notation.

    >>> is_finite("1.5"), is_finite("bid"), is_finite("nan")
    (True, False, False)
    """
    try:
        return isfinite(float(text))
    except ValueError:
        return False
