"""`tickloop verify`: compares everything that workers wrote with a replay of the ticks, byte for byte."""

import asyncio
import signal
from collections import Counter
from itertools import groupby

import click
import msgspec
from rich.console import Console
from rich.table import Table

from agents.broker import bootstrap
from agents.cli.absent_broker import say_when_the_broker_is_away
from agents.cli.home import settings_of_command
from agents.cli.parameters_in_use import parameters_in_use
from agents.cli.progress import progress_bar
from agents.commands.keyring import signing
from agents.config.settings import Settings
from agents.identity.computing import configured_identity
from agents.operations.runs import run_settings
from agents.operations.verification import Verification, verify
from agents.process.printable import printable
from schemas.topics import TICKS
from streams.engine import digests
from streams.topology import nodes
from streams.verification.comparison import Compared, RecordFinding

INTERRUPTED = 130
WIDTH = 110

SENTENCES = {
    "other_bytes": "its bytes are not those that the replay gives",
    "missing": "the replay gives it, the topic does not hold it (deleted, or never written)",
    "too_many": "the topic holds it, no tick leads to it",
    "repeat_differs": "it was written again with other bytes",
    "repeat_uncompared": "it was written again so much later that nothing is left to compare it with",
    "not_computed": "the workers have not computed it yet",
}


@click.command("verify")
@click.option("--run", "name", metavar="NAME", help="A replay run instead of the live topics.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0),
    default=30.0,
    show_default=True,
    metavar="S",
    help="Longest wait for workers that do not get on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object, and no progress.")
def command(name: str | None, timeout_s: float, as_json: bool) -> None:
    """Replay the ticks in this process, and compare the result with everything that the workers wrote.

    Every record on the output topics must have the bytes that the replay gives; none may be missing or added. Records
    that were written again after a crash must be the same again. Workers may run meanwhile: the command waits until
    they have processed all ticks that are there at its start. Parameters, plug-ins and signing keys come from this
    shell's configuration, which must agree with the workers' configuration. Nothing is written.

    If the first ticks were deleted, or the workers' code has changed since, the replay begins with a state that
    workers have stored (TICKLOOP_VERIFY_EVERY_S). The output then says from which offset on records are compared.

    Exit code 0: every record that was compared is the same. 1: one differs, or a partition could not be
    compared (no state was stored, workers are behind, there are no ticks).

    \b
    Examples:
      tickloop verify
      tickloop verify --run monday --json
    """
    live = settings_of_command()
    settings = live if name is None else run_settings(live, name)
    address = bootstrap(live)
    result = asyncio.run(_verify(settings, address, timeout_s, as_json))
    if as_json:
        click.echo(msgspec.json.encode(result))
    else:
        show(result, Console(highlight=False))
    raise SystemExit(0 if result.verdict == "same" else 1)


async def _verify(settings: Settings, address: str, timeout_s: float, quiet: bool) -> Verification:
    verifying = asyncio.current_task()
    assert verifying is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, verifying.cancel)
    say_when_the_broker_is_away()
    console = Console(stderr=True)
    loop = nodes(parameters_in_use(), signing(settings))
    with progress_bar(console, quiet) as bar:
        task = bar.add_task("connecting", total=None)
        clock = asyncio.get_running_loop().time
        begun = 0.0

        def progress(sentence: str, done: int, total: int) -> None:
            nonlocal begun
            if done == 0:
                bar.update(task, description=sentence)
                return
            begun = begun or clock()
            rate = done / max(clock() - begun, 1e-9)
            bar.update(task, description=f"{sentence}: {done:,} ticks, {rate:,.0f}/s", total=total, completed=done)

        try:
            return await verify(settings, address, loop, timeout_s, progress, configured_identity())
        except asyncio.CancelledError:
            raise SystemExit(INTERRUPTED) from None


