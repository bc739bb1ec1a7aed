"""What files were taken for, said before anything is made of them; and their first rows beside the ticks."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from agents.process.printable import printable
from schemas.errors import ConfigurationError
from streams.sources.absent import fix_of
from streams.sources.columns import Columns
from streams.sources.damage import BrokenFile
from streams.sources.files import TickFile

PIPE = "-"
"""In the place of a name: standard input."""

explain_option = click.option(
    "--explain", is_flag=True, help="Show how the first ten rows are read, and do nothing with them."
)


def begun(name: str, columns: Columns) -> TickFile:
    """A file whose first block was read; one that breaks off there is for the command to tell."""
    file = TickFile(name, columns).unsorted()
    with suppress(BrokenFile):
        next(file.blocks(), None)
    return file


def say_understood(files: Sequence[str], columns: Columns, quiet: bool = False) -> None:
    """Print on standard error what files were taken for; what cannot be read twice is left out, and has to be there.

    Raises:
        ConfigurationError: what reading a file raises.
    """
    for name in files:
        if name != PIPE and not Path(name).exists():
            raise ConfigurationError(f"{name}: expected a readable file, found none{fix_of(name)}")
        if not quiet and Path(name).is_file():
            say(begun(name, columns).understood)


def say(sentences: Sequence[str]) -> None:
    """Print what a file was taken for."""
    for sentence in sentences:
        click.secho(printable(sentence), dim=True, err=True)


def explain(files: Sequence[str], columns: Columns) -> None:
    """Print what files were taken for, and their first rows beside the ticks that they make.

    Raises:
        ConfigurationError: what reading a file raises; or it is no file.
    """
    for name in files:
        if not Path(name).is_file():
            raise ConfigurationError(
                f"{name}: expected a file to explain, found none{fix_of(name) or '; fix: save it first'}"
            )
        file = begun(name, columns)
        pairs = file.explained()
        for sentence in file.understood or [f"{name}: records as they stand"]:
            click.echo(printable(sentence))
        for number, (cells, tick) in enumerate(pairs, 1):
            click.echo(f"{number:>3}  {printable(', '.join(f'{column}={cell}' for column, cell in cells.items()))}")
            click.echo(f"     -> {printable(tick)}")
        if not pairs:
            click.echo("     no rows")
