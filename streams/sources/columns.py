"""How the rows of a file become ticks: which column is which field, how times and numbers are written, and the like."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import isclose
from pathlib import PurePath
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from schemas.errors import ConfigurationError
from schemas.limits import is_symbol
from streams.sources.bars import length_of
from streams.sources.cells import shown
from streams.sources.kinds_and_numbers import Number, number_of, spelt_as_symbol
from streams.sources.suggested_names import LIKELY, option, plain
from streams.sources.text_encoding import known_encoding
from streams.sources.times import DateOrder, TimeColumn, TimeUnit, zone_of

FIELDS = ("kind", "symbol", "ts_event", "bid", "bid_size", "ask", "ask_size", "price", "size", "side", "seq")
NUMBERS = frozenset({"bid", "bid_size", "ask", "ask_size", "price", "size", "seq"})
OF_BARS = {"close": "price", "closeprice": "price"}
"""Columns of bars -> the field of a tick that each becomes."""

NEEDED = {"quote": ("bid", "ask"), "trade": ("price",)}
ABSENT = {"bid_size": "0", "ask_size": "0", "size": "0", "side": "", "seq": ""}
"""Defaults of the fields that a feed may lack, as the records define them."""


class Columns(msgspec.Struct, frozen=True):
    """How the rows of a file become ticks; the default fits files whose columns have the names of the fields.

    Attributes:
        names: field -> name of its column, where that is not the field's name. `#3` is the third column, an empty
            name a column without one, and `-` says that the feed lacks the field. Cells of names joined by `+` are
            joined by a space (a date and a time of day); in JSON a name with points is a path (`data.price`). A
            mapping of a field that only quotes or only trades have may name a column that not every file has.
        symbol: symbol of every row, for files that have none.
        symbols: file -> symbol of its rows, for several files.
        kind: `quote` or `trade`, for files without such a column; empty: the other columns show it.
        time_unit: unit of numeric time stamps; `auto` takes it from the first ones. Times as text need none.
        zone: IANA zone of days and of times as text that name none; empty: that of the format, or UTC.
        dates: order of day and month where both readings are possible.
        date: `YYYY-MM-DD`, the day of times of day and of numbers that count from midnight.
        header: names of the columns, for files whose first line is a row already.
        rows: of JSON: path to the rows in an object (`data`).
        decimal: decimal mark of numbers as text; empty: that of the format, or a point.
        thousands: mark between thousands, if there is one.
        sides: word of the file -> `buy`, `sell` or nothing, where the usual ones do not fit.
        where: column -> value, or several with `|` between them: only rows with one of these values are ticks.
        price_scale: factor of prices as whole numbers: 1e-9 where 190250000000 is 190.25; 0: that of the format, or 1.
        sort: order the ticks of each file by time, in memory.
        checked: refuse a file whose first ticks cannot be those of a market.
        format: name or path of a format; empty: recognised from the file; `none`: no format at all.
        bars: for tables of bars, whether the time of a row is the `open` or the `close` of its bar.
        encoding: encoding of a text that is not Unicode, as Python calls it: `cp1252`, `cp932`; empty: Unicode.
        length: length of a bar, `60s`, where its time is its open; empty: the commonest distance of the first rows.
        kinds: word of the file -> `quote` or `trade`, beside the usual ones.
        renamed: symbol in the file -> symbol of its ticks, where the former is no valid symbol.
    """

    names: dict[str, str] = {}
    symbol: str = ""
    kind: str = ""
    time_unit: TimeUnit | Literal["auto"] = "auto"
    zone: str = ""
    dates: DateOrder | Literal["auto"] = "auto"
    date: str = ""
    header: tuple[str, ...] = ()
    rows: str = ""
    decimal: str = ""
    thousands: str = ""
    sides: dict[str, str] = {}
    symbols: dict[str, str] = {}
    where: dict[str, str] = {}
    price_scale: float = 0.0
    sort: bool = False
    checked: bool = True
    format: str = ""
    bars: str = ""
    length: str = ""
    encoding: str = ""
    kinds: dict[str, str] = {}
    renamed: dict[str, str] = {}

    def __post_init__(self) -> None:
        if unknown := [field for field in self.names if field not in FIELDS]:
            raise _unknown_fields(unknown, self.names)
        if self.kind not in ("", *NEEDED):
            raise ConfigurationError(f"expected kind quote or trade, was {self.kind!r}")
        if wrong := [side for side in self.sides.values() if side not in ("buy", "sell", "")]:
            raise ConfigurationError(f"expected sides buy and sell, was {shown(wrong[0])}; fix: --sides buy=B,sell=S")
        if wrong := [kind for kind in self.kinds.values() if kind not in NEEDED]:
            raise ConfigurationError(
                f"expected kinds quote and trade, was {shown(wrong[0])}; fix: --kinds quote=Kurs,trade=Umsatz"
            )
        said = ("--symbol", self.symbol), *(("--rename", symbol) for symbol in self.renamed.values())
        if unfit := [(option, symbol) for option, symbol in said if symbol and not is_symbol(symbol)]:
            raise ConfigurationError(
                f"{unfit[0][0]}: expected a symbol, 1 to 32 printable ASCII characters without a space, was "
                f"{shown(unfit[0][1])}; fix: another one, such as {spelt_as_symbol(unfit[0][1]) or 'XYZ'}"
            )
        scale = self.price_scale or 1.0
        if not 1e-18 < scale <= 1 or not isclose(1 / scale, round(1 / scale)):
            raise ConfigurationError(
                f"expected one over a whole number as scale of prices, was {scale!r}; fix: 1e-9, 0.01"
            )
        if self.bars not in ("", "open", "close"):
            raise ConfigurationError(f"expected open or close of bars, was {shown(self.bars)}; fix: --bars open")
        if self.length:
            length_of(self.length)
        known_encoding(self.encoding)
        self.number()
        self.clock()

    @property
    def plain(self) -> bool:
        """Whether rows need no change beyond their types."""
        return self == Columns()

    def of(self, file: str) -> "Columns":
        """The columns of one of several files, with the symbol of that file."""
        symbol = self.symbols.get(file) or self.symbols.get(PurePath(file).name) if self.symbols else ""
        return replace(self, symbol=symbol, symbols={}) if symbol else self

    def clock(self) -> TimeColumn:
        """Reads the times of one file.

        Raises:
            ConfigurationError: a zone or a date is none.
        """
        try:
            day = date.fromisoformat(self.date) if self.date else None
        except ValueError:
            raise ConfigurationError(f"expected a date as YYYY-MM-DD, was {shown(self.date)}") from None
        unit = None if self.time_unit == "auto" else self.time_unit
        order = None if self.dates == "auto" else self.dates
        return TimeColumn(unit, zone_of(self.zone or "UTC"), order, day)

    def number(self) -> Number:
        """Reads the numbers of one file.

        Raises:
            ConfigurationError: marks that cannot be told apart.
        """
        return number_of(self.decimal or ".", self.thousands)

    def constants(self) -> dict[str, str]:
        """Field -> cell that is the same in every row."""
        return {name: value for name, value in (("kind", self.kind), ("symbol", self.symbol)) if value}


def _unknown_fields(unknown: Sequence[str], names: Mapping[str, str]) -> ConfigurationError:
    """The error about a mapping of fields that ticks do not have, with a mapping that works."""
    known = {word: field for field, words in LIKELY.items() for word in words} | OF_BARS
    meant = {field: field if field in FIELDS else known.get(plain(field), "") for field in names}
    pairs = [f"{meant[field]}={column}" for field, column in names.items() if meant[field]]
    fix = f"--map {option(','.join(pairs))}" if pairs else "field=column, for example bid=best_bid"
    sentence = f"expected a column mapping for fields among {', '.join(FIELDS)}, was {', '.join(unknown)}; fix: {fix}"
    if {*map(plain, unknown)} & {*OF_BARS, "open", "high", "low"}:
        sentence += ", since a bar becomes a trade at its close; its open, high and low need no mapping"
    return ConfigurationError(sentence)


class BookColumns(Columns, frozen=True):
    """How rows that are changes of a book are taken apart, as a format says it.

    Attributes:
        levels: columns that are looked at besides the fields.
    """

    levels: tuple[str, ...] = ()


def of_book(columns: Columns, levels: tuple[str, ...]) -> BookColumns:
    """Columns of rows that are changes of a book."""
    said = {field: getattr(columns, field) for field in columns.__struct_fields__}
    return BookColumns(**(said | {"levels": levels}))


def kind_of(present: Any) -> str:
    """Kind of tick that a set of field names shows; empty when they fit both kinds or neither.

    >>> kind_of({"ts_event", "bid", "ask"}), kind_of({"price", "size", "side"}), kind_of({"bid", "ask", "price"})
    ('quote', 'trade', '')
    """
    quote, trade = "bid" in present or "ask" in present, "price" in present
    if quote == trade:
        return ""
    return "quote" if quote else "trade"
