"""Errors about the first objects of a JSON file.

One error says that no object makes a tick. The other says that the user gave one symbol for the whole file, although
the objects belong to several markets.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from msgspec.structs import replace

from schemas.errors import ConfigurationError
from streams.sources.cells import shown
from streams.sources.columns import Columns
from streams.sources.json_values import cell_of, innermost, paths, signature_of, within
from streams.sources.layout import Layout
from streams.sources.missing_columns import MissingColumns
from streams.sources.paths import at_path
from streams.sources.proposal import Proposal, proposed, unknown
from streams.sources.reading import LOOKED_AT
from streams.sources.sampled import OneMarket


def why_none(
    first: Sequence[Any], rows: Sequence[Any], name: str, columns: Columns, problem: ConfigurationError | None
) -> ConfigurationError:
    """The error that no object of a file makes a tick; it suggests options that may help. The caller raises it.

    Args:
        first: first objects of the file.
        rows: rows in these objects, which should be ticks.
        name: name of the file.
        columns: the user's settings for reading the file.
        problem: error met when the rows were tried; None if there was none.
    """
    nested, kinds = bool(columns.rows), dict[str, Any]()
    for item in first:
        kinds.setdefault(str(signature_of(item)), item)
    for item in kinds.values():
        path, inner = innermost(item) if not nested else ("", None)
        if isinstance(item, dict) and isinstance(inner, dict):
            same = [each for other in first for each in within(other, path)[:LOOKED_AT] if isinstance(each, dict)]
            if (found := _proposed(inner, same, columns)).options:
                rows_at = f"--rows {path} " if path else ""
                return ConfigurationError(
                    f"{name}: expected fields of ticks, was {shown(', '.join(item))}; fix: {rows_at}{found}"
                )
    for item in kinds.values():
        if isinstance(item, dict) and not _proposed(item, rows, columns).options:
            for key, value in item.items():
                inner = value[0] if isinstance(value, list) and value else value
                if isinstance(inner, dict) and not nested:
                    inside = [each for row in rows for each in within(row, key)]
                    return ConfigurationError(
                        f"{name}: expected fields of ticks, was {shown(', '.join(item))}; "
                        f"fix: --rows {key} if they are those in {key!r}, and {_unknown(inside, columns)}"
                    )
    if any(isinstance(item, list) for item in first) and not any(isinstance(row, dict) for row in rows):
        return ConfigurationError(
            f"{name}: expected objects, was arrays as {shown(first[0])}; fix: --columns NAME,NAME,... says what "
            "their values are, for example --columns ts_event,price,size"
        )
    if nested and isinstance(problem, MissingColumns):
        return ConfigurationError(f"{name}: {problem.sentence}; fix: {_unknown(rows, columns)}")
    return ConfigurationError(f"{name}: {problem or 'expected objects with the fields of ticks'}")


def expect_one_market_of(rows: Sequence[Any], names: Sequence[str], layout: Layout, name: str) -> None:
    """Raise an error if the user gave one symbol for all objects, although the objects belong to several markets.

    They belong to several if prices jump where the value of some key changes, and hardly elsewhere. Values in nested
    objects are compared, too. Nothing is checked if the objects name their symbols.

    Args:
        rows: first objects of the file.
        names: keys and paths whose values are the cells of a row.
        layout: which cell holds which field, after `Layout.settle`.
        name: name of the file, for the error.

    Raises:
        ConfigurationError: there are several markets; the message names the key, and options for reading the file.
    """
    if "symbol" not in layout.fixed:
        return
    same = [row for row in rows[:LOOKED_AT] if isinstance(row, dict)]
    more = dict.fromkeys(path for row in same for path in paths(row))
    header = [*names, *(path for path in more if path not in names)]
    cells = [[cell_of(at_path(row, path)) for path in header] for row in same]
    OneMarket(header, layout, name).begin([row[: layout.width] for row in cells], cells)


def _unknown(rows: Sequence[Any], columns: Columns) -> str:
    """Advice on objects in which no key is known: what the values at their paths look like."""
    same = [row for row in rows[:LOOKED_AT] if isinstance(row, dict)]
    there = [*dict.fromkeys(path for row in same for path in paths(row))]
    names = [path for path in there if not any(each.startswith(f"{path}.") for each in there)]
    return unknown(names, [[cell_of(at_path(row, path)) for path in names] for row in same], columns)


def _proposed(one: dict[str, Any], rows: Sequence[Any], columns: Columns) -> Proposal:
    """Options that would read objects like this one."""
    names = [*paths(one)]
    same = islice((row for row in rows if isinstance(row, dict) and [*paths(row)] == names), LOOKED_AT)
    cells = [[cell_of(at_path(row, path)) for path in names] for row in same]
    return proposed(names, cells, replace(columns, rows="", header=()))
