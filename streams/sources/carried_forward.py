"""Quotes from rows that hold only the fields that changed: an empty field keeps its last value."""

from collections.abc import Sequence
from typing import Any

from streams.engine.feed import Feed
from streams.sources.cells import shown
from streams.sources.kinds_and_numbers import kind_from
from streams.sources.layout import Layout

NEITHER = "neither a bid nor an ask"
"""Name of the rows that are left out, for the count of them."""

PRICES = ("bid", "ask")


class NotKnownYet(ValueError):
    """A row leaves a field empty, and no earlier row has given its value."""


class CarriedForwardRows:
    """Turns rows into quotes: called with the cells of each row, it returns the quote that they complete, or none.

    An empty cell keeps the value of the symbol's previous row. Rows in which all of these cells are empty are left out
    and counted; rows before both sides are known make no tick.

    Args:
        fields: that may be empty where they have not changed.
        layout: of the rows.

    Attributes:
        left_out: rows that had none of the fields.
    """

    def __init__(self, fields: Sequence[str], layout: Layout) -> None:
        places = {field: layout.width + at for at, field in enumerate(layout.fixed)} | layout.place
        self._fields = [(field, places[field]) for field in fields if field in layout.place]
        self._build = layout.builder()
        self._symbol_at, self._kind_at = places["symbol"], places["kind"]
        self._last: dict[Any, list[Any]] = {}
        self.left_out = 0

    def __call__(self, cells: Sequence[Any]) -> list[Feed]:
        """The quote of a row, or the trade that it is.

        Raises one of `reading.NO_TICK` where its cells make none, or a side is not known yet.
        """
        if kind_from(cells[self._kind_at]) == "trade":
            return [self._build(cells)]
        now = [cells[at] for _, at in self._fields]
        if all(cell is None or cell == "" for cell in now):
            self.left_out += 1
            return []
        symbol = cells[self._symbol_at]
        last = self._last.get(symbol, [""] * len(now))
        whole = [was if cell is None or cell == "" else cell for cell, was in zip(now, last, strict=True)]
        filled = list(cells)
        self._last[symbol] = whole
        for (field, at), cell in zip(self._fields, whole, strict=True):
            if field in PRICES and cell == "":
                raise NotKnownYet(f"a row has what has changed, and there was no {field} of {shown(symbol)} before")
            filled[at] = "0" if cell == "" else cell
        return [self._build(filled)]

    def rest(self) -> list[Feed]:
        """What is complete at the end of the file: nothing is kept back."""
        return []
