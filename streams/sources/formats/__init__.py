"""Named file formats: a TOML file for each says how such a file is recognised and how its rows become ticks.

`tickloop formats` lists them. A user's own format has the same fields and is given by its path.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from schemas.errors import ConfigurationError
from streams.sources.bars import length_of
from streams.sources.book_rows import BookForm
from streams.sources.cells import shown
from streams.sources.columns import FIELDS, Columns
from streams.sources.times import DateOrder, TimeUnit

Means = Literal["quotes", "trades", "quotes and trades", "bars", "not read"]
KINDS: Mapping[str, str] = {"quotes": "quote", "trades": "trade", "bars": "trade"}
"""Kinds of rows; where a file holds both, a column says which a row is."""

NONE = "none"
"""Given instead of a name: use no format, even if one fits."""

CELLS: Mapping[str, str] = {
    "whole": r"\d+",
    "number": r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?",
    "flag": r"true|false|True|False|TRUE|FALSE|0|1",
    "text": r".*",
}
"""Predefined patterns for the cells of a column; any other value of `cells` is a regular expression."""

ASKED = "asked"
"""Given instead of a zone: the user must give it, since the file does not show it."""

QUOTED = ("bid", "bid_size", "ask", "ask_size")

Scale = Annotated[float, Meta(gt=1e-18, le=1.0)]
"""Factor of prices that are stored as whole numbers: one over a whole number, such as 1e-9."""


class Format(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a file is recognised and how its rows become ticks; fields that `Columns` has too mean the same there.

    Attributes:
        name: of the format; that of its file.
        title: for people.
        origin: address of the public documentation.
        means: what a row is.
        example: name that such a file has.
        note: what else a reader should know.
        json: whether it is of objects; else it is a table.
        columns: names that are all in the header, or keys that an object has.
        lacks: names that are not there.
        file: regular expression searched in the file's name. Its groups `symbol` and `date` give these; a group
            `contract` is appended to the symbol after an underscore, and `length` is the length of a bar.
        not_in: folders whose files are never of this format: some vendors use one layout for several markets, with
            other units or zones, and separate them by folder.
        header: names of the columns of files without a header.
        cells: of such files: what the cells of each column look like (`CELLS`).
        more: whether more columns may follow these.
        looks: column, or path in the object, -> regular expression that its cells match in all of the first rows.
        rank: of all formats that fit, the one with the highest rank is taken.
        names: field -> column, or several of which the first that exists is taken. An optional field whose column
            does not exist is left out.
        rows: paths to the rows in an object; the first with the columns is taken; an empty path is the object.
        whole_price_scale: `price_scale` for files in which all prices of the first rows are whole numbers.
        zones: folder of the file -> zone of its times, where a vendor sorts files of several markets by folder.
            With a `zone` of `asked`, `--zone` is needed where the path has no such folder.
        carried: fields of quotes in a table whose rows hold only what has changed: an empty cell keeps its last
            value.
        fixed_point: whether prices and sizes of Parquet are whole numbers of a fraction: 8 bytes count 1e-9, 16 bytes
            1e-16, in the order of small machines.
        symbol_key: of Parquet: key of the symbol in the metadata of the file.
        bars: whether the time of a bar is its `open` or its `close`; `asked` where `--bars` must say it.
        book: where rows, or messages, are changes of a book: how they are written. Their fields are those of trades,
            with a side that is `buy` for bids.
        refused: why such files are not read, with the way out.
    """

    title: str
    origin: str
    means: Means
    example: str
    name: str = ""
    note: str = ""
    json: bool = False
    columns: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    file: str = ""
    not_in: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    more: bool = False
    looks: dict[str, str] = field(default_factory=dict)
    rank: Annotated[int, Meta(ge=-100, le=100)] = 0
    names: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    time_unit: TimeUnit | Literal["auto"] = "auto"
    zone: str = "UTC"
    zones: dict[str, str] = field(default_factory=dict)
    dates: DateOrder | Literal["auto"] = "auto"
    rows: tuple[str, ...] = ("",)
    decimal: str = "."
    sides: dict[str, Literal["buy", "sell", ""]] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    price_scale: Scale = 1.0
    whole_price_scale: Scale = 1.0
    bars: Literal["", "open", "close", "asked"] = ""
    length: str = ""
    book: BookForm | None = None
    carried: tuple[str, ...] = ()
    fixed_point: bool = False
    symbol_key: str = ""
    refused: str = ""

    def __post_init__(self) -> None:
        if unknown := set(self.names) - set(FIELDS):
            raise ValueError(f"expected fields among {', '.join(FIELDS)}, was {', '.join(sorted(unknown))}")
        if not self.columns and not self.cells:
            raise ValueError("expected columns or cells by which a file is known, was neither")
        if self.cells and len(self.cells) != len(self.header):
            raise ValueError("expected a name in header for each of cells")
        if self.carried and (self.json or self.book is not None or not {*self.carried} <= {*QUOTED}):
            raise ValueError(f"expected carried, fields among {', '.join(QUOTED)}, of a table of quotes alone")
        if (self.means == "not read") != bool(self.refused):
            raise ValueError("expected refused, a sentence, with means = 'not read', and only there")
        if (self.means == "bars") > bool(self.bars) or (self.bars and self.means not in ("bars", "quotes")):
            raise ValueError(
                "expected bars, what the time of one means, with means = 'bars', and only there or of quotes"
            )
        for pattern in (self.file, *self.looks.values(), *self.cells):
            try:
                re.compile(CELLS.get(pattern, pattern))
            except re.error as error:
                raise ValueError(f"expected a regular expression, was {pattern!r}: {error}") from None
        if self.length:
            length_of(self.length)
        if self.zone == ASKED and not self.zones:
            raise ValueError("expected zones, by which a folder tells the zone, with zone = 'asked'")
        for zone in (self.zone, *self.zones.values()):
            Columns(zone="" if zone == ASKED else zone)
        Columns(decimal=self.decimal, price_scale=self.price_scale, sides=dict(self.sides))


