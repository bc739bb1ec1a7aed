"""Turns the cells of a row into a tick: which cell of the file holds which field, and how it is read."""

from collections.abc import Callable, Sequence
from copy import copy
from math import isfinite
from typing import Any

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.sources.aggressors import Sides
from streams.sources.bars import bar_length, is_of_bars, length_of, readable_times
from streams.sources.cells import LONGEST_NUMBER, MOST_BITS, kept, shortened, shown
from streams.sources.column_kinds import is_number
from streams.sources.columns import ABSENT, FIELDS, NEEDED, NUMBERS, BookColumns, Columns, kind_of
from streams.sources.first_row_checks import expect_kinds, expect_no_orders, expect_numbers, expect_symbols
from streams.sources.kinds_and_numbers import is_finite, kind_from
from streams.sources.missing_columns import MissingColumns, wanted
from streams.sources.order_rows import columns_of_actions
from streams.sources.sizes import like_a_size
from streams.sources.time_spelling import spelling
from streams.sources.times import BEYOND, TimeColumn

NOT_OF = {"quote": ("price", "size", "side"), "trade": ("bid", "bid_size", "ask", "ask_size")}
"""For each kind of tick, the fields that only the other kind has: one `--map` may serve files of both."""

BARS = (
    "a table of bars, each row a trade at its time as it stands: if that is when a bar begins, its close is of the "
    "future; fix: --bars open, or --bars close if it has ended"
)


