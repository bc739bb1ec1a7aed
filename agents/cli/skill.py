"""`tickloop skill`: compares the predictions on files of ticks with simple forecasts, with confidence intervals."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from agents.backtest.prequential import evaluate
from agents.cli.column_options import column_options
from agents.cli.horizon import horizon_option, say_what_cannot_move, with_horizon
from agents.cli.input_preview import say_understood
from agents.cli.parameters_in_use import parameters_in_use
from agents.cli.skill_tables import markdown, show
from streams.sources.columns import Columns
from streams.sources.several_files import expect_one_market

INTERRUPTED = 130


@click.command("skill")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@horizon_option
@column_options
@click.option("--processes", type=click.IntRange(1), help="Processes at work; else one for each core.")
@click.option("--out", type=click.Path(dir_okay=False, writable=True), help="Write the tables as Markdown.")
@click.option("--json", "as_json", is_flag=True, help="Print the reports as one JSON array, and no progress.")
def command(
    files: tuple[str, ...],
    horizon: str | None,
    columns: Columns,
    processes: int | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Compare the predictions on FILEs of ticks with simpler forecasts.

    Each tick is predicted before anything is learned from it, just as in live operation.

    Each file gets one table with three groups of rows. Baselines: majority so far, last move, sign of the order-book
    imbalance. Single components: each rule; a model fitted to the first third and then frozen; a model that is fitted
    again on a schedule; the online model. Stages of the pipeline: the online model, then with calibration added, then
    the mixture, then the regime. All rows are scored on the same price moves of the last two thirds. Intervals are
    95 %, by a block bootstrap with a fixed seed. The protocol is in docs/skill.md, formats of files are in
    docs/formats.md.

    \b
    Examples:
      tickloop skill btcusdt.csv.gz ethusdt.csv.gz
      tickloop skill eurusd.csv.gz --horizon 60s --out eurusd.md
    """
    parameters = with_horizon(parameters_in_use(), horizon)
    expect_one_market(files, columns)
    say_understood(files, columns, as_json)
    if not as_json:
        say_what_cannot_move(files, columns, [parameters])
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=as_json or not console.is_terminal,
    ) as bar:
        tasks = [bar.add_task(Path(name).name, total=1.0) for name in files]
        try:
            reports = evaluate(
                files,
                columns,
                parameters,
                processes or (os.cpu_count() or 1),
                lambda number, share: bar.update(tasks[number], completed=share),
            )
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None
    if out is not None:
        Path(out).write_text("\n".join(markdown(report, f"{datetime.now(UTC):%Y-%m-%d}") for report in reports))
    if as_json:
        click.echo(msgspec.json.encode(reports))
        return
    for report in reports:
        show(report, Console())
