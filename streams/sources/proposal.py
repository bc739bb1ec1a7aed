"""Proposes command line options for reading an unknown table, from the names of its columns and its first rows."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.sources.aggressors import SIDES, words_of
from streams.sources.bars import bars_among
from streams.sources.cells import shortened, shown
from streams.sources.column_kinds import ClassifiedColumn, column_kinds, is_number, marks, number
from streams.sources.columns import Columns
from streams.sources.kinds_and_numbers import kind_from
from streams.sources.layout import Layout
from streams.sources.markets import are_apart
from streams.sources.missing_columns import MissingColumns
from streams.sources.plausible import RunsBackwards, expect_plausible
from streams.sources.suggested_names import QUOTES, SIDE_PAIRS, TRADE_WORDS, TRADES, by_name, is_of_a_book, option
from streams.sources.times import ASKED_ZONE

Rows = Sequence[Sequence[Any]]

NAMED = 3
"""Most words or columns that a message names."""

NUMBERED = frozenset({"price", "size", "bid", "bid_size", "ask", "ask_size"})


class Proposal(NamedTuple):
    """Options by which an unknown table can be read.

    Attributes:
        columns: the proposed settings for reading the table; `NAME` as symbol means that the user must give the symbol.
        options: these settings as command line options; empty if the table does not look like ticks.
        asked: for each thing that only the user can know, a phrase with the option to give.
    """

    columns: Columns
    options: str
    asked: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "; ".join((self.options, *self.asked))


def laid_out(header: Sequence[str], columns: Columns, name: str, rows: Rows | Callable[[], Rows]) -> Layout:
    """The `Layout` of a table; if columns are missing, the error proposes options by which the table can be read.

    Args:
        header: names of the columns.
        columns: the user's settings for reading the table.
        name: name of the file; empty if there is none.
        rows: cells of the first rows, or a function that returns them, called only if columns are missing.

    Raises:
        ConfigurationError: a column that ticks need is missing.
    """
    try:
        return Layout(header, columns, name)
    except MissingColumns as missing:
        begins = f"{name}: " if name else ""
        sample = rows() if callable(rows) else rows
        found = proposed(header, sample, columns)
        fix = str(found) if found.options else unknown(header, sample, columns)
        raise ConfigurationError(f"{begins}{missing.sentence}; fix: {fix}") from None


def proposed(header: Sequence[str], rows: Rows, columns: Columns | None = None) -> Proposal:
    """The options by which a table can probably be read.

    A column that may name markets is never ignored. It becomes the symbol if prices jump where its word changes, and
    hardly elsewhere; otherwise the user is asked.

    Args:
        header: names of the columns.
        rows: cells of the first rows; without any, only the names of the columns are used.
        columns: the user's settings for reading the table, which are kept; None for the default.

    >>> print(proposed(["timestamp", "id", "side", "price", "amount"], []))
    --map ts_event=timestamp,size=amount --symbol NAME
    >>> rows = [[f"12:00:0{at}", "XY"[at % 2], "KV"[at % 2], 5 + 90 * (at % 2)] for at in range(8)]
    >>> print(proposed(["Zeit", "was", "wie", "Kurs"], rows, Columns(date="2024-08-09")))
    --map ts_event=Zeit,symbol=was,price=Kurs,side=wie --sides buy=K,sell=V; the times say no zone: --zone NAME \
