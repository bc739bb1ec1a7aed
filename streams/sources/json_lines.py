"""Reads ticks from JSON, one object a line or one array: records of the topic `ticks`, or objects of known formats."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from schemas.codec import decoder
from schemas.errors import ConfigurationError, Refused
from schemas.ticks import Directive, Quote, Tick, Trade
from streams.engine.feed import Feed
from streams.sources.book_messages import BookMessages
from streams.sources.columns import FIELDS, Columns, kind_of
from streams.sources.formats.recognition import Understood, of_objects, path_of
from streams.sources.json_fields import bounded, chosen, present
from streams.sources.json_sample import expect_one_market_of, why_none
from streams.sources.json_values import (
    MOST_KINDS,
    cell_of,
    decoded,
    expect_single_names,
    goes_on,
    is_value,
    objects,
    signature_of,
    some_of,
    whole,
    within,
)
from streams.sources.layout import Layout
from streams.sources.lines import LONGEST_LINE, CutLine
from streams.sources.paths import at_path
from streams.sources.reading import LOOKED_AT, NO_TICK, FileReading

LOOKED_THROUGH = 1 << 22
"""Bytes searched for objects that make ticks: a recording may begin with whole order books of many markets."""


_decode_tick = decoder(Tick)
Build = Callable[[Sequence[Any]], Quote | Trade]


def json_ticks(blocks: Iterable[bytes], reading: FileReading) -> Iterator[list[Feed]]:
    """Yield the ticks of a file with one JSON object a line, in lists; an unreadable object becomes a `RawTick`.

    A `RawTick` holds the object and what is wrong with it. One object may also span the whole file.

    Args:
        blocks: content of the file in blocks of whole lines.
        reading: settings and progress of reading the file.

    Raises:
        ConfigurationError: no object has the fields of a tick, or times can be read in two ways.
        Refused: an object cannot be read, and `reading` is strict.
    """
    rows: JsonRows | None = None
    blocks = iter(blocks)
    for block in blocks:
        row = reading.row
        ticks: list[Feed]
        if type(block) is CutLine:
            ticks = [reading.raw(row := row + 1, f"expected a line of at most {LONGEST_LINE} bytes", block)]
        else:
            ticks = []
            lines = block.split(b"\n")
            if rows is None:
                expect_single_names(lines, reading)
                if goes_on(lines[0]):
                    document = whole(block, blocks, reading)
                    lines = [document] if is_value(document) else document.split(b"\n")
                rows, lines = _rows_of(lines, blocks, reading)
            for line in lines:
                row += 1
                if line and not line.isspace():
                    ticks += rows.ticks(row, line)
        reading.row = row
        yield ticks


def array_ticks(blocks: Iterable[bytes], reading: FileReading) -> Iterator[list[Feed]]:
    """Yield the ticks of a file that is one JSON array, in lists; an unreadable element becomes a `RawTick`.

    A `RawTick` holds the element and what is wrong with it. Elements are objects, or arrays of cells if the settings
    name the columns. A file with one array a line is read, too.

    Args:
        blocks: content of the file in blocks of whole lines.
        reading: settings and progress of reading the file.

    Raises:
        ConfigurationError: the array is damaged or larger than 1 GiB, or no element has the fields of a tick.
        Refused: an element cannot be read, and `reading` is strict.
    """
    rest = iter(blocks)
    block = next(rest, b"")
    first, _, behind = block.partition(b"\n")
    if behind.lstrip()[:1] in (b"[", b"{") and is_value(first):
        yield from json_ticks(chain([block], rest), reading)
        return
    try:
        items = msgspec.json.decode(whole(block, rest, reading), type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigurationError(f"{reading.name}: expected one JSON array, was damaged: {error}") from None
    rows = JsonRows(list(objects(bytes(item) for item in items[:LOOKED_AT])), reading)
    for start in range(0, len(items), 4096):
        ticks: list[Feed] = []
        for row, item in enumerate(items[start : start + 4096], start + 1):
            ticks += rows.ticks(row, bytes(item))
        reading.row = min(len(items), start + 4096)
        yield ticks


def _rows_of(lines: list[bytes], blocks: Iterable[bytes], reading: FileReading) -> tuple["JsonRows", list[bytes]]:
    """Reader of the objects, chosen by the first block or later ones, and the lines that were read for the choice.

    Raises:
        ConfigurationError: none of `LOOKED_THROUGH` bytes has what ticks need.
    """
    size = sum(map(len, lines))
    some = some_of(lines)
    while True:
        try:
            return JsonRows(some, reading), lines
        except ConfigurationError:
            more = next(iter(blocks), None) if size < LOOKED_THROUGH else None
            if more is None or type(more) is CutLine:
                raise
            reading.taken.clear()
            behind = more.split(b"\n")
            size += len(more)
            lines = lines + behind
            some = some_of(lines)


class Kind(NamedTuple):
    """How the objects of one kind are read; a JSON file may hold objects of several kinds, one for each file format.

    Attributes:
        found: the file format and the settings.
        names: keys and paths whose values are the cells of a row.
        layout: which cell holds which field; None if objects of this kind are left out.
        build: function from cells to a tick; None if objects of this kind are left out.
        messages: rebuilds order books, if the objects change order books; None otherwise.
    """

    found: Understood
    names: list[str]
    layout: Layout | None = None
    build: Build | None = None
    messages: BookMessages | None = None


class JsonRows:
    """Turns the JSON objects of one file into ticks; the first objects show how all of them are read.

    Args:
        first: first objects of the file, decoded.
        reading: settings and progress of reading the file.

    Raises:
        ConfigurationError: none of the first objects has the fields of a tick.
    """

    def __init__(self, first: Sequence[Any], reading: FileReading) -> None:
        self._reading, columns = reading, reading.columns
        self._seen = {*map(signature_of, first)}
        found = of_objects(reading.name, columns, first)
        as_said = Understood(None, columns)
        if found and found[0].columns.header:
            as_said, *found = found
            columns = as_said.columns
        self._columns = columns
        self._nested = columns.rows.split(".") if columns.rows else []
        self._kinds = [self._kind_of(each, first) for each in found]
        self._header: list[str] = []
        self._plain = False
        if self._kinds:
            return
        rows = list(chain.from_iterable(map(self._unfolded, first)))
        names = self._names(rows, columns)
        self._by_kind: dict[str, tuple[Layout, Build]] = {}
        self._others: dict[str, tuple[list[str], Layout, Build] | None] = {}
        self._problem: ConfigurationError | None = None
        sample = [cells for item in rows if (cells := self._cells(item, names))]
        for kind in ("",) if columns.kind else ("", "quote", "trade"):
            try:
                layout = Layout(names, replace(columns, kind=kind or columns.kind))
            except ConfigurationError as error:
                self._problem = self._problem or error
                continue
            layout.settle(sample, reading.name)
            expect_one_market_of(rows, names, layout, self._reading.name)
            self._by_kind[kind] = layout, self._built(layout)
            reading.take(as_said, layout, sample)
            if not kind:
                break
        layouts = [layout for layout, _ in self._by_kind.values()]
        # Records as the topic has them are read as they stand.
        self._plain = columns.plain and all(layout.clock.unit in (None, "ns") for layout in layouts)
        if not layouts and (first and not (self._plain and any(map(_is_record, first)))):
            raise why_none(first, rows, reading.name, columns, self._problem)
        self._header = names

    def _kind_of(self, found: Understood, first: Sequence[Any]) -> Kind:
        """Reader of the objects of one format."""
        format_, name = found.format, self._reading.name
        if format_ is None or format_.refused:
            return Kind(found, [])
        items = [item for item in first if isinstance(item, dict) and path_of(format_, item) == found.columns.rows]
        rows = [row for item in items for row in within(item, found.columns.rows)]
        found = found._replace(columns=chosen(format_.names, found.columns, rows))
        names = self._names(rows, found.columns)
        layout = Layout(names, present(found.columns, names), name)
        sample = [cells for row in rows if (cells := self._cells(row, names))]
        layout.settle(sample, name)
        expect_one_market_of(rows, names, layout, self._reading.name)
        self._reading.take(found, layout, sample)
        messages = None
        if layout.of_book and format_.book is not None:
            messages = BookMessages(format_.book, found.columns, layout.clock.read)
        return Kind(found, names, layout, self._built(layout), messages)

    def _unfolded(self, item: Any) -> Iterator[Any]:
        """The rows in one object: the object itself, or what lies at the given path."""
        for name in self._nested:
            item = item.get(name) if isinstance(item, dict) else None
        if isinstance(item, list) and (self._nested or not self._columns.header):
            yield from item
        elif item is not None:
            yield item

    def _names(self, rows: Sequence[Any], columns: Columns) -> list[str]:
        if columns.header:
            return list(columns.header)
        names: dict[str, None] = {}
        for row in rows:
            if isinstance(row, dict):
                names |= dict.fromkeys(str(name) for name in row)
        wanted = [part for name in columns.names.values() for part in (name, *name.split("+"))]
        paths = [name for name in wanted if "." in name and name not in names]
        found = [path for path in paths if any(at_path(row, path) is not None for row in rows)]
        return [*names, *dict.fromkeys(found)]

    def _cells(self, item: Any, names: Sequence[str]) -> list[Any] | None:
        if isinstance(item, dict):
            return [cell_of(item.get(name) if name in item else at_path(item, name)) for name in names]
        if isinstance(item, list) and len(item) == len(names):
            return [cell_of(value) for value in item]
        return None

    @staticmethod
    def _built(layout: Layout) -> Build:
        """Function from cells to a tick; cells of symbols and sides may be numbers (600519, -1)."""
        build = layout.builder()
        texts = [layout.place[field] for field in ("kind", "symbol", "side") if field in layout.place]
        time_at = layout.place.get("ts_event", -1)

        def built(cells: Sequence[Any]) -> Quote | Trade:
            for at in texts:
                if type(cells[at]) is not str:
                    cells = [*cells[:at], str(cells[at]), *cells[at + 1 :]]
            if type(cells[time_at]) is float:  # after whole numbers too, and with its fraction
                cells = [*cells[:time_at], repr(cells[time_at]), *cells[time_at + 1 :]]
            return build(cells)

        return built

    def ticks(self, row: int, line: bytes) -> Iterator[Feed]:
        """Yield the ticks of one object, none or several; if the object cannot be read, a `RawTick` with its bytes.

        Args:
            row: number of the object in the file, for errors.
            line: the object as JSON.

        Raises:
            Refused: the object cannot be read, and the file is read strictly.
        """
        if self._kinds:
            yield from self._ticks_of_kinds(row, line)
            return
        problem: Exception
        try:
            if self._plain:
                tick: Quote | Trade | Directive = _decode_tick(line)
                if not isinstance(tick, Trade) or tick.side in ("", "buy", "sell"):
                    yield bounded(tick)
                    return
            problem = ValueError("expected an object with the fields of a tick")
        except (Refused, ValueError) as error:  # msgspec's errors are ValueErrors
            problem = error
        try:
            items = list(self._unfolded(decoded(line)))
        except (Refused, ValueError) as error:
            yield self._reading.raw(row, error, line)
            return
        if not items and not self._nested:
            yield self._reading.raw(row, problem, line)
        for item in items:
            cells = self._cells(item, self._header)
            layout, build = self._by_kind.get("") or self._by_kind.get(self._kind(item)) or (None, None)
            if layout is None or build is None or cells is None:
                yield self._reading.raw(row, problem, line)
                continue
            if layout.where and not layout.is_wanted(cells):
                continue
            try:
                yield build([*cells, *layout.constants])
            except NO_TICK as error:
                if (other := self._later(item, layout)) is not None:
                    yield other
                elif self._plain:
                    yield self._reading.raw(row, error, line, *_known(item))
                else:
                    yield self._reading.raw_cells(row, error, layout, cells)

    def _ticks_of_kinds(self, row: int, line: bytes) -> Iterator[Feed]:
        """Ticks of an object of one of the formats that were seen."""
        try:
            item = decoded(line)
        except (Refused, ValueError) as error:
            yield self._reading.raw(row, error, line)
            return
        kinds: Sequence[Kind] = self._kinds
        while kinds:
            for found, names, layout, build, messages in kinds:
                format_, path = found.format, found.columns.rows
                if format_ is None or not isinstance(item, dict) or (at := path_of(format_, item)) is None:
                    continue
                if layout is None or build is None:
                    return
                if at != path:
                    continue
                for each in within(item, path):
                    cells = self._cells(each, names) or []
                    if layout.where and not layout.is_wanted(cells):
                        continue
                    try:
                        if messages is not None:
                            yield from messages(each)
                        else:
                            yield build([*cells, *layout.constants])
                    except NO_TICK as error:
                        yield self._reading.raw_cells(row, error, layout, cells)
                return
            kinds = self._later_kinds(item)
        said = " or ".join(kind.found.format.title for kind in self._kinds if kind.found.format)
        yield self._reading.raw(row, f"expected an object of {said}", line)

    def _later_kinds(self, item: Any) -> list[Kind]:
        """Learn to read a kind of objects that did not occur among the first ones."""
        signature = signature_of(item)
        if signature in self._seen or len(self._seen) >= MOST_KINDS or self._reading.columns.format:
            return []
        self._seen.add(signature)
        known = {kind.found.format.name for kind in self._kinds if kind.found.format}
        later = of_objects(self._reading.name, self._reading.columns, [item], later=True)
        new = [each for each in later if each.format is not None and each.format.name not in known]
        kinds = [self._kind_of(each, [item]) for each in new]
        self._kinds += kinds
        return kinds

    def _later(self, item: Any, layout: Layout) -> Quote | Trade | None:
        """Tick of an object of a kind that did not occur before; None where it is of no kind that is read."""
        kind = self._kind(item)
        if not kind or self._columns.kind or layout.fixed.get("kind") in (None, kind):
            return None
        if kind not in self._others:
            self._others[kind] = None
            names = self._names([item], self._columns)
            with suppress(ConfigurationError):
                other = Layout(names, replace(self._columns, kind=kind))
                sample = [self._cells(item, names) or []]
                other.settle(sample, self._reading.name)
                self._reading.take(Understood(None, self._columns), other, sample)
                self._others[kind] = names, other, self._built(other)
        if (known := self._others[kind]) is None:
            return None
        names, other, build = known
        with suppress(*NO_TICK):
            return build([*(self._cells(item, names) or []), *other.constants])
        return None

    def _kind(self, item: Any) -> str:
        called = self._columns.names
        present = {field for field in FIELDS if at_path(item, called.get(field, field)) is not None}
        return kind_of(present)


def _known(item: Any) -> tuple[Any, Any]:
    """Symbol and time of an object that makes no tick."""
    return (item.get("symbol", ""), item.get("ts_event")) if isinstance(item, dict) else ("", None)


def _is_record(item: Any) -> bool:
    return isinstance(item, dict) and "kind" in item and "symbol" in item and "ts_event" in item
