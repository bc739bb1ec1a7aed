"""`tickloop compile`: the hot modules into machine code."""

import click

from agents.operations.compiling import compile_hot_modules
from streams.engine import compiled


@click.command("compile")
def command() -> None:
    """Turn the hot modules into machine code, if a C compiler is there.

    The loop computes the same bits with and without it, only faster. A build belongs to the very sources that it was
    made from: after an edit plain Python runs until the next `tickloop compile` (or `make setup`, which does it).
    """
    if not compiled.is_whole(compiled.build()):
        click.echo(f"compiling {len(compiled.MODULES)} modules, about a minute ...", err=True)
    folder = compile_hot_modules()
    click.echo(f"{len(compiled.MODULES)} modules run as machine code: {folder.relative_to(compiled.ROOT)}")
