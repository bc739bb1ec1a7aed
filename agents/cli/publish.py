"""`tickloop publish`: sends ticks from files or a pipe to Kafka."""

import asyncio
import os
import signal
from collections.abc import AsyncIterable, Iterable, Sequence
from io import BufferedReader, FileIO
from itertools import islice
from pathlib import Path

import click
import msgspec
from rich.console import Console

from agents.broker import bootstrap
from agents.cli.absent_broker import say_when_the_broker_is_away
from agents.cli.column_options import column_options
from agents.cli.home import settings_of_command
from agents.cli.horizon import horizons_of, say_what_cannot_move
from agents.cli.input_preview import explain as show_explained
from agents.cli.input_preview import explain_option, say, say_understood
from agents.cli.judging import Judge, refusal
from agents.cli.progress import progress_bar
from agents.cli.reference_options import reference_option, references_of
from agents.clients.pace import LONGEST_WAIT_S, Pace
from agents.clients.publisher import Published, publish
from agents.clients.standing_input import awaited
from agents.clients.symbol_times import RECONNECT_NS, SymbolTimes, beginnings, expect_later, symbol_times
from schemas.errors import ConfigurationError
from schemas.topics import TICKS
from streams.engine.feed import Feed
from streams.sources.columns import Columns
from streams.sources.files import TickFile, merged
from streams.sources.several_files import expect_one_market

INTERRUPTED = 130
MOST_TOLD = 5
"""Most symbols with a refused first tick that are warned of."""

PROBED = 20_000
"""Ticks that are checked before anything is sent; a symbol that begins later is checked when it does."""


longest_wait_option = click.option(
    "--longest-wait",
    type=float,
    metavar="S",
    default=LONGEST_WAIT_S,
    show_default=True,
    help="With --speed: wait at most so many seconds between two ticks, whatever hole event time has.",
)


@click.command("publish")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@column_options
@click.option("--rate", type=float, metavar="N", help="Send N ticks a second.")
@click.option(
    "--speed", metavar="1x|100x|max", default="max", show_default=True, help="Replay event time so much faster."
)
@longest_wait_option
@reference_option
@click.option("--set-back", is_flag=True, help="Send ticks though they lie before what the topic holds.")
@explain_option
@click.option("--strict", is_flag=True, help="Stop at the first row that makes no tick, with its number.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object, and no progress.")
def command(
    files: tuple[str, ...],
    columns: Columns,
    rate: float | None,
    speed: str,
    longest_wait: float,
    references: tuple[str, ...],
    set_back: bool,
    explain: bool,
    strict: bool,
    as_json: bool,
) -> None:
    """Send the ticks of files to the topic `ticks`, each file in its own order; several files are merged by event
    time.

    A FILE is CSV, JSON, Parquet or Feather, compressed or not (docs/formats.md); - is standard input. Fields:
    ts_event, symbol, kind (quote or trade), bid, bid_size, ask, ask_size for quotes, price, size, side (buy or
    sell: the aggressor) for trades, and optionally seq. --map FIELD=COLUMN names columns that have other names.

    A row that is no valid tick is sent as JSON with the values that it has, and comes back on the topic
    `dead-letters` with the reason. So does a tick that makes no sense, for example one with a negative price. A
    warning is printed if the first tick of a symbol is such a tick. If all ticks are such ticks, the exit code is 2.
    After Ctrl-C, ticks that were already read are still sent, and their number is printed.

    Ticks of references, symbols that the features of others look at, are copied to every partition
    (docs/references.md).

    If the ticks of a symbol begin before its newest tick on the topic, the command refuses them: workers would reject
    them as late, or believe that the clock was set back. Send history to separate topics with `tickloop replay`.

    \b
    Examples:
      tickloop publish btcusdt.csv.gz
      tickloop publish quotes.csv trades.csv --speed 10x
      tickloop publish fx.parquet --symbol EURUSD --map ts_event=time,bid=b,ask=a
      tickloop publish 2024.zip --columns ts_event,price,size --symbol XBTEUR
      feed | tickloop publish -
    """
    pace = Pace(rate=rate, speed=speed_of(speed), longest_wait_s=longest_wait)
    if "-" in files and len(files) > 1:
        raise ConfigurationError("expected standard input (-) alone or files, was both; fix: publish them in turn")
    if explain:
        show_explained(files, columns)
        return
    settings = settings_of_command()
    expect_one_market(files, columns)
    say_understood(files, columns, as_json)
    if not as_json:
        say_what_cannot_move(files, columns, [horizons_of(os.environ)], "workers with")
    address = bootstrap(settings)
    topic = settings.topic(TICKS.name)
    judge = Judge()
    everywhere = references_of(references)
    report = asyncio.run(_publish(files, columns, strict, set_back, address, topic, pace, as_json, judge, everywhere))
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        _show(report)
    if not report.complete:
        raise SystemExit(INTERRUPTED)
    if report.ticks == report.unreadable:
        raise ConfigurationError(
            f"{', '.join(files)}: expected ticks, found none{f' in {report.ticks:,} rows' if report.ticks else ''}; "
            "fix: see what the file holds; --map, --symbol, --kind and --time-unit say how its rows become ticks"
        )
    judge.expect_good(", ".join(files))


