"""`tickloop compile`: compiles the modules that take most of the time into machine code."""

import click

from agents.operations.compiling import compile_hot_modules
from streams.engine import compiled


@click.command("compile")
def command() -> None:
    """Compile the modules that take most of the time into machine code; this needs a C compiler.

    Results are the same bits as without compiling, only faster. A build is valid only for the exact sources that it
    was made from. After an edit of the sources, plain Python runs until the next `tickloop compile` (or `make setup`,
    which compiles too).
    """
    if not compiled.is_whole(compiled.build()):
        click.echo(f"compiling {len(compiled.MODULES)} modules, about a minute ...", err=True)
    folder = compile_hot_modules()
    click.echo(f"{len(compiled.MODULES)} modules run as machine code: {folder.relative_to(compiled.ROOT)}")
