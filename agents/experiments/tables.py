"""Prints experiments on a terminal: a table of all, one in detail, combined evidence of several symbols, and a plan."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.experiments.plan import Planned
from agents.experiments.status import (
    DAY_NS,
    UNITS,
    Course,
    Outlook,
    applied,
    ended,
    evidence,
    interval,
    needed_worse,
    shown,
    status,
)
from agents.pages.wording import lasting
from agents.process.printable import printable
from streams.experiments.declaration import Declaration
from streams.experiments.engines.batches import allowed
from streams.experiments.pooled import Pooled

COLORS = {"winner": "green", "promoted": "green", "confirmed": "green", "harm": "red", "rolled_back": "red"}
WIDTH_OF_FILES = 130


def console() -> Console:
    """Return the console that tables are printed on: 130 characters wide if standard output is no terminal."""
    made = Console(highlight=False, markup=False)
    if not made.is_terminal:
        made.width = WIDTH_OF_FILES
    return made


def overview(experiments: Sequence[tuple[str, Mapping[str, Course], Pooled | None]]) -> None:
    """Print a table of experiments with one line for each symbol.

    Args:
        experiments: one element for each experiment: its name, its records by symbol, and the combined evidence of its
            symbols. The evidence is printed on a line of its own; None: no such line.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("experiment", "symbol", "status"):
        table.add_column(title)
    for title in ("pairs", "of", "effect", "confidence sequence", "evidence better", "worse", "needed"):
        table.add_column(title, justify="right")
    for name, of, together in experiments:
        if not of:
            table.add_row(printable(name), "-", "declared, no batch yet")
        for symbol, course in sorted(of.items()):
            latest = course.latest
            table.add_row(
                printable(name),
                printable(shown(symbol)),
                Text(status(course), style=COLORS.get(latest.status, "")),
                f"{latest.scored:,}",
                f"{latest.longest:,}",
                f"{latest.effect:+.4f}",
                interval(latest.low, latest.high),
                evidence(latest.log_e_better),
                evidence(latest.log_e_worse),
                evidence(latest.threshold),
            )
        if together is not None:
            table.add_row(
                printable(name),
                f"pooled ({len(together.symbols)})",
                "",
                "",
                "",
                f"{together.effect:+.4f}",
                interval(together.low, together.high).replace("not known yet", "-"),
                evidence(together.log_e_better),
                evidence(together.log_e_worse),
                evidence(together.threshold),
            )
    console().print(table)


def detail(course: Course, verdict: str, outlook: Outlook | None, to_do: str) -> None:
    """Print the state of one experiment on one symbol: evidence, guardrails, dependence, pairs, verdicts.

    A guardrail is a second metric that may only block a winner; a pair is the results of both versions on one
    prediction.

    Args:
        course: records of the experiment.
        verdict: sentence for the heading.
        outlook: how long the experiment still takes; None: not shown.
        to_do: command lines that carry out the verdict of the experiment; empty: not shown.
    """
    latest, out = course.latest, console()
    out.print(Text(printable(verdict), style="bold"))
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim")
    rows.add_column()
    unit = UNITS.get(latest.primary, "")
    rows.add_row("challenger", printable(f"{latest.challenger}  against  {latest.champion}"))
    rows.add_row("estimate", f"{latest.effect:+.4f} {unit} a pair ({latest.primary})")
    rows.add_row("confidence sequence", f"{interval(latest.low, latest.high)}, holds at all times at once")
    rows.add_row(
        "evidence",
        f"{evidence(latest.log_e_better)} better, {evidence(latest.threshold)} decides; "
        f"{evidence(latest.log_e_worse)} worse, {needed_worse(latest)} decides; anytime-valid p = {latest.p:.3g}",
    )
    for each in latest.guardrails:
        state = "kept" if each.kept else "not shown to be kept"
        rows.add_row(
            f"guardrail {each.metric}",
            f"{each.effect:+.4f} [{interval(each.low, each.high)}], may be worse by {each.margin:g}: {state}",
        )
    rows.add_row(
        "dependence",
        f"autocorrelation of batches {latest.autocorrelation:+.3f}, allowed +-{allowed(latest.batches):.3f}: "
        + ("fine" if latest.independent else "DEPENDENT: nothing is decided; larger batches are needed"),
    )
    rows.add_row(
        "pairs",
        f"{latest.scored:,} of at most {latest.longest:,} in {latest.batches:,} batches"
        + (f", {latest.rejected:,} rejected" if latest.rejected else ""),
    )
    if outlook is not None:
        when = "not in sight" if outlook.decided_days is None else f"in about {_days(outlook.decided_days)}"
        rows.add_row(
            "expected",
            f"a decision {when}, the end in at most {_days(outlook.longest_days)} at {outlook.pairs_a_day:,.0f} "
            "pairs a day",
        )
    if latest.watched:
        rows.add_row("watch", f"{latest.watched:,} pairs since it is live, alarm {latest.alarm:.1%} of its threshold")
    for decided in course.decisions:
        rows.add_row("decided", printable(f"{decided.verdict.replace('_', ' ')}{applied(decided)}: {decided.reason}"))
    for when, what, by, why in ended(course):
        rows.add_row("since then", printable(f"{what} {by} at {when} UTC: {why}"))
    if to_do:
        rows.add_row("to apply it", "\n".join(map(printable, to_do.splitlines())))
    out.print(rows)
    out.print()


