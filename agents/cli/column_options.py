"""Options that say how the rows of a file become ticks, for every command that reads such files."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from schemas.errors import ConfigurationError
from streams.sources.columns import Columns, TimeUnit

Command = TypeVar("Command", bound=Callable[..., Any])


def column_options(command: Command) -> Command:
    """Give a command `mapping`, `symbol`, `kind` and `time_unit`; `columns` makes `Columns` out of them."""
    for option in (
        click.option(
            "--time-unit",
            type=click.Choice(["ns", "us", "ms", "s"]),
            default="ns",
            show_default=True,
            help="Unit of numeric time stamps; ISO 8601 is always understood.",
        ),
        click.option(
            "--kind", type=click.Choice(["quote", "trade"]), help="Kind of every tick; usually the columns tell."
        ),
        click.option("--symbol", default="", help="Symbol of every tick, for files without such a column."),
        click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN,...", help="Columns with other names."),
    ):
        command = option(command)
    return command


def columns(mapping: Iterable[str], symbol: str, kind: str | None, time_unit: TimeUnit) -> Columns:
    """Columns as the options say.

    >>> columns(["bid=b1,ask=a1", "ts_event=time"], "", None, "ns").names
    {'bid': 'b1', 'ask': 'a1', 'ts_event': 'time'}

    Raises:
        ConfigurationError: a mapping makes no sense.
    """
    names = {}
    for pair in ",".join(mapping).split(","):
        field, given, column = pair.partition("=")
        if pair and not (field and given and column):
            raise ConfigurationError(f"--map: expected FIELD=COLUMN, was {pair!r}; fix: for example --map bid=best_bid")
        if pair:
            names[field.strip()] = column.strip()
    return Columns(names=names, symbol=symbol, kind=kind or "", time_unit=time_unit)
