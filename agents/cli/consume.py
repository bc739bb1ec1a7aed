"""`tickloop consume`: prints the records of a topic, each once."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from functools import partial

import click

from agents.broker import bootstrap
from agents.cli.absent_broker import say_when_the_broker_is_away
from agents.cli.home import settings_of_command
from agents.cli.record_tables import cells, columns_of, console_for, table
from agents.cli.unknown_names import expect_known_symbol
from agents.clients.readable_records import ReadableRecords
from agents.clients.reader import Received, Start, read_blocks
from agents.process.printable import printable
from schemas.errors import ConfigurationError, EnvironmentProblem, Refused
from schemas.topics import TOPICS, Topic

INTERRUPTED = 130


@click.command("consume")
@click.argument("topic", type=click.Choice([topic.name for topic in TOPICS]), metavar="TOPIC")
@click.option("--symbol", metavar="S", help="Only records of this symbol.")
@click.option("--json", "as_json", is_flag=True, help="One record a line, exactly as on the wire.")
@click.option(
    "--from",
    "begin",
    default="end",
    show_default=True,
    metavar="beginning|end|-N|N",
    help="Where to begin; -N: with the newest N records, N: at this offset of every partition.",
)
@click.option("-n", "limit", type=click.IntRange(1), metavar="N", help="Stop after N records.")
@click.option("--until-end", is_flag=True, help="Stop at what is the end now, instead of waiting for more.")
@click.option("--repeats", is_flag=True, help="Show records that were written again after a crash, too.")
def command(
    topic: str, symbol: str | None, as_json: bool, begin: str, limit: int | None, until_end: bool, repeats: bool
) -> None:
    """Print the records of a TOPIC, and wait for more until Ctrl-C.

    Topics: ticks, predictions, outcomes, breaks, faults, paper-account, experiments,
    experiment-decisions, experiment-partials, pooled-experiments, accuracy-windows, dead-letters, commands,
    model-versions, retrain-jobs, candidates, alerts, log-events. What each holds is in docs/topics.md.

    Each record is shown exactly once: after a crash a worker may write records again, byte for byte, and such
    repeats are dropped by their ids. No offsets are committed, so any number of readers can read side by side.

    \b
    Examples:
      tickloop consume predictions
      tickloop consume outcomes --symbol BTCUSDT --from -20
      tickloop consume dead-letters --from beginning --until-end
      tickloop consume predictions --from beginning --until-end --json > predictions.jsonl
    """
    settings = settings_of_command()
    found = next(each for each in TOPICS if each.name == topic)
    show = _show_json if as_json else _table(found)
    address, name = bootstrap(settings), settings.topic(topic)
    blocks = read_blocks(address, name, start=_start(begin), until_end=until_end, repeats=repeats or found.is_root)
    try:
        asyncio.run(_consume(blocks, symbol, limit, show, partial(expect_known_symbol, settings, address), until_end))
    except asyncio.CancelledError:
        raise SystemExit(INTERRUPTED) from None


async def _consume(
    reading: AsyncGenerator[list[Received], None],
    symbol: str | None,
    limit: int | None,
    show: Callable[[list[Received]], None],
    ask: Callable[[str], Awaitable[None]],
    until_end: bool,
) -> None:
    consuming = asyncio.current_task()
    assert consuming is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, consuming.cancel)
    say_when_the_broker_is_away()
    key = None if symbol is None else symbol.encode()
    met = symbol is None
    asking = None if symbol is None or until_end else asyncio.create_task(_warned(ask(symbol)))
    try:
        async with aclosing(reading) as blocks:
            async for block in blocks:
                wanted = block if key is None else [record for record in block if record.key == key]
                show(wanted[:limit])
                met = met or bool(wanted)
                if met and asking is not None:
                    asking.cancel()
                if limit is not None:
                    limit -= len(wanted)
                    if limit <= 0:
                        return
    finally:
        if asking is not None:
            asking.cancel()
    if symbol is not None and not met:
        await ask(symbol)


async def _warned(asked: Awaitable[None]) -> None:
    """Warn if the topics do not know a symbol, which may be misspelt or still to come."""
    try:
        await asked
    except ConfigurationError as error:
        click.secho(f"{error}; waiting for the first record of it", fg="yellow", err=True)
    except EnvironmentProblem:
        return  # the reader reports it


def _start(text: str) -> Start:
    """Return where to begin, from the value of `--from`.

    >>> _start("beginning"), _start("-20"), _start("100")
    ('beginning', -20, 100)
    """
    named: dict[str, Start] = {"beginning": "beginning", "end": "end"}
    try:
        return named[text] if text in named else int(text)
    except ValueError:
        raise ConfigurationError(f"--from: expected beginning, end, -N or an offset, was {text!r}") from None


def _show_json(records: Iterable[Received]) -> None:
    for record in records:
        sys.stdout.buffer.write((record.value or b"null") + b"\n")
    sys.stdout.buffer.flush()


def _table(topic: Topic) -> Callable[[list[Received]], None]:
    columns, decode = columns_of(topic.record), ReadableRecords(topic).decode
    console, columns = console_for(columns)
    heading = True

    def show(records: list[Received]) -> None:
        nonlocal heading
        rows = table(columns, heading)
        for record in records:
            try:
                rows.add_row(*cells(columns, decode(record.value)))
            except Refused as refused:
                console.print(rows)
                rows = table(columns, heading=False)
                console.print(
                    f"partition {record.partition}, offset {record.offset}: {printable(str(refused))}", markup=False
                )
        if rows.row_count:
            console.print(rows)
            heading = False

    return show
