"""Finds out which of the known formats a file has, and completes the user's settings for reading it by that format."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from schemas.errors import ConfigurationError
from streams.sources.cells import shortened
from streams.sources.columns import FIELDS, NEEDED, BookColumns, Columns, of_book
from streams.sources.formats import ASKED, CELLS, KINDS, NONE, Format, formats, named
from streams.sources.layout import looks_like_a_row
from streams.sources.paths import at_path
from streams.sources.proposal import symbol_of

FIRST = 20
"""Rows whose cells are compared with the patterns of a format."""

WITHOUT = ("bid_size", "ask_size", "side", "seq", "symbol")
"""Fields that may be missing from a file although its format names a column for them."""

LENGTHS = {"second": "1s", "minute": "60s", "hour": "1h", "daily": "1d"}
"""Lengths of bars as words in the name of a file."""

PLAIN = frozenset(FIELDS)
WHOLE = re.compile(r"[-+]?\d+")


class Understood(NamedTuple):
    """How a file is read.

    Attributes:
        format: the recognised file format; None if none fits.
        columns: settings for reading the rows: those of the user, completed by the format.
        said: phrases for people on what was found outside the rows, such as the symbol in the file's name.
        symbol_is_said: whether one of these phrases is about the symbol.
    """

    format: Format | None
    columns: Columns
    said: tuple[str, ...] = ()
    symbol_is_said: bool = False


def of_table(name: str, columns: Columns, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Understood:
    """Find out how a table is read: by the file format that the user named, or else by the known format that fits.

    Args:
        name: name of the file.
        columns: the user's settings, which override those of the format.
        header: cells of the first line, which may be names of columns or already a row.
        rows: cells of the first rows after that line.

    Raises:
        ConfigurationError: two formats fit equally well, the table lacks columns of the format that the user named, or
            files of the format cannot be read.
    """
    if columns.format == NONE or (not columns.format and (columns.names or columns.header or {*header} <= PLAIN)):
        return Understood(None, columns)
    bare = looks_like_a_row(header)
    if columns.format:
        chosen: Format | None = named(columns.format)
        if chosen is not None and not bare and not columns.header and not _has(chosen, header):
            raise ConfigurationError(
                f"{name}: expected columns {', '.join(chosen.columns)} of format {chosen.name}, was "
                f"{shortened(', '.join(map(str, header)))}; fix: another --format, or --map"
            )
        if chosen is not None and bare and not chosen.header:
            raise ConfigurationError(
                f"{name}: expected a header with {', '.join(chosen.columns)} of format {chosen.name}, was a row; "
                "fix: --columns NAME,NAME,..."
            )
    else:
        chosen = _one(name, (each for each in formats().values() if _fits(each, name, columns, header, rows, bare)))
    if chosen is None:
        return Understood(None, columns)
    names = columns.header or ((*chosen.header, *_rest(chosen, header)) if bare else tuple(header))
    body = [header, *rows] if bare else rows
    return _applied(chosen, name, replace(columns, header=names if bare else columns.header), names, body)


def of_objects(name: str, columns: Columns, first: Sequence[Any], later: bool = False) -> list[Understood]:
    """Find out how the JSON objects of a file are read: one result for each file format that occurs among them.

    The results are in the order in which the formats first occur, but formats that cannot be read come last. The list
    is empty if no format fits, or if the user's settings describe the objects already.

    Args:
        name: name of the file.
        columns: the user's settings, which override those of the format.
        first: the first objects of the file, or a later sample of them.
        later: whether `first` is a later sample; then it is no error if none of its objects can be read.

    Raises:
        ConfigurationError: two formats fit equally well, no object is of the format that the user named, or all objects
            are of formats that cannot be read.
    """
    if columns.format == NONE or (not columns.format and (columns.names or columns.rows or columns.header)):
        return []
    arrays = [item for item in first if isinstance(item, list)]
    if arrays:
        bare = of_table(name, columns, [*map(str, arrays[0])], [[*map(str, row)] for row in arrays[1:FIRST]])
        return [] if bare.format is None else [bare]
    known = [named(columns.format)] if columns.format else [each for each in formats().values() if each.json]
    found: dict[str, tuple[Format, str]] = {}
    for item in first:
        if isinstance(item, dict) and (columns.format or not {"kind", "symbol", "ts_event"} <= {*item}):
            fitting = [(each, path) for each in known if (path := path_of(each, item)) is not None]
            if chosen := _one(name, (each for each, _ in fitting)):
                path = next(path for each, path in fitting if each is chosen)
                found.setdefault(chosen.name, (chosen, path))
    if columns.format and not found and first:
        raise ConfigurationError(
            f"{name}: expected objects with {', '.join(known[0].columns)} of format {known[0].name}, was "
            f"{shortened(', '.join(map(str, first[0])) if isinstance(first[0], dict) else str(first[0]))}; fix: "
            "another --format, or --map"
        )
    refused = [Understood(each, columns, (f"{each.title} left out",)) for each, _ in found.values() if each.refused]
    if refused and len(refused) == len(found) and columns.checked and not later:
        raise _refusal(name, next(iter(found.values()))[0])
    read = [(each, path) for each, path in found.values() if not each.refused]
    return [_applied(each, name, replace(columns, rows=path), (), []) for each, path in read] + refused


def path_of(form: Format, item: dict[str, Any]) -> str | None:
    """Path to the rows of a format in a JSON object; empty for the object itself, None if the object does not fit."""
    for path in form.rows:
        inner: Any = item
        for part in path.split(".") if path else ():
            inner = inner.get(part) if isinstance(inner, dict) else None
        row = inner[0] if isinstance(inner, list) and inner else inner
        if not isinstance(row, dict) or not all(name in row for name in form.columns):
            continue
        if any(name in row for name in form.lacks):
            continue
        if all(re.fullmatch(look, str(row.get(name, at_path(item, name)))) for name, look in form.looks.items()):
            return path
    return None


def _one(name: str, fitting: Iterable[Format]) -> Format | None:
    found = list(fitting)
    best = [each for each in found if each.rank == max(each.rank for each in found)]
    if len(best) > 1:
        both = " and of ".join(f"{each.title} ({each.name})" for each in best)
        raise ConfigurationError(
            f"{name}: expected one format, was that of {both}; fix: --format {best[0].name} or {best[1].name}"
        )
    return best[0] if best else None


def _fits(
    form: Format,
    name: str,
    columns: Columns,
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    bare: bool,
) -> bool:
    if form.json or (form.refused and not columns.checked):
        return False
    if form.file and not re.search(form.file, base(name)):
        return False
    if form.not_in and {*form.not_in} & {*_folders(name)}:
        return False
    if not bare:
        return bool(form.columns) and _has(form, header) and _looks(form, header, rows)
    return _are_cells(form, [header, *rows[:FIRST]])


def _are_cells(form: Format, rows: Sequence[Sequence[Any]]) -> bool:
    count = len(rows[0])
    if not form.cells or count < len(form.cells) or (count > len(form.cells) and not form.more):
        return False
    pairs = [pair for row in rows for pair in zip(form.cells, row, strict=False)]
    return all(re.fullmatch(CELLS.get(look, look), str(cell).strip()) for look, cell in pairs)


def like(header: Sequence[str]) -> list[str]:
    """Names of the file formats that fit the cells of a file's first line, which is already a row of values.

    Formats whose files cannot be read are left out. The name of the file does not matter.

    Args:
        header: cells of the first line of a file.
    """
    return [each.name for each in formats().values() if not each.refused and _are_cells(each, [header])]


def base(name: str) -> str:
    """Name of a file without its folders and, for a file in an archive, without the name of the archive.

    >>> base("data/BTCUSDT-trades-2024-08-08.zip/BTCUSDT-trades-2024-08-08.csv")
    'BTCUSDT-trades-2024-08-08.csv'
    """
    return PurePath(name).name


def _has(form: Format, header: Sequence[str]) -> bool:
    """Whether a header has the columns of a format; capitals matter only where two names differ by them alone."""
    there, wanted, unwanted = [*map(str, header)], [*form.columns], [*form.lacks]
    if len({name.lower() for name in there}) == len(there):
        there, wanted, unwanted = ([name.lower() for name in names] for names in (there, wanted, unwanted))
    return {*wanted} <= {*there} and not {*unwanted} & {*there}


def _place(name: str, header: Sequence[str]) -> int | None:
    """Index of a column; upper and lower case are told apart only where two names differ by nothing else."""
    if name in header:
        return header.index(name)
    same = [at for at, each in enumerate(header) if str(each).lower() == name.lower()]
    return same[0] if len(same) == 1 else None


def _looks(form: Format, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bool:
    for name, look in form.looks.items():
        at = _place(name, header)
        cells = [str(row[at]).strip() for row in rows[:FIRST] if at is not None and len(row) > at]
        if not cells or not all(re.fullmatch(look, cell) for cell in cells):
            return False
    return True


def _rest(form: Format, header: Sequence[str]) -> Iterable[str]:
    return (f"column {at}" for at in range(len(form.header) + 1, len(header) + 1))


def _applied(
    form: Format,
    name: str,
    columns: Columns,
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> Understood:
    """The columns of a file by its format, except where the user gave something else."""
    if form.refused:
        raise _refusal(name, form)
    bars = columns.bars or form.bars
    if bars == ASKED:
        has_symbol = (
            columns.symbol or form.symbol_key or any(str(each).lower() in ("symbol", "ticker") for each in header)
        )
        if form.json:
            also = "; and --symbol NAME where no object has one"
        else:
            known = replace(columns, names=_names(form, columns, header))
            also = f"; and {symbol_of(header, rows, known)}"
        also = "" if has_symbol else also
        raise ConfigurationError(
            f"{name}: expected to know what the times of its bars are, was a table of bars without a word on it; fix: "
            f"--bars open if a bar begins then, --bars close if it has ended{also}"
        )
    found = re.search(form.file, base(name)) if form.file else None
    groups = found.groupdict() if found else {}
    names = _names(form, columns, header)
    said = []
    symbol = columns.symbol
    of_rows = {*form.names, *form.columns} if form.json else header
    if not symbol and names.get("symbol", "symbol") not in of_rows and groups.get("symbol"):
        symbol = "_".join(filter(None, (groups["symbol"], groups.get("contract")))).upper()
        said.append(f"symbol {symbol} from the name of the file")
    date = columns.date
    if not date and groups.get("date"):
        digits = groups["date"].replace("-", "").replace("_", "")
        date = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
        said.append(f"day {date} from the name of the file")
    scale = columns.price_scale or form.price_scale
    if not columns.price_scale and form.whole_price_scale != 1 and _are_whole(names, header, rows):
        scale = form.whole_price_scale
        said.append(f"whole prices are multiples of {scale:g}")
    if form.where and not columns.where:
        said.append("only rows with " + " and ".join(f"{key} = {value}" for key, value in form.where.items()))
    if form.note:
        said.append(form.note)
    length = groups.get("length") or ""
    zone = columns.zone or _zone(form, name)
    if zone != form.zone and not columns.zone:
        said.append(f"times of {zone} by the name of the folder")
    where = {}
    for key, value in (columns.where or form.where).items():
        at = _place(key, header)
        where[key if at is None else str(header[at])] = value
    applied = replace(
        columns,
        names=names,
        symbol=symbol,
        kind=columns.kind or ("trade" if form.book else KINDS.get(form.means, "")),
        time_unit=form.time_unit if columns.time_unit == "auto" else columns.time_unit,
        zone=zone,
        dates=form.dates if columns.dates == "auto" else columns.dates,
        date=date,
        decimal=columns.decimal or form.decimal,
        sides=columns.sides or dict(form.sides),
        where=where,
        price_scale=scale,
        bars=bars,
        length=columns.length or form.length or LENGTHS.get(length, length),
    )
    if form.book is not None and not columns.where:
        applied = of_book(applied, form.book.columns)
    return Understood(form, applied, tuple(said), symbol != columns.symbol)


def _folders(name: str) -> list[str]:
    return [part.lower() for part in PurePath(name).parts[:-1]]


def _zone(form: Format, name: str) -> str:
    """Time zone of a file by the folders that it lies in.

    Raises:
        ConfigurationError: no folder shows it, so that `--zone` is needed.
    """
    folders = _folders(name)
    for folder, zone in form.zones.items():
        if folder in folders:
            return zone
    if form.zone == ASKED:
        told = ", ".join(f"--zone {zone} for {folder}" for folder, zone in form.zones.items())
        raise ConfigurationError(
            f"{name}: {form.title} (format {form.name}): expected to know the zone of its times, which its folder "
            f"tells ({' or '.join(form.zones)}), was a file without it; fix: {told}"
        )
    return form.zone


def _refusal(name: str, form: Format) -> ConfigurationError:
    return ConfigurationError(f"{name}: {form.title} (format {form.name}): {form.refused}")


def _names(form: Format, columns: Columns, header: Sequence[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for field, given in form.names.items():
        choices = (given,) if isinstance(given, str) else given
        for choice in choices:
            parts = [_place(part, header) for part in choice.split("+")]
            whole = _place(choice, header)
            if whole is not None:
                names[field] = str(header[whole])
            elif "+" in choice and None not in parts:
                names[field] = "+".join(str(header[at]) for at in parts if at is not None)
            elif choice == "-" or (form.json and (field != "size" or form.means != "bars")):
                names[field] = choice
            else:
                continue
            break
        else:
            if field == "size" and form.means == "bars":
                names[field] = "-"  # of currencies, mostly
            elif field not in WITHOUT and _place(field, header) is None:
                names[field] = choices[0]
    for field in FIELDS:  # that are called as ticks call them, in capitals
        if field not in names and field not in header and (at := _place(field, header)) is not None:
            names[field] = str(header[at])
    return names | columns.names


def _are_whole(names: dict[str, str], header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bool:
    fields = [field for kind in NEEDED.values() for field in kind if field != "size"]
    places = [at for field in fields if (at := _place(names.get(field, field), header)) is not None]
    cells = [str(row[at]).strip() for row in rows for at in places if len(row) > at and str(row[at]).strip()]
    return bool(cells) and all(WHOLE.fullmatch(cell) for cell in cells)


def described(found: Understood, times: str, sides: dict[str, str]) -> str:
    """Sentence for people on how a file is read, without the file's name; empty if there is nothing to report.

    Args:
        found: the file format and the settings.
        times: phrase on how times are read; empty for none.
        sides: words for sides that occurred, each with its meaning, `buy` or `sell`.
    """
    columns, format_ = found.columns, found.format
    parts = []
    if format_ is not None:
        parts.append(f"{format_.title} (format {format_.name}), {format_.means}")
    if columns.bars:
        tick = "quote" if columns.kind == "quote" else "trade"
        parts.append(f"bars with the time of their {columns.bars}, each a {tick} at its close")
    if times:
        parts.append(times)
    if sides and not isinstance(columns, BookColumns):
        parts.append(", ".join(f"{word} is {side}" for word, side in sides.items()))
    if columns.symbol and not found.symbol_is_said:
        parts.append(f"symbol {columns.symbol} as said")
    return "; ".join([*parts, *found.said])


def as_toml(form: Format) -> str:
    """A file format as the text of a TOML file, without its name and without attributes at their defaults."""
    plain = msgspec.to_builtins(form)
    nothing = {f.name: f.default if f.default is not msgspec.NODEFAULT else {} for f in msgspec.structs.fields(Format)}
    said = {key: value for key, value in plain.items() if key != "name" and value not in (nothing[key], {}, ())}
    return msgspec.toml.encode(said).decode()
