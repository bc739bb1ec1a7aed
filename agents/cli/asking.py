"""Sends commands about a symbol's model versions from the command line, and prints what came of each command."""

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
    """Send one command and print what comes of it.

    Args:
        request: the command, without its event time.
        wait: longest wait for an answer, seconds; 0 to return without waiting.
        as_json: whether to print one JSON object and nothing else.
        anyway: whether to send the command even if its symbol has no predictions yet, or if it names a variant
            that does not run.

    Raises:
        ConfigurationError: without `anyway`, the symbol or variant is unknown; nothing was sent.
        TickloopError: the command was refused.
    """
    sent = asked(request, wait, as_json, anyway)
    if as_json:
        click.echo(msgspec.json.encode(sent))
    else:
        tell(sent, wait)


def asked(request: Request, wait: float, quietly: bool, anyway: bool = False) -> Sent:
    """Send one command and return what comes of it.

    Args:
        request: the command, without its event time.
        wait: longest wait for an answer, seconds; 0 to return without waiting.
        quietly: whether to print nothing.
        anyway: whether to send the command even if its symbol has no predictions yet, or if it names a
            variant that does not run.

    Raises:
        ConfigurationError: without `anyway`, the symbol or variant is unknown; nothing was sent.
        TickloopError: the command was refused.
    """
    settings = settings_of_command()
    (sent,) = asyncio.run(put(settings, [request], wait, anyway, _silent if quietly else _announced))
    if sent.refused:
        raise TickloopError(f"refused: {printable(sent.refused)}")
    return sent


def tell(sent: Sent, wait: float) -> None:
    """Print what came of one command.

    Args:
        sent: the command and the answer.
        wait: how long the answer was waited for at most, seconds; 0 if it was not waited for.
    """
    if sent.versions:
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
    """Send the commands of an experiment, one for each symbol, and print what came of each.

    Args:
        requests: the commands, without their event times.
        wait: longest wait for each answer, seconds; 0 to return without waiting.
        as_json: whether to print one JSON array and nothing else.
        anyway: whether to send the commands even if a symbol has no predictions yet, or a variant does not run.

    Raises:
        ConfigurationError: without `anyway`, a symbol or variant is unknown; nothing was sent.
        TickloopError: at least one command was refused.
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
    """Check the symbols and variants that commands name, then send the commands and return what came of each.

    Args:
        settings: settings of the deployment.
        requests: the commands, without their event times.
        wait: longest wait for each answer, seconds; 0 to return without waiting.
        anyway: whether to send the commands even if a symbol has no predictions yet, or a variant does not run.
        say: called before each command is written, with the command and the partition of its symbol.

    Raises:
        ConfigurationError: without `anyway`, a symbol or variant is unknown; nothing was sent.
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
    """Print nothing, for `--json`."""


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
    """Print records of model versions as a table on standard output."""
    console, columns = console_for(columns_of(ModelVersion))
    rows = table(columns, heading=True)
    for version in shown:
        rows.add_row(*cells(columns, version))
    console.print(rows)
