"""What a command line asks of the lifecycle node: looked at, sent, one command a symbol, and what came of it."""

import asyncio
from collections.abc import Callable, Sequence

import click
import msgspec

from agents.broker import bootstrap
from agents.cli.home import settings_of_command
from agents.cli.record_tables import cells, columns_of, console_for, table
from agents.cli.seen_symbols import expect_running, expect_seen
from agents.commands.commander import LogPlace, commander
from agents.commands.requests import Request
from agents.commands.sending import Sent, send
from agents.config.settings import Settings
from agents.process.printable import printable
from schemas.errors import TickloopError
from schemas.versions import ModelVersion

Say = Callable[[Request, LogPlace], None]
"""Is told of each command before it is written."""


def ask(request: Request, wait: float, as_json: bool, anyway: bool = False) -> None:
    """Send one command and show what comes of it within `wait` seconds.

    Raises:
        ConfigurationError: nobody has seen the symbol or the arm, and whoever asks does not say `anyway`.
        TickloopError: it is refused.
    """
    settings = settings_of_command()
    (sent,) = asyncio.run(put(settings, [request], wait, anyway, _silent if as_json else _announced))
    if sent.refused:
        raise TickloopError(f"refused: {printable(sent.refused)}")
    if as_json:
        click.echo(msgspec.json.encode(sent))
    elif sent.versions:
        show(sent.versions)
    elif sent.job is not None:
        click.echo(f"retrain {sent.job.job}: {sent.job.withheld or 'begins as soon as the retrainer has time'}")
    elif wait > 0:
        click.secho(
            f"no answer within {wait:g} s: no worker has come to it yet, or its id {sent.command.id} was carried out "
            "before; `tickloop arm list` shows what holds",
            fg="yellow",
            err=True,
        )


def ask_each(requests: Sequence[Request], wait: float, as_json: bool, anyway: bool) -> None:
    """Send the commands of an experiment, one a symbol, and say in a line what came of each.

    Raises:
        ConfigurationError: nobody has seen one of the symbols; then nothing was written.
        TickloopError: one was refused.
    """
    sent = asyncio.run(put(settings_of_command(), requests, wait, anyway, _warned))
    if as_json:
        click.echo(msgspec.json.encode(sent))
    else:
        _tell(sent, wait)
    if refused := [f"{each.command.symbol}: {each.refused}" for each in sent if each.refused]:
        raise TickloopError("refused: " + "; ".join(refused))


def _tell(sent: Sequence[Sent], wait: float) -> None:
    for each in sent:
        where = f"{each.command.symbol}: written to partition {each.partition}, offset {each.offset}"
        if each.answered:
            click.echo(f"{where}, carried out")
        elif not each.refused:
            click.secho(f"{where}; no answer within {wait:g} s; `tickloop arm list` shows what holds", fg="yellow")


async def put(settings: Settings, requests: Sequence[Request], wait: float, anyway: bool, say: Say) -> list[Sent]:
    """Send commands, none before the symbols and arms of all were looked for.

    Args:
        settings: of the deployment.
        requests: what is asked for.
        wait: seconds to wait for the answer to each.
        anyway: also for symbols of which there is no prediction yet, and for arms that run not yet.
        say: is told of each before it is written.
    """
    async with commander(settings, bootstrap(settings)) as client:
        places = [await client.place_of(request.symbol) for request in requests]
        for request, place in zip(requests, places, strict=True):
            expect_seen(request.symbol, place, client.seen, anyway)
            if request.shadow and not anyway:
                expect_running(request.shadow, request.symbol, await client.arms_of(request.symbol))
        sent = []
        for request, place in zip(requests, places, strict=True):
            say(request, place)
            sent.append(await send(client, request, place, wait))
        return sent


def _silent(request: Request, place: LogPlace) -> None:
    """With `--json` nothing but the object is printed."""


def _announced(request: Request, place: LogPlace) -> None:
    if place.ts_event:
        said = f"takes effect at the next tick of {request.symbol}"
        click.echo(f"writing one command to partition {place.partition}; {said}")
        return
    click.echo(
        f"writing one command to partition {place.partition}, where Kafka's partitioner puts {request.symbol}: no "
        "prediction of it was found; takes effect at its first tick there"
    )


def _warned(request: Request, place: LogPlace) -> None:
    if not place.ts_event:
        click.secho(f"{request.symbol}: no prediction of it was found; it takes effect at its first tick", err=True)


def show(shown: Sequence[ModelVersion]) -> None:
    """Print records of versions as a table."""
    console, columns = console_for(columns_of(ModelVersion))
    rows = table(columns, heading=True)
    for version in shown:
        rows.add_row(*cells(columns, version))
    console.print(rows)
