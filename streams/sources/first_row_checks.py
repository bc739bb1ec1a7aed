"""Checks of the first rows of a table: kinds, symbols and numbers can be read, and orders are not taken for trades."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from shlex import quote
from typing import Any

from schemas.errors import ConfigurationError
from schemas.limits import is_symbol
from streams.sources.cells import shown
from streams.sources.kinds_and_numbers import Number, expect_readable_number, kind_from, spelt_as_symbol, unreadable
from streams.sources.order_rows import orders_in
from streams.sources.times import FEW

MOST_RENAMED = 8
SHARE_OF_WORDS = 0.1
"""Largest share of unreadable cells that is let pass as exceptions."""


def expect_kinds(column: str, cells: Sequence[Any], said: Mapping[str, str], name: str) -> None:
    """Raise an error if more than a tenth of the first rows, and at least three, name an unknown kind of tick.

    Args:
        column: name of the column that holds the kinds, for the error.
        cells: cells of the column in the first rows.
        said: the user's own words for kinds, in small letters, each with `quote` or `trade`.
        name: name of the file, for the error.

    Raises:
        ConfigurationError: kinds are unknown in that many rows; the message names the option that gives their meaning.
    """
    wrong = [str(cell) for cell in cells if not kind_from(cell, said)]
    if len(wrong) >= FEW and len(wrong) > SHARE_OF_WORDS * len(cells):
        raise ConfigurationError(
            f"expected quote and trade in column {column!r}, was "
            f"{', '.join(map(shown, [*dict.fromkeys(wrong)][:5]))}; fix: --kinds quote=WORD,trade=WORD, or --where "
            f"{column}=WORD for the rows of one kind",
            where=name,
        )


def expect_no_orders(header: Sequence[str], rows: Sequence[Sequence[Any]], but: Sequence[int], name: str) -> None:
    """Raise an error if a table that would be read as trades has a column that says what happened to an order or level.

    Args:
        header: names of the columns.
        rows: cells of the first rows.
        but: indices of columns that need no check, since fields of the trades are read from them.
        name: name of the file, for the error.

    Raises:
        ConfigurationError: there is such a column; the message names the option that reads only rows that are trades.
    """
    if found := orders_in(header, rows, but):
        column, words, of_trades = found
        raise ConfigurationError(
            f"expected trades, column {column!r} has {', '.join(map(shown, words[:5]))}: orders or "
            f"levels of a book; fix: --where {column}={of_trades} takes the rows that are trades, or --anyway",
            where=name,
        )


def expect_symbols(column: str, symbols: Iterable[str], name: str) -> None:
    """Raise an error if more than a tenth of the first rows have an invalid symbol, and at least three rows do.

    Each tick of these rows would be refused.

    Args:
        column: name of the column that holds the symbols; empty if the user gave one symbol for all rows.
        symbols: symbols of the first rows, after renaming.
        name: name of the file, for the error.

    Raises:
        ConfigurationError: the symbols are invalid in that many rows; the message says which option replaces them.
    """
    counts = Counter(symbols)
    wrong = [symbol for symbol in counts if not is_symbol(symbol)]
    unfit = sum(counts[symbol] for symbol in wrong)
    if unfit < FEW or unfit <= SHARE_OF_WORDS * counts.total():
        return
    fix = "--symbol NAME"
    if column:
        names = ",".join(f"{symbol}={spelt_as_symbol(symbol) or 'NAME'}" for symbol in wrong[:MOST_RENAMED])
        fix = f"--rename {quote(names)}" + (" and so on" if wrong[MOST_RENAMED:] else "")
    raise ConfigurationError(
        f"expected symbols of 1 to 32 printable ASCII characters without a space, was "
        f"{', '.join(map(shown, wrong[:MOST_RENAMED]))}; fix: {fix}",
        where=name,
    )


def expect_numbers(field: str, cells: Sequence[Any], name: str, number: Number, decimal: str) -> None:
    """Raise an error if no cell of a field can be read as a number, or if too many cells have unexpected marks.

    A number has unexpected marks if it is written with other decimal or thousands marks than `number` reads. Too many
    are more than a tenth of the cells, and at least three.

    Args:
        field: field of a tick that the cells hold, for the error.
        cells: cells of the first rows that are not empty.
        name: name of the file, for the error.
        number: function that reads a text as a number, with the expected marks.
        decimal: decimal mark that this function expects.

    Raises:
        ConfigurationError: the cells cannot be read; the message names the option by which they can be.
    """
    numbers = [cell for cell in cells if not isinstance(cell, str) or _is_number(cell, number)]
    wrong = [str(cell) for cell in cells if unreadable(cell, number)]
    if len(cells) >= FEW and not numbers and isinstance(cells[0], str):
        expect_readable_number(field, cells[0], name, decimal)
    if len(wrong) >= FEW and len(wrong) > SHARE_OF_WORDS * len(cells):
        expect_readable_number(field, wrong[0], name, decimal)


def _is_number(cell: str, number: Number) -> bool:
    try:
        return isfinite(number(cell))
    except ValueError:
        return False
