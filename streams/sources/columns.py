"""Settings for reading a file: which column holds which field of a tick, and how times and numbers are written."""

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
    """Settings for reading a file; the default fits a file whose columns are named like the fields of ticks.

    Attributes:
        names: for a field of a tick, the name of its column, if the two differ. `#3` means the third
            column, an empty name the column without a name, and `-` that the file lacks the field. Columns
            joined by `+` are read as one, with a space between (a date and a time of day). In JSON a name
            with points is a path (`data.price`). One setting may serve files of quotes and of trades: a
            field that a file's kind of tick lacks is ignored.
        symbol: symbol of all rows; empty: a column holds it.
        symbols: for several files, the symbol of all rows of a file, by the file's path or name.
        kind: `quote` or `trade`, if all rows are of one kind; empty: a column says it, or the other columns
            show it.
        time_unit: unit of times that are numbers; `auto`: recognised from the first rows.
        zone: IANA time zone of days and times as text that name no zone; empty: that of the file format, or
            UTC.
        dates: order of day, month and year, for dates such as 08/09/2024; `auto`: recognised from the first
            rows.
        date: day as `YYYY-MM-DD`, for times that are only times of day or count from midnight; empty: not
            given.
        header: names of the columns, for a file whose first line is already a row; empty: the first line
            names them.
        rows: path to the list of rows in each JSON object (`data`); empty: the object is a row itself.
        decimal: decimal mark of numbers as text; empty: that of the file format, or a point.
        thousands: mark between thousands; empty: there is none.
        sides: for each word that a column of sides holds, its meaning: `buy`, `sell`, or empty for neither.
            Without any entry, the usual words are known.
        where: for a column, the value that a row must have there to be read, or several with `|` between
            them; other rows are left out.
        price_scale: factor for prices that are whole numbers: 1e-9 if 190250000000 means 190.25. 0: that of
            the file format, or 1.
        sort: whether the ticks of each file are sorted by time, which takes memory for all of them.
        checked: whether a file is refused if its first ticks cannot be those of a market.
        format: name of a file format, or path of the TOML file that describes it; empty: recognised from
            the file; `none`: none is used.
        bars: for a file of bars, whether the time of a row is the `open` or the `close` of its bar; empty:
            that of the file format, if it is a format of bars.
        encoding: encoding of text that is not Unicode, by its Python name (`cp1252`, `cp932`); empty: the
            text is Unicode.
        length: length of a bar, such as `60s`; used only if the time of a row is the open of its bar.
            Empty: the commonest distance between the times of the first rows.
        kinds: for further words that name a kind of tick, their meaning: `quote` or `trade`.
        renamed: for a symbol as the file writes it, the symbol that its ticks get.
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
        """Whether all settings are at their defaults, so that rows are taken as records of the topic `ticks`."""
        return self == Columns()

    def of(self, file: str) -> "Columns":
        """The settings for one of several files: `symbol` is the entry of `symbols` for the file, if there is one.

        Args:
            file: path or name of the file.
        """
        symbol = self.symbols.get(file) or self.symbols.get(PurePath(file).name) if self.symbols else ""
        return replace(self, symbol=symbol, symbols={}) if symbol else self

    def clock(self) -> TimeColumn:
        """A new reader of times by these settings, for one file.

        Raises:
            ConfigurationError: `zone` is no time zone, or `date` no date.
        """
        try:
            day = date.fromisoformat(self.date) if self.date else None
        except ValueError:
            raise ConfigurationError(f"expected a date as YYYY-MM-DD, was {shown(self.date)}") from None
        unit = None if self.time_unit == "auto" else self.time_unit
        order = None if self.dates == "auto" else self.dates
        return TimeColumn(unit, zone_of(self.zone or "UTC"), order, day)

    def number(self) -> Number:
        """A function that reads a text as a number by these settings.

        Raises:
            ConfigurationError: the marks for decimals and thousands are the same, or not allowed.
        """
        return number_of(self.decimal or ".", self.thousands)

    def constants(self) -> dict[str, str]:
        """The fields that are the same in every row, with their values: `kind` and `symbol`, if the user set them."""
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
    """Settings for reading a file whose rows are changes of an order book.

    Attributes:
        levels: names of columns that are needed besides time, symbol, price, size and side.
    """

    levels: tuple[str, ...] = ()


def of_book(columns: Columns, levels: tuple[str, ...]) -> BookColumns:
    """A copy of the settings, with the further columns that changes of an order book need.

    Args:
        columns: settings for the file.
        levels: names of columns that are needed besides time, symbol, price, size and side.
    """
    said = {field: getattr(columns, field) for field in columns.__struct_fields__}
    return BookColumns(**(said | {"levels": levels}))


def kind_of(present: Any) -> str:
    """Kind of tick, `quote` or `trade`, that has the given fields; empty if they fit both kinds or neither.

    Args:
        present: names of the fields that a file has.

    >>> kind_of({"ts_event", "bid", "ask"}), kind_of({"price", "size", "side"}), kind_of({"bid", "ask", "price"})
    ('quote', 'trade', '')
    """
    quote, trade = "bid" in present or "ask" in present, "price" in present
    if quote == trade:
        return ""
    return "quote" if quote else "trade"
