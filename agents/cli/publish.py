"""`tickloop publish`: ticks from files or a pipe to Kafka."""

import asyncio
import signal
from collections.abc import AsyncIterable, Iterable, Sequence
from io import BufferedReader, FileIO

import click
import msgspec
from rich.console import Console

from agents.broker import bootstrap
from agents.cli.absent_broker import say_when_the_broker_is_away
from agents.cli.column_options import column_options, columns
from agents.cli.progress import progress_bar
from agents.clients.pace import Pace
from agents.clients.publisher import Published, publish
from agents.clients.standing_input import awaited
from agents.settings import Settings
from schemas.errors import ConfigurationError
from schemas.topics import TICKS
from streams.sources.columns import Columns, TimeUnit
from streams.sources.files import TickFile, merged
from streams.sources.raw import Feed

INTERRUPTED = 130


@click.command("publish")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@column_options
@click.option("--rate", type=float, metavar="N", help="Send N ticks a second.")
@click.option(
    "--speed", metavar="1x|100x|max", default="max", show_default=True, help="Replay event time so much faster."
)
@click.option("--strict", is_flag=True, help="Stop at the first row that makes no tick, with its number.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object, and no progress.")
def command(
    files: tuple[str, ...],
    mapping: tuple[str, ...],
    symbol: str,
    kind: str | None,
    time_unit: TimeUnit,
    rate: float | None,
    speed: str,
    strict: bool,
    as_json: bool,
) -> None:
    """Send the ticks of files to the topic `ticks`, in order; several files are merged by event time.

    A FILE is CSV with a header line, JSON lines, or Parquet; CSV and JSON lines may be gzipped; - is standard input.
    Fields: ts_event (nanoseconds since 1970, UTC), symbol, kind (quote or trade), bid, bid_size, ask, ask_size for
    quotes, price, size, side (buy or sell: the aggressor) for trades, and optionally seq. A row that makes no tick is
    sent as JSON of what it has, and comes back on the topic `dead-letters` with the reason. Ctrl-C sends what was
    read and says how much that was.

    \b
    Examples:
      tickloop publish btcusdt.csv.gz
      tickloop publish quotes.csv trades.csv --speed 10x
      tickloop publish fx.parquet --symbol EURUSD --map ts_event=time,bid=b,ask=a --time-unit ms
      feed | tickloop publish -
    """
    layout = columns(mapping, symbol, kind, time_unit)
    pace = Pace(rate=rate, speed=speed_of(speed))
    if "-" in files and len(files) > 1:
        raise ConfigurationError("expected standard input (-) alone or files, was both; fix: publish them in turn")
    settings = Settings.load()
    address = bootstrap(settings)
    report = asyncio.run(_publish(files, layout, strict, address, settings.topic(TICKS.name), pace, as_json))
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        _show(report)
    if not report.complete:
        raise SystemExit(INTERRUPTED)


async def _publish(
    files: Sequence[str], layout: Columns, strict: bool, address: str, topic: str, pace: Pace, quiet: bool
) -> Published:
    say_when_the_broker_is_away()
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

        return await publish(feed, address, topic, pace=pace, stop=stop, progress=progress)


def stop_or_die(stop: asyncio.Event) -> None:
    """The first Ctrl-C ends it in good order, the second one at once."""
    if stop.is_set():
        raise SystemExit(INTERRUPTED)
    stop.set()


def _piped() -> BufferedReader:
    """Standard input, apart from sys.stdin: a thread may still be reading it when the interpreter ends."""
    return BufferedReader(FileIO(0, closefd=False))


def speed_of(text: str) -> float | None:
    """Factor of `10x` or `10`; None for `max`.

    >>> speed_of("100x"), speed_of("0.5"), speed_of("max")
    (100.0, 0.5, None)
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
