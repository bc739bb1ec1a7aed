"""The commands that start and stop the variants of an experiment: written, and what came of them."""

import asyncio
import time

import click
import msgspec
from msgspec import Struct

from agents.broker import bootstrap
from agents.cli.home import settings_of_command
from agents.cli.seen_symbols import expect_seen
from agents.commands.commander import commander
from agents.config.settings import Settings
from schemas.commands import Command
from schemas.errors import TickloopError


class Written(Struct):
    """A command that was written, and what came of it: why it was refused, or empty."""

    command: Command
    partition: int
    offset: int
    refused: str
    answered: bool


def write(asked: list[Command], wait: float, as_json: bool, anyway: bool = True) -> None:
    """Write the commands of an experiment and say what came of each.

    Args:
        asked: the commands.
        wait: seconds to wait for the answer to each.
        as_json: print one JSON array and nothing else.
        anyway: also for symbols of which there is no prediction yet.

    Raises:
        ConfigurationError: nobody has seen one of the symbols; then nothing was written.
        TickloopError: one was refused.
    """
    settings = settings_of_command()
    written = asyncio.run(put(settings, asked, wait, anyway))
    if as_json:
        click.echo(msgspec.json.encode(written))
    for each in written if not as_json else ():
        where = f"{each.command.symbol}: written to partition {each.partition}, offset {each.offset}"
        if each.answered:
            click.echo(f"{where}, carried out")
        elif not each.refused:
            click.secho(f"{where}; no answer within {wait:g} s; `tickloop arm list` shows what holds", fg="yellow")
    if refused := [f"{each.command.symbol}: {each.refused}" for each in written if each.refused]:
        raise TickloopError("refused: " + "; ".join(refused))


async def put(settings: Settings, asked: list[Command], wait: float, anyway: bool) -> list[Written]:
    """Write commands, none before the symbols of all were looked for."""
    written = []
    async with commander(settings, bootstrap(settings)) as client:
        places = [await client.place_of(command.symbol) for command in asked]
        for command, place in zip(asked, places, strict=True):
            expect_seen(command.symbol, place, client.seen, anyway)
        for command, place in zip(asked, places, strict=True):
            if not place.ts_event:
                click.secho(
                    f"{command.symbol}: no prediction of it was found; it takes effect at its first tick", err=True
                )
            timed = msgspec.structs.replace(command, ts_event=place.ts_event or time.time_ns())
            offset, answer = await client.put(timed, place.partition, wait)
            written.append(Written(timed, place.partition, offset, answer.refused, bool(answer.versions)))
    return written
