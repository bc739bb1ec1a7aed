"""`tickloop formats`: lists the file formats that are known by name."""

import click
import msgspec
from rich.console import Console
from rich.table import Table

from schemas.errors import ConfigurationError
from streams.sources.formats import Format, formats, named
from streams.sources.formats.recognition import as_toml


@click.command("formats")
@click.argument("name", required=False, metavar="[NAME]")
@click.option("--markdown", is_flag=True, help="Print the table as docs/formats.md has it.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(name: str | None, markdown: bool, as_json: bool) -> None:
    """List the file formats that are recognised, or show how the rows of the format NAME become ticks.

    To read another format, write a file like the one that is shown for a NAME, and pass its path as --format
    path/to/own.toml.

    \b
    Examples:
      tickloop formats
      tickloop formats binance_trades > own.toml
    """
    chosen = [named(name)] if name else [*formats().values()]
    if as_json:
        click.echo(msgspec.json.encode(chosen[0] if name else chosen))
    elif name:
        click.echo(as_toml(chosen[0]), nl=False)
    elif markdown:
        click.echo(as_markdown(chosen))
    else:
        _show(chosen)


def as_markdown(chosen: list[Format]) -> str:
    """Return a Markdown table of these file formats."""
    rows = [f"| `{each.name}` | [{each.title}]({each.origin}) | {each.means} | `{each.example}` |" for each in chosen]
    return "\n".join(["| `--format` | what it is | a row is | called, for example |", "|---|---|---|---|", *rows])


def _show(chosen: list[Format]) -> None:
    if not chosen:
        raise ConfigurationError("expected formats, found none; fix: install tickloop anew")
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 140
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("format", "what it is", "a row is", "called, for example"):
        table.add_column(title)
    for each in chosen:
        table.add_row(each.name, each.title, each.means, each.example)
    console.print(table)