def show(result: Verification, console: Console) -> None:
    """Print the result of a verification.

    A sentence says whether all records are the same. A line for each topic follows, then what differs.
    """
    if not console.is_terminal:
        console.width = WIDTH
    rate = result.ticks / result.seconds if result.seconds else 0.0
    held = sum(each.held for each in result.compared)
    verdicts = {
        "same": ("✓ the same to the last bit", "green"),
        "different": ("✗ not the same", "red"),
        "incomplete": ("? not everything could be compared", "yellow"),
    }
    title, style = verdicts[result.verdict]
    console.print(title, style=style, end="")
    console.print(
        f": {held:,} records that follow from {result.ticks:,} ticks, in {result.seconds:.1f} s ({rate:,.0f} ticks/s)"
    )
    if not result.ticks:
        console.print("  the tick log holds nothing that can be replayed", style="yellow")
    console.print(_table(result))
    for topic, counts in _counts(result).items():
        if counts:
            kinds = ", ".join(f"{kind.replace('_', ' ')} {n:,}" for kind, n in counts.items())
            console.print(f"{topic}: {kinds}", soft_wrap=True)
    for begun in result.begun:
        console.print(
            f"{TICKS.name}-{begun.partition} is compared from offset {begun.compared_from:,} on: the log begins at "
            f"{begun.first_offset:,}, the snapshots that were kept after that are of {begun.replayed_from - 1:,}; what "
            f"follows from {begun.uncompared:,} ticks before them was not compared",
            soft_wrap=True,
        )
    for changed in result.changed:
        console.print(changed.sentence, markup=False, soft_wrap=True)
    for lost in result.lost:
        console.print(lost.sentence, style="yellow", markup=False, soft_wrap=True)
    for cut in result.cut:
        console.print(
            f"{TICKS.name}-{cut.partition} begins at offset {cut.first_offset:,}: earlier ticks were deleted, or other "
            "code computed them, and what follows from the rest hangs on them; no snapshots from which all is there "
            "were kept; fix: lower TICKLOOP_VERIFY_EVERY_S of the workers, or keep ticks longer (retention.ms)",
            style="yellow",
        )
    up = f"TICKLOOP_PREFIX={result.prefix} tickloop up" if result.prefix else "tickloop up"
    for sentence in result.behind.values():
        console.print(f"behind: {sentence}; fix: `{up}`, then again, or a longer --timeout", style="yellow")
    if result.first is not None:
        _show_finding(result.first, "first difference", console)
        for finding in result.findings[1:6]:
            console.print(f"  also: {_place(finding)}: {SENTENCES[finding.kind]}", markup=False)
    if result.cause:
        console.print(f"cause: {result.cause}", style="red", markup=False)


def _table(result: Verification) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("topic", "partitions", "expected", "held", "repeats", "expired", "findings", "digest"):
        table.add_column(title, justify="left" if title in ("topic", "findings", "digest") else "right", no_wrap=True)
    for topic, group in groupby(result.compared, key=lambda each: each.topic):
        of_topic = list(group)
        counts = _counts(result)[topic]
        table.add_row(
            topic,
            str(len(of_topic)),
            f"{sum(each.expected for each in of_topic):,}",
            f"{sum(each.held for each in of_topic):,}",
            f"{sum(each.repeats for each in of_topic):,}",
            f"{sum(each.expired for each in of_topic):,}",
            f"{counts.total():,}" if counts else "none",
            digest_of(of_topic)[:16],
        )
    return table


def _counts(result: Verification) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {each.topic: Counter() for each in result.compared}
    for each in result.compared:
        counts[each.topic].update(each.counts)
    return counts


def digest_of(compared: list[Compared]) -> str:
    """Return one digest for a topic, computed from the digests of its partitions.

    Args:
        compared: results for all partitions of the topic.
    """
    return digests.of_topic({each.partition: bytes.fromhex(each.digest) for each in compared})


def _place(finding: RecordFinding) -> str:
    lies = f", offset {finding.offset:,}" if finding.offset >= 0 else ""
    return printable(f"{finding.topic}-{finding.partition}{lies}, id {finding.id or '(unreadable)'}")


def _show_finding(finding: RecordFinding, title: str, console: Console) -> None:
    console.print(f"{title}: {_place(finding)}", style="bold", markup=False)
    bits = "" if finding.bits is None else f" ({finding.bits} bit{'' if finding.bits == 1 else 's'})"
    console.print(f"  {SENTENCES[finding.kind]}{bits}")
    if finding.fields:
        table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
        for heading in ("field", "expected", "found"):
            table.add_column(heading, overflow="fold")
        for each in finding.fields:
            table.add_row(*map(printable, (each.field, each.expected or "(absent)", each.found or "(absent)")))
        console.print(table)
