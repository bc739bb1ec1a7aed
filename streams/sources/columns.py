"""From a row of named cells to a tick: which column is which field, the unit of the time stamps, what is constant."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, Overflow
from functools import lru_cache
from math import isfinite
from typing import Any, Literal

import msgspec

from schemas.errors import ConfigurationError
from schemas.ticks import LONGEST_SIDE, Quote, Trade
from streams.sources.cells import END_OF_INTEGERS, LONGEST_NUMBER, kept, shortened, shown

TimeUnit = Literal["ns", "us", "ms", "s"]
NS_PER: dict[TimeUnit, int] = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}

FIELDS = ("kind", "symbol", "ts_event", "bid", "bid_size", "ask", "ask_size", "price", "size", "side", "seq")
NUMBERS = frozenset({"bid", "bid_size", "ask", "ask_size", "price", "size", "seq"})
NEEDED = {"quote": ("bid", "ask"), "trade": ("price", "size")}
ABSENT = {"bid_size": "0", "ask_size": "0", "side": "", "seq": ""}
"""Cells of fields that a feed may not have at all, as the records define them."""

_ISO = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAUSIBLE = range(631_152_000 * 10**9, 4_102_444_800 * 10**9)  # years 1990 to 2099


BEYOND = 10**40
"""Stands for every time that is further away than any record can hold, however many digits it has."""


class Columns(msgspec.Struct, frozen=True):
    """How the rows of a file become ticks; the default fits files whose columns have the names of the fields.

    Attributes:
        names: field -> name of its column, for columns that are called something else.
        symbol: symbol of every row, for files that have none.
        kind: `quote` or `trade`, for files that have no such column; without it the columns tell.
        time_unit: unit of numeric time stamps since the Unix epoch; ISO 8601 is understood in any case.
    """

    names: dict[str, str] = {}
    symbol: str = ""
    kind: str = ""
    time_unit: TimeUnit = "ns"

    def __post_init__(self) -> None:
        if unknown := set(self.names) - set(FIELDS):
            raise ConfigurationError(
                f"expected a column mapping for fields among {', '.join(FIELDS)}, was {', '.join(sorted(unknown))}; "
                "fix: field=column, for example bid=best_bid"
            )
        if self.kind not in ("", *NEEDED):
            raise ConfigurationError(f"expected kind quote or trade, was {self.kind!r}")

    @property
    def plain(self) -> bool:
        """Whether rows need no change beyond their types."""
        return self == Columns()

    def constants(self) -> dict[str, str]:
        """Cells that every row has."""
        return {name: value for name, value in (("kind", self.kind), ("symbol", self.symbol)) if value}


def kind_of(present: Any) -> str:
    """Kind that a set of field names tells, or empty when they fit both or neither.

    >>> kind_of({"ts_event", "bid", "ask"}), kind_of({"price", "size", "side"}), kind_of({"bid", "ask", "price"})
    ('quote', 'trade', '')
    """
    quote, trade = "bid" in present or "ask" in present, "price" in present
    if quote == trade:
        return ""
    return "quote" if quote else "trade"


@lru_cache(maxsize=1024)
def _second(stamp: str, zone: str) -> int:
    return (datetime.fromisoformat(stamp + zone) - _EPOCH) // timedelta(seconds=1)


def event_time(cell: object, unit: TimeUnit = "ns") -> int:
    """Time stamp as ns since the Unix epoch, exact to the last digit that is given.

    Args:
        cell: number, or text: number or ISO 8601 date and time; without a zone it is UTC.
        unit: of numbers.

    Returns:
        Ns; of a number that has far too many digits, `BEYOND`.

    Raises:
        ValueError: it is neither.

    >>> event_time("1723161255088169167"), event_time("1723161255.088169167", "s"), event_time(1723161255088, "ms")
    (1723161255088169167, 1723161255088169167, 1723161255088000000)
    >>> event_time("2024-08-08T23:54:15.088169167Z"), event_time("2024-08-09 01:54:15,5+02:00")
    (1723161255088169167, 1723161255500000000)
    """
    try:
        text = str(cell).strip()
        if len(text) <= LONGEST_NUMBER:
            if parts := _ISO.fullmatch(text):
                stamp, fraction, zone = parts.groups()
                return _second(stamp, zone or "Z") * 10**9 + int((fraction or "0").ljust(9, "0"))
            number = Decimal(text)
            # The exponent first: the number that 1e999990 stands for takes a minute to write down.
            if number.is_finite():
                return int((number * NS_PER[unit]).to_integral_value()) if number.adjusted() < 40 else BEYOND
        elif text.isdigit():
            return BEYOND
    except Overflow:
        return BEYOND
    except (ArithmeticError, ValueError):
        pass
    raise ValueError(f"expected a time stamp in {unit} or ISO 8601, was {shown(cell)}")


def expect_plausible_unit(ts_event: int, unit: TimeUnit) -> None:
    """Stop a whole file of ticks from landing in 1970, or in the year 56000.

    Raises:
        ConfigurationError: another unit puts the time stamp between 1990 and 2099, and this one does not.

    >>> expect_plausible_unit(1723161255088 * NS_PER["ns"], "ns")
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: expected time stamps in ns, was 1723161255088; fix: --time-unit ms
    """
    stamp = ts_event // NS_PER[unit]
    fitting = [name for name, scale in NS_PER.items() if stamp * scale in _PLAUSIBLE]
    if ts_event not in _PLAUSIBLE and fitting:
        raise ConfigurationError(f"expected time stamps in {unit}, was {stamp}; fix: --time-unit {fitting[0]}")


class Layout:
    """Columns of one file, resolved against its header.

    Args:
        header: names of the file's columns, in the order of its cells.
        columns: what is called otherwise, or constant.
        name: of the file, for the sentence; empty where there is none.

    Raises:
        ConfigurationError: a field that ticks need is nowhere, or what a row is cannot be told.
    """

    def __init__(self, header: Sequence[str], columns: Columns, name: str = "") -> None:
        at = {name: index for index, name in enumerate(header)}
        fixed = columns.constants()
        called = {field: columns.names.get(field, field) for field in FIELDS if field not in fixed}
        self.place = {field: at[name] for field, name in called.items() if name in at}
        if "kind" not in fixed | self.place and (kind := kind_of(self.place)):
            fixed["kind"] = kind
        needed = ["kind", "symbol", "ts_event", *columns.names, *NEEDED.get(fixed.get("kind", ""), ())]
        if missing := [field for field in needed if field not in fixed | self.place]:
            raise ConfigurationError(
                f"{name and f'{name}: '}expected a column for {', '.join(missing)}, "
                f"was {shortened(', '.join(header))}; "
                "fix: --map FIELD=COLUMN, or --symbol and --kind where the file has no such column"
            )
        self.unit = columns.time_unit
        self.width = len(header)
        self.fixed = fixed | {field: cell for field, cell in ABSENT.items() if field not in self.place}

    @property
    def constants(self) -> tuple[str, ...]:
        """Cells that are the same in every row; `builder` expects them behind those of the file."""
        return tuple(self.fixed.values())

    def builder(self) -> Callable[[Sequence[Any]], Quote | Trade]:
        """Function from the cells of a row, with `constants` behind them, to a tick.

        It raises one of `reading.NO_TICK` when they make none. Cells of `kind`, `symbol` and `side` must be text.
        """
        place = self.place | {field: self.width + at for at, field in enumerate(self.fixed)}
        nowhere = self.width + len(self.fixed)
        kind_at, symbol_at, time_at, bid_at, bid_size_at, ask_at, ask_size_at, price_at, size_at, side_at, seq_at = (
            place.get(field, nowhere) for field in FIELDS
        )
        unit = self.unit
        scale = NS_PER[unit]
        lowest, highest = -END_OF_INTEGERS, END_OF_INTEGERS - 1

        def build(cells: Sequence[Any]) -> Quote | Trade:
            try:
                ts_event = int(cells[time_at]) * scale
            except (ValueError, OverflowError):
                ts_event = event_time(cells[time_at], unit)
            if not lowest <= ts_event <= highest:
                raise ValueError(f"expected a time from 1677 to 2262, was {shown(cells[time_at])}")
            seq = None
            if cells[seq_at]:
                seq = int(cells[seq_at])
                if not lowest <= seq <= highest:
                    raise ValueError(f"expected a 64-bit sequence number, was {shown(cells[seq_at])}")
            kind = cells[kind_at]
            if kind == "quote":
                bid, bid_size = float(cells[bid_at]), float(cells[bid_size_at])
                ask, ask_size = float(cells[ask_at]), float(cells[ask_size_at])
                if isfinite(bid + bid_size + ask + ask_size):
                    return Quote(cells[symbol_at], ts_event, bid, bid_size, ask, ask_size, seq)
            elif kind == "trade":
                price, size = float(cells[price_at]), float(cells[size_at])
                if isfinite(price + size):
                    side = cells[side_at]
                    if len(side) > LONGEST_SIDE:
                        raise ValueError(f"expected a side of at most {LONGEST_SIDE} characters, was {shown(side)}")
                    return Trade(cells[symbol_at], ts_event, price, size, side, seq)
            else:
                raise ValueError(f"expected kind quote or trade, was {shown(kind)}")
            raise ValueError("expected finite numbers, was NaN or infinity")

        return build

    def named(self, cells: Sequence[Any]) -> dict[str, Any]:
        """The row as fields: numbers where they are finite, everything else as it stands; empty cells left out."""
        row = self.fixed | {field: cells[at] for field, at in self.place.items()}
        fields = {field: _best(field, row[field], self.unit) for field in FIELDS if row.get(field) not in ("", None)}
        if fields.get("ts_event") == BEYOND:  # it is no time, and what it says is kept
            fields["ts_event_cell"] = kept(row["ts_event"])
        return fields


def _best(field: str, cell: Any, unit: TimeUnit) -> Any:
    try:
        number: int | float
        if field == "ts_event":
            number = event_time(cell, unit)
        elif field in NUMBERS and len(str(cell)) <= LONGEST_NUMBER:
            number = int(cell) if field == "seq" else float(cell)
        else:
            return kept(cell)
        return kept(number)
    except (ValueError, TypeError, OverflowError):
        return kept(cell)
