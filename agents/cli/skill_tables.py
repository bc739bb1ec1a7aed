"""Prints the reports of `tickloop skill` as tables, and writes them as Markdown."""

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.reports.prequential.table import Row, SkillReport

HEADINGS = ("forecaster", "right", "95 %", "log-loss", "95 %", "skill", "whole")
"""Columns of the table; `right` is the share of correct directions, `whole` the log-loss over all moves."""


def show(report: SkillReport, console: Console) -> None:
    """Print the report on one file: a table of forecasts, then sentences with further figures."""
    table = Table(
        title=Text(heading(report)),
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for number, name in enumerate(HEADINGS):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=True)
    kind = ""
    for row in report.rows:
        if kind not in ("", row.kind):
            table.add_section()
        kind = row.kind
        table.add_row(*map(Text, cells(row)), style="bold" if row is report.rows[-1] else "")
    console.print(table)
    for sentence in (*facts(report), *report.sentences):
        console.print(Text(sentence))
    console.print()


def markdown(report: SkillReport, date: str) -> str:
    """Return the report on one file as a section of a Markdown document.

    Args:
        report: on one file.
        date: day of the evaluation, as it is to be printed.
    """
    lines = [f"### {heading(report)}", "", f"Evaluated on {date}.", ""]
    lines += ["| " + " | ".join(HEADINGS) + " |", "|---|" + "---:|" * (len(HEADINGS) - 1)]
    for row in report.rows:
        name, *numbers = cells(row)
        lines.append("| " + " | ".join((f"**{name}**" if row is report.rows[-1] else name, *numbers)) + " |")
    lines += ["", *(f"* {sentence}" for sentence in (*facts(report), *report.sentences)), ""]
    return "\n".join(lines)


def heading(report: SkillReport) -> str:
    """Return a line that names file, symbols and horizon of a report."""
    return f"{Path(report.name).name}: {', '.join(report.symbols)}, {report.horizon_ns / 1e9:g} s ahead"


def cells(row: Row) -> tuple[str, ...]:
    """Return the cells of one forecast's row, in the order of the table's headings."""
    return (
        row.name,
        f"{row.accuracy:.3f}",
        f"{row.accuracy_low:.2f}-{row.accuracy_high:.2f}",
        f"{row.log_loss:.4f}",
        f"{row.log_loss_low:.3f}-{row.log_loss_high:.3f}",
        f"{row.skill:+.4f}",
        "" if row.log_loss_from_start is None else f"{row.log_loss_from_start:.4f}",
    )


def facts(report: SkillReport) -> list[str]:
    """Return sentences about the sample sizes of a report, and a sentence with further figures for each symbol."""
    sentences = [
        f"{report.ticks:,} ticks, {report.scored:,} scored, {report.moved:,} of them moved; rows are over the "
        f"{report.tested:,} of the last two thirds, at most {report.independent:,} of which do not overlap (n_eff); "
        f"{report.blocks:,} blocks, {report.resamples:,} resamples, seed {report.seed}."
    ]
    for each in report.metrics:
        if not each.regime and each.figures:
            live = each.figures[0]
            sentences.append(
                f"{each.symbol}, full pipeline: Brier {live.brier:.4f}, calibration error {live.ece:.3f}, information "
                f"coefficient {live.information_coefficient:.3f}; a unit on every call {live.call_gross_bps:+.3f} bps "
                f"gross, {live.call_net_bps:+.3f} net; {each.positions:,} positions of {each.net_bps:+.4f} bps net."
            )
    return sentences
