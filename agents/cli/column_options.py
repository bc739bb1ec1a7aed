"""Command-line options that say how rows of a file become ticks, shared by all commands that read such files."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import click

from schemas.errors import ConfigurationError
from streams.sources.columns import Columns
from streams.sources.formats import NONE, named

OPTIONS = (
    click.option(
        "--format",
        "format_name",
        default="",
        metavar="NAME",
        help="Format of the files, `tickloop formats` lists them; a TOML file; or none. It is told by itself mostly.",
    ),
    click.option(
        "--map", "mapping", multiple=True, metavar="FIELD=COLUMN,...", help="Columns with other names; see below."
    ),
    click.option(
        "--symbol",
        "symbols",
        multiple=True,
        metavar="[FILE=]SYMBOL",
        help="Symbol of every tick, for files without such a column; of one file with FILE=.",
    ),
    click.option(
        "--rename", "renamed", multiple=True, metavar="OLD=NEW,...", help="Symbols of the file, and what they become."
    ),
    click.option("--kind", type=click.Choice(["quote", "trade"]), help="Kind of every tick; usually the columns tell."),
    click.option(
        "--time-unit",
        type=click.Choice(["auto", "ns", "us", "ms", "s", "days", "100ns", "digits"]),
        default="auto",
        show_default=True,
        help="Unit of numeric time stamps; dates as text are told by themselves.",
    ),
    click.option("--zone", default="", metavar="NAME", help="Zone of times that say none  [default: UTC]."),
    click.option(
        "--dates",
        type=click.Choice(["auto", "dmy", "mdy"]),
        default="auto",
        help="Order of day and month in 08/09/2024, if no row tells it.",
    ),
    click.option("--date", default="", metavar="YYYY-MM-DD", help="Day that times of day belong to."),
    click.option("--columns", "header", default="", metavar="NAME,...", help="Names of columns, if no line has them."),
    click.option("--rows", default="", metavar="NAME", help="JSON: where in an object the rows are."),
    click.option("--decimal", default="", metavar="MARK", help="Decimal mark of numbers: . or ,"),
    click.option("--thousands", default="", metavar="MARK", help="Mark between thousands."),
    click.option("--encoding", default="", metavar="NAME", help="Of texts that are not Unicode: cp1252, cp932 ..."),
    click.option(
        "--price-scale",
        type=click.FloatRange(min=0, min_open=True),
        metavar="NUMBER",
        help="1e-9 where 190250000000 is a price of 190.25.",
    ),
    click.option(
        "--sides", multiple=True, metavar="buy=WORD,sell=WORD", help="Words for the aggressor; none=WORD for nobody."
    ),
    click.option("--kinds", multiple=True, metavar="quote=WORD,trade=WORD", help="Words for what a row is."),
    click.option(
        "--bars", type=click.Choice(["open", "close"]), help="Of tables of bars: what the time of a row is; see docs."
    ),
    click.option("--bar-length", default="", metavar="60s", help="Of a bar, if the distance of rows does not tell it."),
    click.option("--where", multiple=True, metavar="COLUMN=VALUE", help="Only rows that have it are ticks."),
    click.option("--sort", is_flag=True, help="Order the ticks of each file by time first."),
    click.option("--anyway", is_flag=True, help="Take a file even if it cannot be one of a market."),
)


def column_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of this module to a click command, which gets their values together as its argument
    `columns`.
    """

    @wraps(command)
    def called(*args: Any, **options: Any) -> Any:
        said = {name: options.pop(name) for name in NAMES}
        return command(*args, columns=columns(**said), **options)

    made: Callable[..., Any] = called
    for option in reversed(OPTIONS):
        made = option(made)
    return made


NAMES = (
    "format_name",
    "bars",
    "bar_length",
    "mapping",
    "symbols",
    "renamed",
    "kind",
    "time_unit",
    "zone",
    "dates",
    "date",
    "header",
    "rows",
    "decimal",
    "thousands",
    "encoding",
    "price_scale",
    "sides",
    "kinds",
    "where",
    "sort",
    "anyway",
)