async def _publish(
    files: Sequence[str],
    layout: Columns,
    strict: bool,
    set_back: bool,
    address: str,
    topic: str,
    pace: Pace,
    quiet: bool,
    judge: Judge,
    references: Sequence[str],
) -> Published:
    say_when_the_broker_is_away()
    held = SymbolTimes(topic, {}) if set_back else await symbol_times(address, topic)
    begins = _beginnings(files, layout) if held.newest else {}
    expect_later(begins, held, _warn)
    tolerance = RECONNECT_NS if files[0] == "-" else 0

    refused_symbols = 0
    said: list[str] = []

    def first(tick: Feed) -> None:
        nonlocal refused_symbols, said
        if files[0] == "-" and not said and not quiet:
            said = sources[0].understood
            say(said)
        if (why := refusal(tick)) and (refused_symbols := refused_symbols + 1) <= MOST_TOLD:
            _warn(f"{tick.symbol}: the first tick of it will come back on dead-letters: {why}")
        if tick.symbol not in begins and tick.ts_event is not None:
            expect_later({tick.symbol: tick.ts_event}, held, _warn, tolerance)

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop_or_die, stop)
    sources = [TickFile(name, layout, strict=strict, stream=_piped() if name == "-" else None) for name in files]
    feed: Iterable[Feed] | AsyncIterable[Sequence[Feed]] = sources[0] if len(sources) == 1 else merged(sources)
    if files[0] == "-":
        feed = awaited(sources[0].blocks())
    console = Console(stderr=True)
    with progress_bar(console, quiet) as bar:
        task = bar.add_task("connecting", total=None)
        clock = asyncio.get_running_loop().time
        started = clock()

        def progress(sent: int) -> None:
            shares = [share for source in sources if (share := source.share()) is not None]
            rate = sent / max(clock() - started, 1e-9)
            bar.update(
                task,
                description=f"{sent:,} ticks, {rate:,.0f}/s",
                total=len(sources) if shares else None,
                completed=sum(shares),
            )

        report = await publish(
            feed,
            address,
            topic,
            pace=pace,
            stop=stop,
            progress=progress,
            first=first,
            seen=judge.look,
            say=_warn,
            references=references,
        )
    for source in sources:
        if source.left_out and not quiet:
            _warn(source.left_out)
    return report


def _beginnings(files: Sequence[str], layout: Columns) -> dict[str, int]:
    """Return the first event time of each symbol in those files that can be read twice."""
    regular = [TickFile(name, layout) for name in files if Path(name).is_file()]
    return beginnings(islice(merged(regular), PROBED))


def _warn(sentence: str) -> None:
    click.secho(sentence, fg="yellow", err=True)


def stop_or_die(stop: asyncio.Event) -> None:
    """Handle Ctrl-C: the first time set `stop`, so that sending ends in good order; the second time exit at once."""
    if stop.is_set():
        raise SystemExit(INTERRUPTED)
    stop.set()


def _piped() -> BufferedReader:
    """Return standard input as a file object other than sys.stdin, since a thread may still read it at exit."""
    return BufferedReader(FileIO(0, closefd=False))


def speed_of(text: str) -> float | None:
    """Return the factor of a speed such as `10x` or `10`; None for `max`, as fast as possible.

    >>> speed_of("100x"), speed_of("0.5"), speed_of("max")
    (100.0, 0.5, None)

    Raises:
        ConfigurationError: the text is neither `max` nor such a factor.
    """
    if text == "max":
        return None
    try:
        return float(text.removesuffix("x"))
    except ValueError:
        raise ConfigurationError(f"--speed: expected 1x, 100x or max, was {text!r}") from None


def _show(report: Published) -> None:
    console = Console(stderr=True, highlight=False)
    rate = report.ticks / report.seconds if report.seconds else 0.0
    ended = "" if report.complete else "stopped: "
    console.print(f"{ended}{report.ticks:,} ticks acknowledged in {report.seconds:.1f} s ({rate:,.0f}/s)")
    for number, span in sorted(report.partitions.items()):
        console.print(f"  partition {number}: {span.records:,} ticks, offsets {span.first} to {span.last}")
    if report.unreadable:
        console.print(
            f"{report.unreadable:,} of them made no tick and will come back on dead-letters; the first: "
            f"{report.first_problem}",
            style="yellow",
            markup=False,
        )
