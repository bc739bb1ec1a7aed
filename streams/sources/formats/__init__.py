"""Named file formats: a TOML file for each describes how its files are recognised and how their rows become ticks.

`tickloop formats` lists them. A user can write another such TOML file, and name it by its path.
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
    """A named file format: how its files are recognised, and how their rows become ticks.

    Attributes that are not listed mean the same as in `Columns`, the user's settings for a file.

    Attributes:
        name: name of the format, which is that of its TOML file.
        title: name for people.
        origin: address of the public documentation of the format.
        means: what a row is, such as trades, quotes or bars.
        example: name that a file of the format may have.
        note: what else people should know; empty for nothing.
        json: whether a file holds JSON objects; False for a table.
        columns: names of columns, or keys of an object, that are all present in a file of the format.
        lacks: names of columns or keys that no file of the format has.
        file: regular expression that is found in the file's name; empty fits every name. Its groups `symbol`, `date`
            and `length` (of a bar) give these values; a group `contract` is appended to the symbol after an underscore.
        not_in: names of folders in which no file is of this format. Some vendors use one layout for several markets,
            with other units or zones in each, and separate them by folder.
        header: names of the columns, for files whose first line is already a row.
        cells: for files whose first line is already a row, what the cells of each column look like: `whole`, `number`,
            `flag`, `text` or a regular expression.
        more: whether further columns may follow those of `cells`.
        looks: for a column, or a path in an object, the regular expression that its cells in the first rows match.
        rank: number that decides between several formats that fit a file: the format with the highest rank is used.
        names: for a field of a tick, the name of its column, or several of which the first present one is used. An
            optional field is left out if its column is not present.
        rows: paths to the rows in an object; the first path at which all `columns` are found is used. An empty path
            means the object itself.
        whole_price_scale: `price_scale` for files in which all prices in the first rows are whole numbers.
        zones: for the name of a folder, the time zone of the files in it. If `zone` is `asked`, the user must give the
            zone of a file that lies in none of these folders.
        carried: fields of quotes whose empty cells stand for the value in the row before, in tables whose rows hold
            only what changed.
        fixed_point: whether prices and sizes in Parquet are bytes that hold a little-endian whole number: 8 bytes in
            units of 1e-9, 16 bytes in units of 1e-16.
        symbol_key: key of the symbol in the metadata of a Parquet file; empty: not there.
        bars: whether the time of a bar is its `open` or its `close`; `asked` if the user must say it.
        book: how changes of an order book are written, in files whose rows or messages hold such changes; None for
            other files. The fields of such a row are those of a trade, with a side that is `buy` for bids.
        refused: sentence on why such files are not read, and what to do instead; empty if they are read.
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
    """All file formats that come with Tickloop, each under its name, in alphabetical order."""
    found = (each for each in files(__name__).iterdir() if each.name.endswith(".toml"))
    return {
        each.name[:-5]: decoded(each.name[:-5], each.read_bytes()) for each in sorted(found, key=lambda each: each.name)
    }


def decoded(name: str, text: bytes) -> Format:
    """The file format that a TOML file describes.

    Args:
        name: name that the format gets.
        text: content of the TOML file.

    Raises:
        ConfigurationError: the text does not describe a format.
    """
    try:
        return msgspec.structs.replace(msgspec.toml.decode(text, type=Format), name=name)
    except (msgspec.DecodeError, ValueError, UnicodeDecodeError, ConfigurationError) as error:
        raise ConfigurationError(f"format {name}: {error}; fix: compare it with `tickloop formats NAME`") from None


@lru_cache(maxsize=8)
def named(name: str) -> Format:
    """A file format, given either the name of one that comes with Tickloop or the path of the user's TOML file.

    Raises:
        ConfigurationError: there is no such format or file; the error suggests similar names.

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
