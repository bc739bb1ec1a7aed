"""`tickloop replay`: sends historical ticks to Kafka again, on separate topics."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import AsyncExitStack, aclosing

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from agents.broker import bootstrap
from agents.cli.absent_broker import say_when_the_broker_is_away
from agents.cli.column_options import column_options
from agents.cli.home import settings_of_command
from agents.cli.horizon import say_what_cannot_move
from agents.cli.input_preview import say_understood
from agents.cli.judging import JudgedSource
from agents.cli.parameters_in_use import parameters_in_use
from agents.cli.publish import longest_wait_option, speed_of, stop_or_die
from agents.clients.pace import Pace
from agents.clients.publisher import Sendable, with_copies
from agents.clients.tick_log import TickLog
from agents.clients.topic_partitions import NoSuchTopic
from agents.commands.keyring import signing
from agents.operations.replaying import Replayed, Source, in_blocks, replay, up_to
from agents.operations.runs import name_for, run_settings
from agents.process.printable import printable
from schemas.errors import ConfigurationError
from schemas.topics import TICKS
from streams.sources.columns import Columns
from streams.sources.files import TickFile, merged
from streams.sources.several_files import expect_one_market
from streams.sources.times import TimeColumn
from streams.topology import nodes

INTERRUPTED = 130


@click.command("replay")
@click.argument("files", nargs=-1, metavar="[FILE...]")
@click.option("--from-topic", "topic", metavar="TOPIC", help="Copy a tick log, directives included, instead of files.")
@click.option("--run", "name", metavar="NAME", help="Name of the run  [default: after the first file or the topic]")
@click.option("--with-workers", is_flag=True, help="Compute the run, too: start workers, wait for them, stop them.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Worker processes; implies --with-workers.")
@click.option(
    "--speed", metavar="1x|100x|max", default="max", show_default=True, help="Replay event time so much faster."
)
@longest_wait_option
@click.option("--until", metavar="TIME", help="Stop before the first tick after this event time (ISO 8601, or ns).")
@click.option("--anew", is_flag=True, help="Delete first what the run holds.")
@column_options
@click.option("--strict", is_flag=True, help="Stop at the first row that makes no tick, with its number.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object, and no progress.")
def command(
    files: tuple[str, ...],
    topic: str | None,
    name: str | None,
    with_workers: bool,
    workers: int | None,
    speed: str,
    longest_wait: float,
    until: str | None,
    anew: bool,
    columns: Columns,
    strict: bool,
    as_json: bool,
) -> None:
    """Send history to the separate topics of a named run: replay-NAME.ticks, replay-NAME.predictions and so on.

    The live topics are never touched. Files are read as by `tickloop publish` and merged by event time, which is not
    changed. --from-topic copies a topic of ticks partition by partition, with the records on it that started or
    stopped versions of models. Offsets are kept, so the predictions get the same ids as before.

    After Ctrl-C or a crash, the same command goes on after the last tick that the run already has, and nothing is
    sent twice. If a run of this NAME was made from other input, the command is refused.

    \b
    Examples:
      tickloop replay btcusdt.csv.gz --with-workers
      tickloop replay quotes.csv trades.csv --run monday --speed 100x --until 2024-08-08T12:00:00Z
      tickloop replay --from-topic ticks --run again --workers 2
    """
    if bool(files) == (topic is not None):
        raise ConfigurationError("expected files or --from-topic TOPIC, one of them; fix: tickloop replay FILE")
    if "-" in files:
        raise ConfigurationError("expected files, was standard input, which cannot be read again; fix: save it first")
    # An error of the configuration is reported before files are read for a while.
    live = settings_of_command(workers=workers)
    parameters = parameters_in_use()
    expect_one_market(files, columns)
    say_understood(files, columns, as_json)
    pace = Pace(speed=speed_of(speed), longest_wait_s=longest_wait)
    last = None if until is None else _time(until)
    name = name or name_for(files[0] if files else str(topic))
    settings = run_settings(live, name)
    work = live.workers if with_workers or workers else 0
    if files and not as_json:
        say_what_cannot_move(files, columns, [parameters], "workers with")
    loop = nodes(parameters, signing(settings))
    address = bootstrap(live)
    topic = live.topic(TICKS.name) if topic == TICKS.name else topic
    if topic == settings.topic(TICKS.name):
        raise ConfigurationError(f"--from-topic: expected another topic than that of the run, was {topic}")
    bar = _Bar(as_json)
    judged = JudgedSource(_files(files, columns, strict, last, bar))

    async def run() -> Replayed:
        say_when_the_broker_is_away()
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop_or_die, stop)
        async with AsyncExitStack() as stack:
            configured, log = settings, None
            source: Source = copying(judged, loop[0].references, settings.partitions)
            if topic is not None:
                try:
                    log = await stack.enter_async_context(TickLog(address, topic))
                except NoSuchTopic as error:  # it was named on the command line
                    raise ConfigurationError(f"--from-topic: {error}") from error
                configured = msgspec.structs.replace(settings, partitions=log.partitions)
                source = _log(log, last, bar)
            result = await replay(
                str(name),
                configured,
                address,
                source,
                pace=pace,
                stop=stop,
                say=bar.say,
                progress=bar.progress,
                workers=work,
                nodes=loop,
                anew=anew,
            )
            return result if log is None else msgspec.structs.replace(result, same_offsets=log.keeps_offsets)

    with bar.progress_bar:
        result = asyncio.run(run())
    if as_json:
        click.echo(msgspec.json.encode(result))
    else:
        _show(result)
        for file in bar.files:
            if file.left_out:
                click.secho(printable(file.left_out), fg="yellow", err=True)
    if not result.complete:
        raise SystemExit(INTERRUPTED)
    if not result.already and result.sent == result.unreadable:
        rows = f" in {result.sent:,} rows" if result.sent else ""
        raise ConfigurationError(
            f"{', '.join(files) or topic}: expected ticks, found none{rows}; fix: see what is in there, and whether "
            "--until lets any pass; --map, --symbol, --kind and --time-unit say how rows become ticks"
        )
    judged.judge.expect_good(", ".join(files))


class _Bar:
    """Progress bar of a replay."""

    def __init__(self, quiet: bool) -> None:
        self.console = Console(stderr=True, highlight=False, quiet=quiet)
        self.progress_bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=quiet or not self.console.is_terminal,
        )
        self.files: list[TickFile] = []
        self.total: int | None = None
        self._task = self.progress_bar.add_task("connecting", total=None)
        self._begun: tuple[float, int] | None = None

    def say(self, sentence: str) -> None:
        self.progress_bar.update(self._task, description=sentence)
        if not self.console.is_terminal:
            self.console.print(sentence, soft_wrap=True)

    def progress(self, taken: int) -> None:
        now = asyncio.get_running_loop().time()
        self._begun = self._begun or (now, taken)
        rate = (taken - self._begun[1]) / max(now - self._begun[0], 1e-9)
        shares = [share for file in self.files if (share := file.share()) is not None]
        self.progress_bar.update(
            self._task,
            description=f"{taken:,} ticks, {rate:,.0f}/s",
            total=self.total if self.total is not None else len(self.files) if shares else None,
            completed=taken if self.total is not None else sum(shares),
        )


def _files(files: Sequence[str], layout: Columns, strict: bool, until: int | None, bar: _Bar) -> Source:
    def source() -> AsyncGenerator[Sequence[Sendable], None]:
        bar.files = [TickFile(each, layout, strict=strict) for each in files]
        return in_blocks(bar.files[0] if len(bar.files) == 1 else merged(bar.files), until)

    return source


def copying(source: Source, references: Collection[str], partitions: int) -> Source:
    """A source that yields each tick of a reference with its copies for all other partitions."""

    async def spread() -> AsyncGenerator[Sequence[Sendable], None]:
        async with aclosing(source()) as blocks:
            async for block in blocks:
                yield with_copies(block, references, partitions)

    return spread


def _log(log: TickLog, until: int | None, bar: _Bar) -> Source:
    def source() -> AsyncGenerator[Sequence[Sendable], None]:
        bar.total = log.total
        return up_to(log.blocks(), until)

    return source


def _time(text: str) -> int:
    try:
        return TimeColumn("ns").read(text)
    except ValueError as error:
        raise ConfigurationError(f"--until: {error}") from None


def _show(result: Replayed) -> None:
    console = Console(stderr=True, highlight=False)
    rate = result.sent / result.seconds if result.seconds else 0.0
    before = f", after {result.already:,} that the run held" if result.already else ""
    stopped = "" if result.complete else "stopped: "
    console.print(f"{stopped}{result.sent:,} ticks in {result.seconds:.1f} s ({rate:,.0f}/s){before}", soft_wrap=True)
    if result.unreadable:
        console.print(
            f"{result.unreadable:,} of them made no tick and will come back on dead-letters; the first: "
            f"{result.first_problem}",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )
    if result.same_offsets is False:
        console.print(
            "the log has gaps or lost its beginning: ids here are others than there", style="yellow", soft_wrap=True
        )
    if not result.complete:
        console.print("the same command goes on from here")
        return
    again = f"TICKLOOP_PREFIX={result.prefix} tickloop"
    if result.computed is None:
        console.print(f"to compute it: the same command with --with-workers, or {again} up", soft_wrap=True)
    else:
        computed = ", ".join(f"{count:,} {topic}" for topic, count in result.computed.items())
        console.print(f"computed: {computed} (records written again included)", soft_wrap=True)
        console.print(f"to read it:  {again} consume predictions --from beginning", soft_wrap=True)
        console.print(f"to check it: tickloop verify --run {result.run}", soft_wrap=True)