class Layout:
    """Which cells of a file's rows hold which fields of a tick, and how the cells are read.

    Args:
        header: names of the file's columns, in the order of the cells.
        columns: settings for reading the file.
        name: name of the file, for errors; empty if there is none.

    Raises:
        ConfigurationError: a column that ticks need is missing, or it cannot be told whether rows are quotes or trades.

    Attributes:
        place: for each field that a column holds, the index of its cell.
        fixed: for each field that is the same in every row, its value.
        joined: indices of the cells that make up the time together (a date and a time of day); empty if one cell holds
            the time.
        width: number of cells in a row.
        times: sentence for people on how times are read; empty before `settle`.
        warned: warning about the columns; empty if there is none.
        shift: ns to add to the time of a row: the length of a bar if the time is its open, else 0.
        clock: reader of times.
        sides: reader of the aggressors of trades.
        checked: whether a file is refused if its first rows cannot be those of a market.
        of_book: whether rows change an order book.
        others: for rows that change an order book, the index of each further column that is needed.
    """

    def __init__(self, header: Sequence[str], columns: Columns, name: str = "") -> None:
        self.header = header
        self.of_book = isinstance(columns, BookColumns)
        levels = columns.levels if isinstance(columns, BookColumns) else ()
        self._begins = f"{name}: " if name else ""
        fixed = columns.constants()
        self.joined: tuple[int, ...] = ()
        self.place: dict[str, int] = {}
        absent = [field for field, name in columns.names.items() if name == "-"]
        for field in FIELDS:
            if (
                field not in fixed
                and field not in absent
                and (found := self._found(columns.names.get(field, field), field, columns))
            ):
                self.place[field] = found[0]
                if len(found) > 1:
                    self.joined = found
        if "kind" not in fixed | self.place and (kind := kind_of(self.place)):
            fixed["kind"] = kind
        kind = fixed.get("kind", "")
        mapped = [field for field in columns.names if field not in (*NOT_OF.get(kind, ()), *absent)]
        needed = dict.fromkeys(["kind", "symbol", "ts_event", *mapped, *NEEDED.get(kind, ())])
        if self.of_book:  # of messages, which have many levels each
            needed = {field: None for field in needed if field not in absent}
        if missing := [field for field in needed if field not in fixed | self.place]:
            raise MissingColumns(self._begins, list(wanted(missing, self.place, columns, header)), header)
        self._expect_sizes(kind, absent)
        self.width = len(header)
        if unknown := [name for name in columns.where if name not in header]:
            raise ConfigurationError(
                f"{self._begins}expected a column {unknown[0]!r}, was {shortened(', '.join(header))}; "
                "fix: --where with one of these"
            )
        if double := [name for name in columns.where if header.count(name) > 1]:
            raise ConfigurationError(
                f"{self._begins}expected one column {double[0]!r} to choose rows by, was {header.count(double[0])}; "
                "fix: give one of them another name"
            )
        self.where = tuple((header.index(name), frozenset(value.split("|"))) for name, value in columns.where.items())
        lowered = [str(name).lower() for name in header]
        self.others = {
            name: header.index(name) if name in header else lowered.index(name.lower())
            for name in levels
            if name in header or name.lower() in lowered
        }
        self.times, self.shift, self._bars, self._length = "", 0, columns.bars, columns.length
        self.warned = BARS if not columns.bars and is_of_bars(header) else ""
        self.checked, self._whole = columns.checked, False
        self._price_divisor = round(1 / (columns.price_scale or 1.0))
        self.fixed = fixed | {field: cell for field, cell in ABSENT.items() if field not in self.place}
        self.clock: TimeColumn = columns.clock()
        self._number, self._decimal = columns.number(), columns.decimal or "."
        self._kinds = {word.lower(): kind for word, kind in columns.kinds.items()}
        self._padded, self._renamed = False, columns.renamed
        self.sides = Sides(header[self.place["side"]] if "side" in self.place else "", columns.sides)

    def _found(self, name: str, field: str, columns: Columns) -> tuple[int, ...]:
        """Index of a column, or of the columns whose cells are joined; empty where there is no such column."""
        header = self.header
        if header.count(name) > 1:
            raise ConfigurationError(
                f"{self._begins}expected one column {name!r}, was {header.count(name)}; "
                f"fix: --map {field}=#N, by its position"
            )
        if name in header:
            return (header.index(name),)
        if name.startswith("#") and name[1:].isdigit() and 0 < int(name[1:]) <= len(header):
            return (int(name[1:]) - 1,)
        if field in columns.names and field == "ts_event" and "+" in name:
            parts = [self._found(part, field, columns) for part in name.split("+")]
            if all(parts):
                return tuple(at for part in parts for at in part)
        return ()

    def _expect_sizes(self, kind: str, absent: Sequence[str]) -> None:
        """Refuse a file whose sizes have an unknown name, since they would be read as 0."""
        sides = {"quote": {"bid_size": "bid", "ask_size": "ask"}, "trade": {"size": ""}}.get(kind, {})
        there: dict[str, str] = {}
        for field, side in sides.items():
            if field in self.place or field in absent:
                continue
            for at, column in enumerate(self.header):
                if at not in self.place.values() and like_a_size(str(column), side):
                    there.setdefault(field, str(column))
        if there:
            pairs = ",".join(f"{field}={name}" for field, name in there.items())
            none = ",".join(f"{field}=-" for field in there)
            raise ConfigurationError(
                f"{self._begins}expected the sizes of {kind}s, was {', '.join(there.values())}; fix: --map {pairs}, "
                f"or --map {none} to leave them out"
            )

    @property
    def constants(self) -> tuple[str, ...]:
        """Values that are the same in every row; `builder` expects them after the cells of a row."""
        return tuple(self.fixed.values())

    def settle(self, rows: Sequence[Sequence[Any]], name: str) -> None:
        """Check the first rows, and find out from them how times and numbers are written, unless the user has said how.

        It is called once, before `builder`.

        Args:
            rows: cells of the first rows.
            name: name of the file, for errors.

        Raises:
            ConfigurationError: times or numbers can be read in two ways or in none, or words for the kind of tick or
                for the side are unknown, or symbols are invalid.
        """
        times = [self.time_of(row) for row in rows if len(row) >= self.width]
        kinds = dict.fromkeys(map(type, times))
        # Of floats and decimals int() drops a fraction: it may be asked of a column of text, or of integers, alone.
        self._whole = not self.joined and [*kinds] in ([str], [int])
        if not self.checked and self.clock.unit is not None:
            self._settle_bars(times, name)
            return
        try:
            self.times = self.clock.settle(times)
        except ConfigurationError as error:
            raise ConfigurationError(str(error), where=name) from None
        self._settle_bars(times, name)
        if not self.where:
            if self.fixed.get("kind") == "trade" and self.checked and not self.of_book:
                expect_no_orders(self.header, rows, [*self.place.values(), *self.joined], name)
            if "kind" in self.place:
                expect_kinds(self.header[self.place["kind"]], self._cells("kind", rows), self._kinds, name)
        self.sides.expect_told(self._cells("side", rows), name)
        symbols = [str(cell) for cell in self._cells("symbol", rows)]
        self._padded = any(cell != cell.strip() for cell in symbols)
        if self.checked:
            called = self.fixed.get("symbol", "")
            column = "" if called else str(self.header[self.place["symbol"]]) if "symbol" in self.place else ""
            expect_symbols(column, map(self.renamed, symbols or filter(None, [called])), name)
        for field in ("bid", "ask", "price", "bid_size", "ask_size", "size"):
            expect_numbers(field, self._cells(field, rows), name, self._number, self._decimal)

    def _cells(self, field: str, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """The cells of a field in some rows, without empty ones."""
        at = self.place.get(field)
        return [] if at is None else [row[at] for row in rows if len(row) > at and row[at] not in ("", None)]

    def _settle_bars(self, times: Sequence[Any], name: str) -> None:
        """Set `shift` to the length of a bar, if the time of a row is that at which its bar opens."""
        if self._bars != "open" or not times:
            return
        read = readable_times(self.clock.read, times)
        self.shift = length_of(self._length) if self._length else bar_length(sorted(read))
        if not self.shift:
            raise ConfigurationError(
                f"expected two bars at least to tell how long one is, was {len(read)}; fix: --bar-length 60s",
                where=name,
            )

    def time_of(self, row: Sequence[Any]) -> Any:
        """The cell of a row that holds its time; if several cells make up the time, their texts joined by spaces."""
        if self.joined:
            return " ".join(str(row[at]) for at in self.joined)
        return row[self.place["ts_event"]]

    def builder(self) -> Callable[[Sequence[Any]], Quote | Trade]:
        """A function that makes a tick of a row, given the cells of the row followed by `constants`.

        The cells of `kind`, `symbol` and `side` must be text. For cells that make no tick, the function raises one of
        the errors `reading.NO_TICK` (ValueError, TypeError, IndexError, OverflowError).
        """
        place = self.place | {field: self.width + at for at, field in enumerate(self.fixed)}
        nowhere = self.width + len(self.fixed)
        kind_at, symbol_at, time_at, bid_at, bid_size_at, ask_at, ask_size_at, price_at, size_at, side_at, seq_at = (
            place.get(field, nowhere) for field in FIELDS
        )
        read, number, joined, time_of = self.clock.read, self._number, self.joined, self.time_of
        side_of, sides, kinds, size_of = self.sides, self.sides.known, self._kinds, self._size
        scale = self.clock.scale if self._whole else 0
        if self.shift:
            read, scale = self._read_shifted, 0
        divisor = self._price_divisor
        price_of = number if divisor == 1 else lambda cell: number(cell) / divisor

        def build(cells: Sequence[Any]) -> Quote | Trade:
            cell = time_of(cells) if joined else cells[time_at]
            try:
                ts_event = int(cell) * scale if scale else read(cell)
            except (ValueError, OverflowError):
                ts_event = read(cell)
            if ts_event.bit_length() > MOST_BITS:
                raise ValueError(f"expected a time from 1677 to 2262, was {shown(cell)}")
            seq = None
            if cells[seq_at]:
                seq = int(cells[seq_at])
                if seq.bit_length() > MOST_BITS:
                    raise ValueError(f"expected a 64-bit sequence number, was {shown(cells[seq_at])}")
            kind = cells[kind_at]
            is_quote = kind == "quote"
            if not is_quote and kind != "trade":
                kind = kind_from(kind, kinds)
                is_quote = kind == "quote"
            if is_quote:
                bid, ask = price_of(cells[bid_at]), price_of(cells[ask_at])
                try:
                    bid_size, ask_size = number(cells[bid_size_at]), number(cells[ask_size_at])
                except (ValueError, TypeError):
                    bid_size, ask_size = size_of(cells[bid_size_at]), size_of(cells[ask_size_at])
                if isfinite(bid + bid_size + ask + ask_size):
                    return Quote(cells[symbol_at], ts_event, bid, bid_size, ask, ask_size, seq)
            elif kind == "trade":
                price = price_of(cells[price_at])
                try:
                    size = number(cells[size_at])
                except (ValueError, TypeError):
                    size = size_of(cells[size_at])
                if isfinite(price + size):
                    side = cells[side_at]
                    side = sides[side] if side in sides else side_of(side)
                    return Trade(cells[symbol_at], ts_event, price, size, side, seq)
            else:
                raise ValueError(f"expected kind quote or trade, was {shown(cells[kind_at])}")
            raise ValueError("expected finite numbers, was NaN or infinity")

        renamed = self.renamed

        def build_renamed(cells: Sequence[Any]) -> Quote | Trade:
            cells = list(cells)
            cells[symbol_at] = renamed(cells[symbol_at])
            return build(cells)

        return build_renamed if (self._padded or self._renamed) and "symbol" in self.place else build

    def renamed(self, symbol: str) -> str:
        """The symbol that a tick gets, given the symbol in its row: the user's new name for it, or else the same.

        The user gives new names in `Columns.renamed`. Spaces around the symbol in the row are dropped.
        """
        plain = symbol.strip() if isinstance(symbol, str) else symbol
        return self._renamed.get(plain, plain)

    def _size(self, cell: Any) -> float:
        """A size; an empty cell is 0."""
        return 0.0 if cell is None or (isinstance(cell, str) and not cell.strip()) else self._number(cell)

    def _read_shifted(self, cell: object) -> int:
        return self.clock.read(cell) + self.shift

    def named(self, cells: Sequence[Any]) -> dict[str, Any]:
        """The fields of a row that makes no tick, by name; empty cells are left out.

        Times and numbers that can be read become numbers (a time: ns since 1970); other cells are kept as they are.
        """
        row = self.fixed | {field: cells[at] for field, at in self.place.items()}
        if "ts_event" in self.place:
            row["ts_event"] = self.time_of(cells)
        fields = {field: self._best(field, row[field]) for field in FIELDS if row.get(field) not in ("", None)}
        if fields.get("ts_event") == BEYOND:  # no record can hold this time, so the cell is kept as it stands
            fields["ts_event_cell"] = kept(row["ts_event"])
        return fields

    def _best(self, field: str, cell: Any) -> Any:
        try:
            number: int | float
            if field == "ts_event":
                number = self.clock.read(cell)
            elif field in NUMBERS and len(str(cell)) <= LONGEST_NUMBER:
                number = int(cell) if field == "seq" else self._number(cell)
            elif field == "kind":
                return kind_from(cell, self._kinds) or kept(cell)
            else:
                return kept(cell)
            return kept(number)
        except (ValueError, TypeError, OverflowError):
            return kept(cell)

    def unreadable(self, cells: Sequence[Any]) -> str:
        """Sentence on the first price in a row (bid, ask or price) that is not a number; empty if all are numbers."""
        at = self.place.get("kind", -1)
        kind = self.fixed.get("kind") or (kind_from(cells[at], self._kinds) if 0 <= at < len(cells) else "")
        for field in NEEDED.get(kind, ()):
            at = self.place.get(field, len(cells))
            if at >= len(cells):
                continue
            try:
                self._number(cells[at])
            except (ValueError, TypeError):
                column = "" if self.header[at] == field else f" in column {str(self.header[at])!r}"
                return f"expected a number for {field}{column}, was {shown(cells[at])}"
        return ""

    def is_wanted(self, cells: Sequence[Any]) -> bool:
        """Whether a row has the values that the user asked for in `Columns.where`; True if the user asked for none."""
        return all(str(cells[at]) in values for at, values in self.where)

    def narrowed(self, used: Sequence[int]) -> "Layout":
        """A copy of the layout, for rows that hold only some of the cells.

        Args:
            used: for each cell of such a row, its index in a whole row.
        """
        at = {place: index for index, place in enumerate(used)}
        layout = copy(self)
        layout.header = [self.header[place] for place in used]
        layout.place = {field: at[place] for field, place in self.place.items()}
        layout.joined = tuple(at[place] for place in self.joined)
        layout.where = tuple((at[place], values) for place, values in self.where)
        layout.others = {name: at[place] for name, place in self.others.items()}
        layout.width = len(used)
        return layout

    def used(self) -> list[int]:
        """Indices of all cells that are needed to read a row, in ascending order."""
        return sorted(
            {
                *self.place.values(),
                *self.joined,
                *(at for at, _ in self.where),
                *(columns_of_actions(self.header) if self.fixed.get("kind") == "trade" and not self.where else ()),
                *self.others.values(),
            }
        )


def looks_like_a_row(header: Sequence[str]) -> bool:
    """Whether the first line of a table, which should hold names of columns, is already a row of values.

    >>> looks_like_a_row(["1700000001", "77.11", "1.0"]), looks_like_a_row(["ts_event", "bid", "ask"])
    (True, False)
    >>> looks_like_a_row(["09.08.2024", "12:00:01", "FDAX", "18500,5", "3", "K"])
    True
    """
    numbers = sum(is_finite(cell) or (cell[:1].isdigit() and _is_a_cell(cell)) for cell in header)
    return numbers >= 2 and 2 * numbers >= len(header)


def _is_a_cell(text: str) -> bool:
    return is_number(text) or spelling([text]) != ""
