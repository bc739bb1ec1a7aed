"""`tickloop demo`: sends a synthetic or real market through the whole system and checks the results."""

import signal
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import click
import msgspec
from rich.console import Console

from agents.config.settings import Settings
from agents.demo import drift_story, experiment_story
from agents.demo.details import show_details
from agents.demo.live_page import live_page
from agents.demo.market import market_of
from agents.demo.plan import DEFAULT_RATE, DEFAULT_RUN_S, MOST_TICKS, DemoPlan
from agents.demo.report import show, show_next_steps
from agents.demo.run import run
from agents.demo.scenes import show_kept
from agents.demo.stage import stage
from agents.process.waiting import waiting_for
from schemas.errors import TickloopError

INTERRUPTED = 130
WIDTH_OF_FILES = 110

STORIES: dict[str, Any] = {"experiment": experiment_story, "drift": drift_story}


@click.command("demo")
@click.option(
    "--ticks",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Play real ticks instead of a synthetic market; may be given more than once.",
)
@click.option(
    "--count",
    type=click.IntRange(1, MOST_TICKS),
    metavar="N",
    help=f"Ticks to play  [default: {DEFAULT_RUN_S:.0f} s at the given rate]",
)
@click.option("--seconds", type=click.FloatRange(0, min_open=True), metavar="N", help="Seconds of market time to play.")
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Of the synthetic market.")
@click.option(
    "--rate",
    type=click.FloatRange(1, 50_000),
    default=DEFAULT_RATE,
    show_default=True,
    metavar="N",
    help="Ticks a second.",
)
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Worker processes  [default: 2]")
@click.option(
    "--story",
    type=click.Choice(["loop", *STORIES]),
    default="loop",
    show_default=True,
    help="What is shown: the loop; an A/B test that wins, is sabotaged, rolled back; or a market that drifts, a model "
    "that is retrained and replaced, and a sabotaged one thrown out (the latter two with --workers, --keep).",
)
@click.option("--no-kill", is_flag=True, help="Do not kill a worker half-way.")
@click.option("--dashboard", is_flag=True, help="Serve the live page meanwhile; its address is printed.")
@click.option("--verbose", is_flag=True, help="Print each check, refusals by reason, latencies and all baselines, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
@click.option("--keep", is_flag=True, help="Leave broker and topics there to look at.")
def command(
    files: tuple[str, ...],
    count: int | None,
    seconds: float | None,
    seed: int,
    rate: float,
    workers: int | None,
    story: str,
    no_kill: bool,
    dashboard: bool,
    verbose: bool,
    as_json: bool,
    keep: bool,
) -> None:
    """Send a market through Kafka and the workers, and check everything that comes out.

    Half-way a worker is killed with `kill -9`. In the end every record on the topics is compared with a replay of the
    same ticks in one process. The demo uses a temporary folder and its own broker. If TICKLOOP_BOOTSTRAP names a
    cluster, it uses its own topics there instead. Nothing is left behind.

    The exit code is 0 if every check holds, 1 if one does not.
    """
    console = Console(stderr=as_json)
    if not console.is_terminal:
        console.width = WIDTH_OF_FILES
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)

    def say(sentence: str) -> None:
        console.print(f"[dim]{time.strftime('%H:%M:%S')}[/dim] {sentence}", highlight=False, soft_wrap=True)

    if story in STORIES:
        _tell(STORIES[story], Settings.load(workers=workers), console, say, as_json, keep, dashboard)
        return
    try:
        plan = DemoPlan(files=files, count=count, seconds=seconds, seed=seed, rate=rate, kill=not no_kill)
        with console.status("preparing the market"), waiting_for("the market to be prepared", say):
            market = market_of(plan)
        say(f"market: {len(market.feed):,} ticks, {market.seconds:,.0f} s of {market.title}")
        given = Settings.load(workers=workers)
        with stage(given, keep, say) as settings, live_page(settings, say) if dashboard else nullcontext():
            summary = run(plan, market, settings, console, say)
        if keep:
            kept = {"prefix": settings.prefix} if given.bootstrap else {"home": settings.home}
            summary = msgspec.structs.replace(summary, **kept)
    except KeyboardInterrupt:
        console.print("stopped; nothing is left behind" if not keep else "stopped")
        raise SystemExit(INTERRUPTED) from None
    if as_json:
        click.echo(msgspec.json.encode(summary))
    else:
        console.print()
        if verbose:
            show_details(summary, console)
        show(summary, console)
        show_next_steps(summary, console)
    if not summary.holds:
        failed = "; ".join(f"{check.claim}: {check.found}" for check in summary.audit.checks if not check.holds)
        raise TickloopError(f"expected every check to hold, was not so: {failed}")


def _tell(
    story: Any,
    given: Settings,
    console: Console,
    say: Callable[[str], None],
    as_json: bool,
    keep: bool,
    dashboard: bool,
) -> None:
    try:
        with stage(given, keep, say) as settings, live_page(settings, say) if dashboard else nullcontext():
            summary = story.run(settings, console, say)
    except KeyboardInterrupt:
        console.print("stopped; nothing is left behind" if not keep else "stopped")
        raise SystemExit(INTERRUPTED) from None
    if as_json:
        click.echo(msgspec.json.encode(summary))
    else:
        console.print()
        story.show(summary, console)
        if keep:
            show_kept(settings, given, story.KEPT, console)
    if not summary.holds:
        failed = "; ".join(f"{check.claim}: {check.found}" for check in summary.checks if not check.holds)
        raise TickloopError(f"expected every check to hold, was not so: {failed}")


def _interrupt(*_: Any) -> None:
    """Signal handler that treats SIGTERM and SIGHUP like Ctrl-C, so that everything is cleaned up."""
    signal.raise_signal(signal.SIGINT)