def columns(
    mapping: Iterable[str] = (),
    symbols: Iterable[str] = (),
    renamed: Iterable[str] = (),
    kind: str | None = None,
    header: str = "",
    sides: Iterable[str] = (),
    kinds: Iterable[str] = (),
    where: Iterable[str] = (),
    anyway: bool = False,
    format_name: str = "",
    bars: str | None = None,
    bar_length: str = "",
    price_scale: float | None = None,
    **others: Any,
) -> Columns:
    """Return the description of how rows become ticks, from the values of the command-line options.

    Each argument is the value of one option; `others` are fields of `Columns` that need no conversion.
    In the options for `sides` and `kinds` the tick's word comes first, then the word in the file; the
    result maps the file's word to the tick's.

    >>> columns(mapping=["bid=b1,ask=a1", "ts_event=time"]).names
    {'bid': 'b1', 'ask': 'a1', 'ts_event': 'time'}
    >>> made = columns(symbols=["eth.csv=ETHUSDT", "BTCUSDT"], sides=["buy=B,buy=1"])
    >>> made.symbol, made.symbols, made.sides
    ('BTCUSDT', {'eth.csv': 'ETHUSDT'}, {'B': 'buy', '1': 'buy'})

    Raises:
        ConfigurationError: an option is not of the form `NAME=VALUE`, several symbols are given for all files,
            or the format is unknown.
    """
    of_files = {file: symbol for file, given, symbol in (each.rpartition("=") for each in symbols) if given}
    of_all = [each for each in symbols if "=" not in each]
    if len(of_all) > 1:
        raise ConfigurationError(
            f"--symbol: expected one symbol, was {' and '.join(of_all)}; fix: --symbol FILE=SYMBOL for each file"
        )
    mapped = pairs("--map", mapping, "FIELD=COLUMN", "bid=best_bid", empty=True)
    return Columns(
        names={field.strip(): column.strip() for field, column in mapped},
        symbol=of_all[0] if of_all else "",
        symbols=of_files,
        renamed={
            old.strip(): new.strip() for old, new in pairs("--rename", renamed, "OLD=NEW", "'FDAX SEP24=FDAX_SEP24'")
        },
        kind=kind or "",
        header=tuple(name.strip() for name in header.split(",")) if header else (),
        sides={
            word.strip(): side.strip().removeprefix(NONE)
            for side, word in pairs("--sides", sides, "buy=WORD", "buy=B,sell=S")
        },
        kinds={
            word.strip(): kind.strip()
            for kind, word in pairs("--kinds", kinds, "quote=WORD", "quote=Kurs,trade=Umsatz")
        },
        where=dict(pairs("--where", where, "COLUMN=VALUE", "action=T", empty=True)),
        checked=not anyway,
        format=known(format_name),
        bars=bars or "",
        length=bar_length,
        price_scale=price_scale or 0.0,
        **others,
    )


def known(name: str) -> str:
    """Return the name of a file format after checking that the format exists; empty and `none` are returned unchecked.

    Raises:
        ConfigurationError: there is no such format; the message suggests formats with similar names.
    """
    return named(name).name and name if name not in ("", NONE) else name


def pairs(option: str, given: Iterable[str], form: str, example: str, empty: bool = False) -> list[tuple[str, str]]:
    """Split the values of a command-line option into pairs of name and value.

    Each given value is `NAME=VALUE`, or several such parts separated by commas.

    Args:
        option: name of the option, for the message.
        given: values of the option, which may be repeated.
        form: form of a part, for the message, such as `FIELD=COLUMN`.
        example: valid part, for the message.
        empty: whether a part may have an empty value, as in `NAME=`.

    Raises:
        ConfigurationError: a part is not of this form.
    """
    found = []
    for pair in ",".join(given).split(","):
        name, equals, value = pair.partition("=")
        if pair and not (name and equals and (value or empty)):
            raise ConfigurationError(f"{option}: expected {form}, was {pair!r}; fix: for example {option} {example}")
        if pair:
            found.append((name, value))
    return found
