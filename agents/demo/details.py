"""Prints everything that a demo found, for `tickloop demo --verbose`."""

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from agents.demo.report import BUSY, verdict
from agents.demo.stopwatch import MeasuredLatency
from agents.demo.summary import Summary
from streams.scoring.skill import Skill


def show_details(summary: Summary, console: Console) -> None:
    """Print the number of records, every check, the latencies, and the scores of predictions and baselines."""
    for title, part in (
        ("What went through", _counts(summary)),
        ("Checked on the topics, after the workers had stopped", _checks(summary)),
        ("Latency from tick to prediction, ms", _latency(summary)),
        ("Skill beside baselines", _skill(summary.skill)),
    ):
        console.print(Rule(Text(title, style="bold"), align="left", style="dim"))
        console.print(Padding(part, (0, 0, 1, 2)))


def _counts(summary: Summary) -> Table:
    audit = summary.audit
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column(justify="right")
    grid.add_column()
    rate = summary.sent / summary.seconds if summary.seconds else 0.0
    pace = f"{summary.market_seconds:,.0f} s of {summary.market}, in {summary.seconds:.0f} s ({rate:,.0f} ticks/s)"
    grid.add_row("ticks sent", f"{summary.sent:,}", pace)
    grid.add_row("accepted", f"{audit.accepted:,}", f"of {_names(summary.symbols)}")
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in summary.refused.items())
    grid.add_row("refused", f"{sum(summary.refused.values()):,}", reasons)
    grid.add_row("predictions", f"{audit.predictions:,}")
    grid.add_row("outcomes", f"{audit.outcomes:,}", "predictions that were kept to be scored, and met their outcome")
    if summary.kill is not None:
        kill = summary.kill
        grid.add_row(
            "kill -9",
            "1",
            f"{kill.worker} of {summary.workers}, with {len(kill.partitions)} partitions, after {kill.after:,} ticks",
        )
    return grid


def _names(symbols: tuple[str, ...], most: int = 6) -> str:
    """
    >>> _names(("A", "B", "C"), most=2)
    'A, B, ...'
    """
    return ", ".join(symbols[:most]) + (", ..." if len(symbols) > most else "")


def _checks(summary: Summary) -> Table:
    grid = Table.grid(padding=(0, 1))
    for check in summary.audit.checks:
        mark = Text("✓", style="green") if check.holds else Text("✗", style="bold red")
        grid.add_row(mark, Text(f"{check.claim}: ").append(check.found, style="bold" if check.holds else "bold red"))
    return grid


def _latency(summary: Summary) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("")
    for title in ("ticks", "p50", "p95", "p99", "longest"):
        table.add_column(title, justify="right")
    if summary.undisturbed is not None:
        table.add_row("before the kill", *_waits(summary.undisturbed))
    if summary.latency is not None:
        table.add_row("whole run, kill included" if summary.kill else "whole run", *_waits(summary.latency))
    outer = Table.grid()
    outer.add_row(table)
    outer.add_row(Text("from the moment when a tick is due to be sent until a reader has its answer", "dim"))
    outer.add_row(Text(measured_on(summary), "dim"))
    return outer


def measured_on(summary: Summary) -> str:
    """Sentence about the programs that shared this machine's cores while latency was measured, and the cores' load."""
    broker = "" if "cluster at" in summary.cluster else "broker, "
    programs = f"{broker}{summary.workers} worker{'' if summary.workers == 1 else 's'}, publisher and readers"
    said = f"{programs} on the {summary.cores} cores of this machine, which were {summary.busy:.0%} busy meanwhile"
    if summary.busy > BUSY:
        said += ": much of these waits is one for a core"
    return said


def _waits(latency: MeasuredLatency) -> tuple[str, ...]:
    numbers = (latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.longest_ms)
    return (f"{latency.ticks:,}", *(f"{number:,.1f}" for number in numbers))


def _skill(figures: Skill | None) -> Table | Text:
    if figures is None:
        return Text("no scored prediction has met a move yet: too few ticks to say anything")
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("forecaster")
    table.add_column("right side", justify="right")
    table.add_column("log-loss", justify="right")
    table.add_column("")
    table.add_row(
        Text("the loop", style="bold"), f"{figures.pipeline.accuracy:.1%}", f"{figures.pipeline.log_loss:.4f}", ""
    )
    for score in sorted(figures.baselines, key=lambda score: score.log_loss):
        what = "best baseline" if score.name == figures.best_baseline else "baseline"
        table.add_row(score.name, f"{score.accuracy:.1%}", f"{score.log_loss:.4f}", Text(what, style="dim"))
    outer = Table.grid()
    outer.add_row(table)
    outer.add_row("")
    outer.add_row(verdict(figures))
    outer.add_row(
        f"n = {figures.scored:,} scored predictions, {figures.moved:,} with a move; n_eff = {figures.independent:,} at "
        "most that do not overlap"
    )
    outer.add_row(
        f"positions: {figures.positions:,}, on average {figures.gross_bps:+.2f} bps before and "
        f"{figures.net_bps:+.2f} bps after cost"
        if figures.positions
        else "positions: none, for no expected move was worth its cost"
    )
    return outer