(Europe/Berlin) if they are local times
    >>> print(proposed(["time", "update_type", "side", "price", "qty"], []))
    <BLANKLINE>
    """
    said = columns or Columns()
    looked = column_kinds(header, rows)
    finding = _Finding(header, looked, said)
    if not finding.is_of_ticks():
        return Proposal(said, "")
    finding.find_words()
    made = finding.columns()
    asked, more = _tried(header, rows, made)
    made = replace(made, sort=made.sort or more == "--sort")
    symbol = (f"and {finding.asks_symbol}",) if finding.asks_symbol else ()
    return Proposal(made, " ".join(filter(None, (finding.options(made), more))), (*finding.asked, *symbol, *asked))


def symbol_of(header: Sequence[str], rows: Rows, columns: Columns) -> str:
    """Advice on the symbol of ticks, if `columns` names the prices: to map a column, or `--symbol NAME`.

    >>> symbol_of(["date", "close"], [["2024-08-09", 1.5]], Columns(names={"ts_event": "date", "price": "close"}))
    '--symbol NAME'
    """
    finding = _Finding(header, column_kinds(header, rows), columns)
    finding.find_symbol()
    found = finding.names.get("symbol", "")
    return f"--map {option(f'symbol={_place(found, header)}')}" if found else finding.asks_symbol or "--symbol NAME"


def unknown(header: Sequence[str], rows: Rows, columns: Columns) -> str:
    """Advice on a table in which no time or price was found: the options to give, and what its columns look like."""
    looked = column_kinds(header, rows)
    told = []
    for what, kinds in (("times", ("time", "date", "time of day")), ("numbers", ("number",)), ("words", ("words",))):
        found = [shown(look.name) for look in looked if look.kind in kinds]
        if found:
            told.append(f"{what} are in {', '.join(found[:6])}{' ...' if found[6:] else ''}")
    options = "--map FIELD=COLUMN (ts_event, or DATE+TIME where these are apart; price, or bid and ask)"
    symbol = "" if columns.symbol or not looked else "; symbol=COLUMN, or --symbol NAME where the file has none"
    return f"{options}{symbol}{'; ' if told else ''}{'; '.join(told)}"


def named_by_cells(rows: Rows) -> str:
    """An example of options that name the columns of a table without a header, guessed from its cells.

    >>> named_by_cells([["09.08.2024", "12:00:01", "FDAX", "18500,5", "3", "K"]])
    '--columns DATE,TIME,symbol,price,size,side --map ts_event=DATE+TIME --decimal ,'
    >>> named_by_cells([["1700000001", "77.110000", "1.00000000"]])
    '--columns ts_event,price,size'
    """
    looked = column_kinds([f"c{at + 1}" for at in range(len(rows[0]))], rows)
    names = [look.name for look in looked]
    is_apart = {"date", "time of day"} <= {look.kind for look in looked}
    called = {"time": "ts_event", "date": "DATE" if is_apart else "ts_event", "time of day": "TIME"}
    for at, look in enumerate(looked):
        told = called.get(look.kind, "")
        if look.kind == "words":
            told = "side" if look.words and _is_of_sides(look) else "symbol"
        elif look.kind == "number":
            told = "size" if "price" in names else "price"
        if told and told not in names:
            names[at] = told
    options = [f"--columns {','.join(names)}"]
    if is_apart:
        options.append("--map ts_event=DATE+TIME")
    if marks(looked)[0] == ",":
        options.append("--decimal ,")
    return " ".join(options)


class _Finding:
    """Finds the fields of a table, one after the other."""

    def __init__(self, header: Sequence[str], looked: Sequence[ClassifiedColumn], said: Columns) -> None:
        self.header, self.said = [str(name) for name in header], said
        self.looked = looked
        self.of = {look.name: look for look in looked}
        self.asked: list[str] = []
        self.asks_symbol = ""
        self.sides: dict[str, str] = dict(said.sides)
        self.where: dict[str, str] = dict(said.where)
        self.decimal, self.thousands = marks(looked)
        self.decimal, self.thousands = said.decimal or self.decimal, said.thousands or self.thousands
        self.bars = said.bars
        self.names = {field: name for field, name in by_name(header).items() if self._fits(field, name)}
        self.names |= said.names

    def _fits(self, field: str, name: str) -> bool:
        """Whether the cells of a column fit a field; empty cells fit every field."""
        parts = [name] if name in self.of else name.split("+")
        found = [look for part in parts if (look := self.of.get(part)) is not None]
        if field == "ts_event":
            return all(look.kind != "words" for look in found)
        return field not in NUMBERED or all(not look.kind or all(map(is_number, look.words)) for look in found)

    def _free(self, *kinds: str) -> list[ClassifiedColumn]:
        taken = {part for name in self.names.values() for part in (name, *name.split("+"))}
        taken |= {"kind"} & {*self.header}
        return [look for look in self.looked if look.kind in kinds and look.name not in taken]

    def is_of_ticks(self) -> bool:
        """Find the time and the prices; returns whether both were found."""
        names = self.names
        if "ts_event" not in names or (self.of.get(names["ts_event"]) or self.looked[0]).kind == "time of day":
            self._find_time()
        if not {"bid", "ask"} <= {*names}:
            self._find_bars()
        if "price" not in names and not {"bid", "ask"} <= {*names}:
            numbers = self._free("number")
            if len(numbers) == 1:
                names["price"] = numbers[0].name
        of_quotes = {"bid", "ask"} <= {*names}
        if "ts_event" not in names or not (of_quotes or "price" in names):
            return False
        return of_quotes or bool(self.bars) or not is_of_a_book(self.header)

    def _find_time(self) -> None:
        days, clocks, times = self._free("date"), self._free("time of day"), self._free("time")
        known = self.names.get("ts_event", "")
        if known and self.said.date:
            return
        if known:
            clocks = [self.of[known]]
        if len(days) == 1 and len(clocks) == 1:
            self.names["ts_event"] = f"{days[0].name}+{clocks[0].name}"
        elif not known and len(times) == 1:
            self.names["ts_event"] = times[0].name
        elif not known and len(clocks) == 1:
            self.names["ts_event"] = clocks[0].name
        elif not known and len(days) == 1 and not clocks:
            self.names["ts_event"] = days[0].name

    def _find_bars(self) -> None:
        numbers = [look for look in self.looked if look.kind == "number"]
        found = bars_among([[number(text, self.decimal, self.thousands) for text in look.texts] for look in numbers])
        if found is None or self.names.get("price", numbers[found.close].name) != numbers[found.close].name:
            return
        self.names["price"] = numbers[found.close].name
        of_bars = {numbers[at].name for at in found}
        if self.names.get("size") in of_bars:
            del self.names["size"]
        for look in numbers[max(found) + 1 :]:
            self.names.setdefault("size", look.name)
        if not self.bars:
            opens, highs, lows = (numbers[at].name for at in (found.open, found.high, found.low))
            self.asked.append(
                f"these are bars ({shown(highs)} is the highest, {shown(lows)} the lowest of each row, "
                f"{shown(opens)} its open): --bars close instead if the time of a row is the end of its bar"
            )
            self.bars = "open"

    def find_words(self) -> None:
        """Find side, kind and symbol among the columns of words."""
        self._find_side()
        self._find_kind()
        if "symbol" not in self.names and not self.said.symbol and "symbol" not in self.header:
            self.find_symbol()

    def _find_side(self) -> None:
        if {"bid", "ask"} <= {*self.names}:
            return
        known = self.of.get(self.names.get("side", ""))
        for look in [known] if known is not None else self._free("words"):
            words = {word.lower() for word in look.words}
            usual = {SIDES.get(word.lower(), "?") for word in look.words}
            pair = next((pair for pair in SIDE_PAIRS if words <= {*pair}), ("", ""))
            if {"buy", "sell"} <= usual <= {"buy", "sell", ""}:
                self.names["side"] = look.name
                return
            if words and pair[0] and (known is not None or words == {*pair}):
                self.names["side"] = look.name
                if not self.sides:
                    told = sorted((pair.index(word.lower()), word) for word in look.words)
                    self.sides = {word: ("buy", "sell")[at] for at, word in told}
                return

    def _find_kind(self) -> None:
        both = {"bid", "ask"} <= {*self.names} and "price" in self.names
        for look in [*self._free("words"), *([self.of["kind"]] if "kind" in self.of else [])]:
            kinds = {kind_from(word) for word in look.words}
            trades = [word for word in look.words if word.lower() in TRADE_WORDS]
            if both and kinds >= {"quote", "trade"}:
                self.names["kind"] = look.name
                taken = [word for word in look.words if kind_from(word)]
                if len(taken) < len(look.words):
                    self.where.setdefault(look.name, "|".join(taken))
                return
            if trades and len(look.words) > len(trades) and "price" in self.names and not both and not self.where:
                self.where[look.name] = "|".join(trades)
                return

    def find_symbol(self) -> None:
        """Find the column that names the markets, or note that the user must be asked."""
        named = by_name(self.header).get("symbol")
        if named is not None and named not in self.where:
            self.names["symbol"] = named
            return
        may = [look for look in self._free("words") if look.names_something and look.name not in self.where]
        may = [look for look in may if not _is_of_sides(look)]
        price = self.of.get(self.names.get("price", self.names.get("bid", "")))
        if price is not None:
            prices = [number(text, self.decimal, self.thousands) or 0.0 for text in price.texts]
            wanted = [self._is_wanted(at) for at in range(len(prices))]
            numbered = [look for look in self._free("number") if look.may_number_something]
            apart = [
                look
                for look in (*may, *numbered)
                if are_apart([text if keep else "" for text, keep in zip(look.texts, wanted, strict=True)], prices)
            ]
            if apart:
                self.names["symbol"] = max(apart, key=lambda look: len(look.words)).name
                return
        if may:
            told = ", or ".join(
                f"--map {option(f'symbol={_place(look.name, self.header)}')} if {shown(look.name)} "
                f"({', '.join(look.words[:NAMED])}{' ...' if look.words[NAMED:] else ''}) names the products"
                for look in may[:NAMED]
            )
            self.asks_symbol = f"{told}; --symbol NAME if all rows are of one product"

    def _is_wanted(self, row: int) -> bool:
        return all(
            name not in self.of or self.of[name].texts[row] in value.split("|") for name, value in self.where.items()
        )

    def columns(self) -> Columns:
        """The columns that the user gave, together with the findings."""
        said, names = self.said, self.names
        of_quotes = {"bid", "ask"} <= {*names}
        fields = ("ts_event", "symbol", "kind", *(QUOTES if of_quotes else TRADES if "kind" not in names else ()))
        if "kind" in names:
            fields += (*QUOTES, *TRADES)
        kept = {field: _place(names[field], self.header) for field in fields if field in names}
        has_symbol = said.symbol or "symbol" in kept or "symbol" in self.header
        both = of_quotes and ("price" in self.header or "price" in kept)
        kind = said.kind or ("quote" if both and "kind" not in kept and "kind" not in self.header else "")
        return replace(
            said,
            names=said.names | {field: name for field, name in kept.items() if name != field},
            symbol=said.symbol or ("" if has_symbol else "NAME"),
            kind=kind,
            sides=self.sides,
            where=self.where,
            bars=self.bars,
            decimal=self.decimal if self.decimal != "." else said.decimal,
            thousands=self.thousands,
        )

    def options(self, made: Columns) -> str:
        """The findings as command line options."""
        said = self.said
        pairs = [f"{field}={name}" for field, name in made.names.items()]
        options = [f"--map {option(','.join(pairs))}"] if pairs else []
        if made.sides != said.sides:
            options.append(f"--sides {option(','.join(f'{side}={word}' for word, side in made.sides.items()))}")
        if made.where != said.where:
            options += [f"--where {option(f'{name}={value}')}" for name, value in made.where.items()]
        if made.decimal != said.decimal:
            options.append(f"--decimal {made.decimal}")
        if made.thousands != said.thousands:
            options.append(f"--thousands {option(made.thousands)}")
        if made.bars != said.bars:
            options.append(f"--bars {made.bars}")
        if made.symbol != said.symbol and not self.asks_symbol:
            options.append("--symbol NAME")  # a table without such a column is of one market
        if made.kind != said.kind:
            options.append(f"--kind {made.kind}")
        return " ".join(options)


def _tried(header: Sequence[str], rows: Rows, columns: Columns) -> tuple[list[str], str]:
    """The error that the first rows would still raise with these settings, and an option that alone avoids it."""
    if not rows:
        return [], ""
    more, further = "", list[str]()
    try:
        layout = Layout(header, columns)
    except ConfigurationError as error:
        return [shortened(str(error), 160)], ""
    try:
        layout.settle(rows, "")
        build = layout.builder()
        ticks: list[Quote | Trade] = []
        for row in rows:
            cells = [*row[: layout.width], *layout.constants]
            for at in (layout.place.get(field) for field in ("kind", "symbol", "side")):
                if at is not None:
                    cells[at] = str(cells[at])
            try:
                if layout.is_wanted(row):
                    ticks.append(build(cells))
            except (ValueError, TypeError, IndexError, OverflowError):
                continue
        expect_plausible("", ticks)
    except RunsBackwards:
        more = "--sort"
    except ConfigurationError as error:
        what = shortened(error.found, 160)
        further = [f"also {error.fix} ({what})" if error.fix else what]
    if layout.clock.says_no_zone and not columns.zone:
        further.append(f"the times say no zone: {ASKED_ZONE}")
    return further, more


def _is_of_sides(look: ClassifiedColumn) -> bool:
    words = {word.lower() for word in look.words}
    is_flag = words <= {"true", "false", "t", "f", "y", "n", "yes", "no"}
    is_maker = words_of(look.name) is not SIDES
    return words <= {*SIDES} or any(words <= {*pair} for pair in SIDE_PAIRS) or is_flag or is_maker


def _place(name: str, header: Sequence[str]) -> str:
    """A column as an option names it: by its name, or by its position where the name cannot be used."""
    at = [each for each, other in enumerate(header) if other == name]
    return f"#{at[0] + 1}" if at and ("," in name or len(at) > 1) else name
