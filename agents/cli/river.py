"""`tickloop models river`: the classifiers of River that a table of `[market.models]` can name."""

from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.table import Table

from agents.cli.arm import JSON

if TYPE_CHECKING:
    from streams.market.models.river_catalogue import RiverClassifier


@click.command("river")
@click.argument("name", required=False)
@JSON
def command(name: str | None, as_json: bool) -> None:
    """List the classifiers of River that can be experts, or show one, NAME, with the parameters that it takes.

    Each is built and tried on a few labels, so what is listed works with the installed version of River. Below stand
    the classifiers that cannot be used, each with the reason.

    \b
    Examples:
      tickloop models river
      tickloop models river ensemble.BaggingClassifier
    """
    from streams.market.models.river_catalogue import described, names  # River takes 0.5 s

    found = [described(name)] if name else [described(each) for each in names()]
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    console = Console(highlight=False, soft_wrap=True)
    if name:
        _show(console, found[0])
        return
    table = Table("model", "parameters", box=None)
    for each in found:
        if not each.problem:
            table.add_row(each.name, ", ".join(each.parameters) or "none")
    console.print(table)
    console.print("\nCannot be used:")
    for each in found:
        if each.problem:
            console.print(f"  {each.name}: {each.problem}", markup=False)
    console.print("\nOne with an example: tickloop models river NAME. Times and sizes: docs/models.md.")


def _show(console: Console, found: "RiverClassifier") -> None:
    """Print what is known of one classifier, as a table of the configuration that can be pasted."""
    if found.problem:
        console.print(f"{found.name} cannot be used: {found.problem}", markup=False)
        return
    lines = ["[market.models.NAME]", 'kind = "river"', f'model = "{found.name}"']
    if found.example:
        written = ", ".join(f"{key} = {_toml(value)}" for key, value in found.example.items())
        lines.append(f"parameters = {{ {written} }}")
    lines.append(f"# parameters that it takes: {', '.join(found.parameters) or 'none'}")
    console.print("\n".join(lines), markup=False)


def _toml(value: object) -> str:
    """A value of an example as TOML.

    >>> _toml({"model": "a.B", "parameters": {"size": 3, "lists": [True]}})
    '{ model = "a.B", parameters = { size = 3, lists = [true] } }'
    """
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return msgspec.json.encode(value).decode()
