"""Quotes from tables whose rows hold only what changed: an empty cell stands for the value in the row before."""

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
    """Error: a bid or ask is empty in a row, and no earlier row of the symbol had a value to carry forward."""


class CarriedForwardRows:
    """Fills empty cells of a row from earlier rows; call it with the cells of each row to get the quote of the row.

    An empty cell gets the value of the previous row of the same symbol. A row in which all of `fields` are empty is
    left out and counted.

    Args:
        fields: fields of a quote whose cells are empty when they did not change.
        layout: which cell holds which field.

    Attributes:
        left_out: number of rows in which all of `fields` were empty.
    """

    def __init__(self, fields: Sequence[str], layout: Layout) -> None:
        places = {field: layout.width + at for at, field in enumerate(layout.fixed)} | layout.place
        self._fields = [(field, places[field]) for field in fields if field in layout.place]
        self._build = layout.builder()
        self._symbol_at, self._kind_at = places["symbol"], places["kind"]
        self._last: dict[Any, list[Any]] = {}
        self.left_out = 0

    def __call__(self, cells: Sequence[Any]) -> list[Feed]:
        """The quote that a row and the values carried forward make, or the trade in the row; none for a row left out.

        Args:
            cells: cells of the row, followed by `Layout.constants`.

        Raises:
            NotKnownYet: bid or ask is empty, and was empty in all earlier rows of the symbol.
            ValueError: the cells are no tick. For this reason it may also raise TypeError, IndexError or OverflowError.
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
        """Always an empty list: every row gives its quote at once, so none is left when the file has ended."""
        return []