def pooled(found: Pooled) -> None:
    """Print the combined evidence of several symbols that an experiment decides on separately."""
    out = console()
    planned = "" if found.planned == len(found.symbols) else f" of {found.planned} planned"
    out.print(Text(f"pooled over {len(found.symbols)} symbols{planned}", style="bold"))
    out.print(
        f"evidence {evidence(found.log_e_better)} that it is better on some, {evidence(found.log_e_worse)} "
        f"that it is worse on some; {evidence(found.threshold)} decides. Valid however symbols depend."
    )
    known = "" if found.error is None else f" +- {found.error:.4f}, 95 % {interval(found.low, found.high)}"
    out.print(
        f"mean effect {found.effect:+.4f}{known} over {found.batches:,} batches, clustered by symbol and by "
        f"{found.spans:,} spans of time; an interval for a single look, not to decide by."
    )


def plan(found: Planned, declaration: Declaration) -> None:
    """Print a plan: how many predictions and days the experiment takes, and whether its batch size is large enough.

    Args:
        found: the plan.
        declaration: declaration of the experiment, with the smallest effect worth finding.
    """
    out, test, needs = console(), declaration.test, found.plan
    out.print(
        Text(
            printable(f"{found.experiment} on {shown(found.symbol)}: to find {test.worth:g} ({UNITS[test.primary]})"),
            style="bold",
        )
    )
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim")
    rows.add_column()
    rows.add_row(
        "measured on", f"{found.history:,} pairs in {_days(found.hours / 24.0)}: {found.pairs_a_day:,.0f} pairs a day"
    )
    rows.add_row("one look", f"{needs.pairs:,.0f} pairs, {_days(needs.days)}")
    rows.add_row(
        "looked at all the time",
        f"median {needs.sequential_pairs:,.0f} pairs, {_days(needs.sequential_days)}; "
        f"{needs.sequential_power:.0%} decide within {_days(needs.limit_days)}",
    )
    rows.add_row("pairing", f"{needs.gain:.1f} times fewer than two separate groups would take")
    rows.add_row("dependence", f"{found.autocorrelation_time:.1f} pairs say what one says; {found.overlap:.0f} overlap")
    rows.add_row("detectable", f"{needs.detectable:.3g} after {_days(needs.limit_days)}")
    rows.add_row("batch", _batch(found))
    rows.add_row("pre-flight", found.missing if found.preflight is None else found.preflight.sentence)
    out.print(rows)
    out.print()


def _batch(found: Planned) -> str:
    said = f"{found.batch:,} registered, {found.recommended_batch:,} recommended: "
    if found.recommended_holds is False:
        return said + "too few pairs to show that the error rates hold; fix: a longer history"
    if found.batch >= found.recommended_batch:
        return said + "fine"
    shown = ", with which the error rates hold on this history" if found.recommended_holds else ""
    return said + f"too small; fix: batch = {found.recommended_batch} in [experiments.NAME.test]{shown}"


def _days(days: float) -> str:
    return lasting(round(days * DAY_NS))
