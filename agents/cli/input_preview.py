"""Tells the user how files of ticks are read, before anything else is done with them."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from agents.process.printable import printable
from schemas.errors import ConfigurationError
from streams.sources.absent_files import fix_of
from streams.sources.columns import Columns
from streams.sources.damaged_files import BrokenFile
from streams.sources.files import TickFile

PIPE = "-"
"""Name of a file that means standard input."""

explain_option = click.option(
    "--explain", is_flag=True, help="Show how the first ten rows are read, and do nothing with them."
)


def begun(name: str, columns: Columns) -> TickFile:
    """Open a file of ticks and read its first block, which shows how the rows become ticks.

    A damaged file raises no error here, since reading it later does.

    Args:
        name: path of the file.
        columns: how rows become ticks.
    """
    file = TickFile(name, columns).unsorted()
    with suppress(BrokenFile):
        next(file.blocks(), None)
    return file


def say_understood(files: Sequence[str], columns: Columns, quiet: bool = False) -> None:
    """Check that files exist, and print on standard error how the rows of each file become ticks.

    Nothing is printed about pipes, since they cannot be read twice.

    Args:
        files: paths; `-` is standard input.
        columns: how rows become ticks.
        quiet: whether to check only, and print nothing.

    Raises:
        ConfigurationError: a file is missing or cannot be read.
    """
    for name in files:
        if name != PIPE and not Path(name).exists():
            raise ConfigurationError(f"{name}: expected a readable file, found none{fix_of(name)}")
        if not quiet and Path(name).is_file():
            say(begun(name, columns).understood)


def say(sentences: Sequence[str]) -> None:
    """Print each of these sentences on a line of its own on standard error."""
    for sentence in sentences:
        click.secho(printable(sentence), dim=True, err=True)


def explain(files: Sequence[str], columns: Columns) -> None:
    """Print how files are read, and their first rows beside the ticks that they become.

    Args:
        files: paths of the files.
        columns: how rows become ticks.

    Raises:
        ConfigurationError: a path is no regular file, or cannot be read.
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
