"""Words of files for what a tick is and who was the aggressor, and numbers as people write them."""

import re
from collections.abc import Callable, Mapping
from math import isfinite

from schemas.errors import ConfigurationError
from schemas.ticks import LONGEST_SIDE
from streams.sources.cells import shown

KINDS: Mapping[str, str] = {"quote": "quote", "trade": "trade"} | {
    word: kind
    for kind, words in {"quote": ("q", "bbo", "tbbo", "nbbo", "tob"), "trade": ("t", "trades")}.items()
    for word in words
}
"""Kinds by their words in small letters."""

SIDES: Mapping[str, str] = {
    word: side
    for side, words in {
        "buy": ("buy", "b", "buyer", "bought", "buys", "1", "+1", "1.0"),
        "sell": ("sell", "s", "seller", "sold", "sells", "-1", "-1.0"),
        "": ("", "n", "none", "unknown", "unspecified", "mid", "0", "0.0", "nan", "null"),
    }.items()
    for word in words
}
"""Aggressors by their words in small letters."""

MAKER_COLUMNS = frozenset({"m", "isbuyermaker", "buyermaker", "wasbuyermaker"})
"""Columns, in small letters without underscores, that say whether the buyer's order rested and the seller came."""

MAKER_SIDES: Mapping[str, str] = {"true": "sell", "1": "sell", "t": "sell", "false": "buy", "0": "buy", "f": "buy"}

BOOK_SIDES = frozenset({"bid", "ask", "a"})


def kind_from(word: object) -> str:
    """Kind that a word tells; empty: none.

    >>> kind_from("Quote"), kind_from("T"), kind_from("candle")
    ('quote', 'trade', '')
    """
    return KINDS.get(str(word).strip().lower(), "")


MOST_KNOWN = 64


class Sides:
    """Aggressors by the words of one column, each looked up once.

    Args:
        column: name; one that says whether the buyer was the maker is read the other way round.
        said: words that somebody has said to mean `buy` or `sell`.

    Attributes:
        known: cells that were looked up before, at most `MOST_KNOWN`.

    >>> sides = Sides("side", {})
    >>> sides("Buy"), sides("SELL"), sides("")
    ('buy', 'sell', '')
    >>> Sides("is_buyer_maker", {})("true")
    'sell'
    """

    def __init__(self, column: str, said: Mapping[str, str]) -> None:
        is_maker = column.replace("_", "").lower() in MAKER_COLUMNS
        self._words = {word.lower(): side for word, side in said.items()} or (MAKER_SIDES if is_maker else SIDES)
        self.known: dict[object, str] = {}

    def __call__(self, cell: object) -> str:
        """The aggressor that a cell tells; of a word that is not known, the word itself.

        Raises:
            ValueError: the word is longer than a trade can hold.
        """
        side = self.known.get(cell)
        if side is None:
            word = str(cell).strip()
            side = self._words.get(word.lower())
            if side is None:
                if len(word) > LONGEST_SIDE:
                    raise ValueError(f"expected a side of at most {LONGEST_SIDE} characters, was {shown(cell)}")
                return word
            if len(self.known) < MOST_KNOWN:
                self.known[cell] = side
        return side


Number = Callable[[str], float]

_GROUPED = re.compile(r"[-+]?\d{1,3}(?:[ .,'\u00a0\u202f]\d{3})+(?:[.,]\d+)?|[-+]?\d+,\d+")


def number_of(decimal: str, thousands: str) -> Number:
    """Function that reads numbers as a country writes them.

    Raises:
        ConfigurationError: marks that are none.

    >>> number_of(",", ".")("61.900,5"), number_of(".", ",")("61,900.5"), number_of(".", "")("1e3")
    (61900.5, 61900.5, 1000.0)
    """
    if decimal not in (".", ",") or thousands not in ("", " ", ".", ",", "'", "_") or decimal == thousands:
        raise ConfigurationError(
            f"expected a decimal mark . or , and another one between thousands, was {decimal!r} and {thousands!r}; "
            "fix: for example --decimal , --thousands ."
        )
    if decimal == "." and not thousands:
        return float

    def number(cell: str) -> float:
        text = cell if type(cell) is str else str(cell)
        if thousands:
            text = text.replace(thousands, "")
        return float(text.replace(",", ".")) if decimal == "," else float(text)

    return number


def expect_readable_number(field: str, cell: str, name: str) -> None:
    """Stop a file whose numbers are written with a decimal comma, or with marks between thousands.

    Args:
        field: that the cell is of.
        cell: one that is no number.
        name: of the file.

    Raises:
        ConfigurationError: with the option that reads it.
    """
    text = cell.strip()
    if not _GROUPED.fullmatch(text):
        return
    last = max(text.rfind("."), text.rfind(","))
    marks = {mark for mark in text if mark in ".,"}
    if len(marks) == 2 or text.count(text[last]) > 1 or last < 0:
        decimal = text[last] if len(marks) == 2 else ("," if "." in marks else ".")
        between = next((mark for mark in text if not mark.isdigit() and mark not in "+-" and mark != decimal), "")
        fix = f"--decimal '{decimal}' --thousands '{between}'"
    else:
        fix = "--decimal , (or --thousands , if it marks thousands)"
    raise ConfigurationError(f"{name}: expected a number for {field}, was {shown(text)}; fix: {fix}")


def is_finite(text: str) -> bool:
    """Whether a cell is a finite number.

    >>> is_finite("1.5"), is_finite("bid"), is_finite("nan")
    (True, False, False)
    """
    try:
        return isfinite(float(text))
    except ValueError:
        return False