@lru_cache(maxsize=1)
def formats() -> Mapping[str, Format]:
    """All formats that come with the product, by their names in alphabetical order."""
    found = (each for each in files(__name__).iterdir() if each.name.endswith(".toml"))
    return {
        each.name[:-5]: decoded(each.name[:-5], each.read_bytes()) for each in sorted(found, key=lambda each: each.name)
    }


def decoded(name: str, text: bytes) -> Format:
    """A format from the text of its TOML file.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        return msgspec.structs.replace(msgspec.toml.decode(text, type=Format), name=name)
    except (msgspec.DecodeError, ValueError, UnicodeDecodeError, ConfigurationError) as error:
        raise ConfigurationError(f"format {name}: {error}; fix: compare it with `tickloop formats NAME`") from None


@lru_cache(maxsize=8)
def named(name: str) -> Format:
    """The format of a name, or of a TOML file.

    Raises:
        ConfigurationError: there is none; names that are near are said.

    >>> named("binance_trades").means
    'trades'
    >>> named("refinitiv")
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: expected a format, was 'refinitiv'; fix: --format refinitiv_tick_history
    """
    known = formats()
    if name in known:
        return known[name]
    if name.endswith(".toml"):
        try:
            return decoded(name, Path(name).read_bytes())
        except OSError as error:
            raise ConfigurationError(f"--format {name}: expected a readable file, was: {error.strerror}") from None
    near = get_close_matches(name.lower(), known, 3) or [each for each in known if name.lower() in each][:5]
    fix = "--format " + " or ".join(near) if near else "`tickloop formats` lists them; a file of your own ends in .toml"
    raise ConfigurationError(f"expected a format, was {shown(name)}; fix: {fix}")
