"""`tickloop backtest`: computes predictions, outcomes and account from files of ticks into a folder, without Kafka."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from agents.backtest.folder import DEAD_LETTERS, TEAR_SHEET, RunFolder
from agents.backtest.plan import COMPUTE, BacktestPlan, format_file, inspected
from agents.backtest.runs import run
from agents.backtest.share import Progress as Reached
from agents.cli.column_options import column_options
from agents.cli.horizon import horizon_option, say_what_cannot_move, unmoved, with_horizon
from agents.cli.input_preview import explain as show_explained
from agents.cli.input_preview import explain_option, say_understood
from agents.cli.parameters_in_use import parameters_in_use
from agents.cli.progress import progress_bar
from agents.cli.reference_options import reference_delay_option, reference_option, unseen, with_references
from agents.config.plugins import plugins_seen_from
from agents.config.settings import Settings
from agents.identity.computing import configured_identity
from schemas.errors import ConfigurationError
from streams.parameters import Parameters
from streams.sources.columns import Columns
from streams.sources.several_files import expect_one_market

INTERRUPTED = 130
WIDTH_OF_FILES = 140
SMALL = 8 << 20
"""Size of the files, bytes, below which one process computes a backtest."""
MANY_REFUSED = 0.01
"""Share of refused ticks from which the reasons are printed."""
FIXES = {"late": "--sort, where rows are not in the order of time", "bad_price": "--map or --price-scale"}
"""Options that mend a file most of whose ticks are refused for a reason."""

DONE = "it was finished before; nothing was left to do"


@click.command("backtest")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--config",
    "configs",
    multiple=True,
    metavar="TOML",
    type=click.Path(exists=True, dir_okay=False),
    help="Parameter file; several give several backtests, each in a folder of its own  [default: tickloop.toml]",
)
@click.option("--out", default="run", show_default=True, metavar="FOLDER", help="Where everything goes.")
@horizon_option
@reference_option
@reference_delay_option
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Processes at work  [default: by size and cores]")
@click.option("--no-digests", is_flag=True, help="Do not digest what the topics would hold; a little faster.")
@column_options
@explain_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object, and no progress.")
def command(
    files: tuple[str, ...],
    configs: tuple[str, ...],
    out: str,
    horizon: str | None,
    references: tuple[str, ...],
    reference_delay: str | None,
    jobs: int | None,
    no_digests: bool,
    columns: Columns,
    explain: bool,
    as_json: bool,
) -> None:
    """Predict on FILEs of ticks, score the predictions and learn from them, as live workers do, but without Kafka.

    Several files are merged by event time. The code is that of the live workers, and each tick gets the partition and
    offset that `tickloop publish` would give it on empty topics. So predictions, outcomes and the paper account are,
    byte for byte, those of a live run.

    The folder of results (--out) gets predictions, outcomes, account and decisions as Parquet, refused ticks as
    JSON lines, summary.json and tear-sheet.html. Its run.toml can be used as a parameter file, and code.json
    says what code computed it.

    After Ctrl-C the same command goes on where it stopped, with the same result. --jobs is the number of processes
    among which the partitions are divided; the result does not depend on it. Formats of files: docs/formats.md.

    \b
    Examples:
      tickloop backtest btcusdt.csv.gz
      tickloop backtest bars.csv --bars open --symbol AAPL --horizon 5m
      tickloop backtest ibm.csv spy.csv --reference SPY
      tickloop backtest btcusdt.csv.gz ethusdt.csv.gz --config cheap.toml --config dear.toml --out fees
    """
    if explain:
        show_explained(files, columns)
        return
    chosen = configured(configs, horizon, references, reference_delay)
    expect_one_market(files, columns)
    say_understood(files, columns, as_json)
    plans = planned(files, chosen, out, columns, not no_digests)
    if not as_json:
        say_what_cannot_move(files, columns, [plan.parameters for plan in plans])
    console = Console(stderr=True)
    quiet = as_json or not console.is_terminal
    say = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    started = time.perf_counter()
    # Both signals stop it in good order, also where the shell that started it ignores Ctrl-C.
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with progress_bar(console, quiet) as bar:
            tasks = [bar.add_task(plan.name, total=1.0) for plan in plans]
            first: dict[int, int] = {}
            took: dict[int, int] = {}

            def report(number: int, reached: Reached) -> None:
                took[number] = reached.items - first.setdefault(number, reached.items)
                rate = took[number] / max(time.perf_counter() - started, 1e-9)
                said = f"{plans[number].name}  {reached.items:,} ticks, {rate:,.0f}/s"
                bar.update(tasks[number], description=said, completed=reached.part)

            folders = run(plans, jobs or fitting_jobs(plans), report, say)
    except KeyboardInterrupt:
        console.print(
            f"stopped; what is done is kept in {out}, its tables come at the end: the same command goes on",
            highlight=False,
        )
        raise SystemExit(INTERRUPTED) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    seconds = time.perf_counter() - started
    expect_predictions(plans, folders)
    if as_json:
        said = {plan.name: folder.summary for plan, folder in zip(plans, folders, strict=True)}
        click.echo(msgspec.json.encode(said if configs[1:] else folders[0].summary))
        return
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH_OF_FILES
    show(plans, folders, console)
    for plan, folder in zip(plans, folders, strict=True):
        if changes := folder.computed_otherwise(plan.identity):
            console.print(f"{folder.path} was computed by other code: {changes}", highlight=False, markup=False)
    for plan, folder in zip(plans, folders, strict=True):
        if told := refused_in(folder):
            console.print(told, style="yellow", highlight=False, markup=False, soft_wrap=True)
        if why := unmoved(folder.summary, plan.parameters):
            console.print(why, style="yellow", highlight=False, markup=False, soft_wrap=True)
        if absent := unseen(folder.summary, plan.parameters):
            console.print(absent, style="yellow", highlight=False, markup=False, soft_wrap=True)
    taken = sum(took.values())
    console.print(f"{taken:,} ticks in {seconds:.1f} s ({taken / seconds:,.0f}/s)" if taken else DONE, highlight=False)


def fitting_jobs(plans: Sequence[BacktestPlan]) -> int:
    """Return the number of processes for backtests: 1 if all files together are below 8 MiB, else one for each core.

    Small files are finished before a second process would have started.
    """
    size = sum(Path(each.name).stat().st_size for plan in plans for each in plan.inputs)
    return 1 if size < SMALL else os.cpu_count() or 1


def refused_in(folder: RunFolder) -> str:
    """Return a sentence about the refused ticks of a backtest, with reasons; empty if they are less than 1 % of all."""
    summary = folder.summary
    refused: dict[str, int] = summary["refused"]
    if not refused or sum(refused.values()) < MANY_REFUSED * summary["ticks"]:
        return ""
    reasons = ", ".join(
        f"{count:,} as {reason}" for reason, count in sorted(refused.items(), key=lambda each: -each[1])
    )
    return f"{sum(refused.values()):,} of {summary['ticks']:,} refused: {reasons}; why, row by row: " + str(
        folder.path / DEAD_LETTERS
    )


def expect_predictions(plans: Sequence[BacktestPlan], folders: Sequence[RunFolder]) -> None:
    """Refuse finished backtests that predicted nothing, or in which more than half of the ticks were refused.

    Args:
        plans: plans of the backtests.
        folders: their result folders, in the same order.

    Raises:
        ConfigurationError: for the first such backtest; the message names the commonest reason for refusals and
            the file that lists all of them.
    """
    for plan, folder in zip(plans, folders, strict=True):
        summary = folder.summary
        files, refused = ", ".join(each.name for each in plan.inputs), summary["refused"]
        if summary["counts"]["predictions"] and 2 * sum(refused.values()) <= summary["ticks"]:
            continue
        if not refused:
            raise ConfigurationError(f"{files}: expected ticks, found none; fix: see whether the file is whole")
        reason, count = max(refused.items(), key=lambda item: item[1])
        raise ConfigurationError(
            f"{files}: expected ticks that can be predicted from, {sum(refused.values()):,} of {summary['ticks']:,} "
            f"were refused, {count:,} as {reason}; fix: see {folder.path / DEAD_LETTERS} for the rows, then "
            + FIXES.get(reason, "--map, --time-unit, --symbol or --kind")
        )


class Configuration(Struct, frozen=True):
    """One parameter file that a backtest is run with.

    Attributes:
        file: path given by `--config`; empty: none was given.
        environment: variables of the process, with `TICKLOOP_CONFIG` set to this file.
        parameters: all parameters of the file.
        partitions: number of partitions of every topic.
    """

    file: str
    environment: Mapping[str, str]
    parameters: Parameters
    partitions: int


def configured(
    configs: Sequence[str],
    horizon: str | None = None,
    references: Sequence[str] = (),
    reference_delay: str | None = None,
) -> list[Configuration]:
    """Load the parameter files of a backtest before any ticks are read, so that errors in the files are reported at
    once.

    Args:
        configs: paths of the files; empty: `TICKLOOP_CONFIG`, or `tickloop.toml` in the current folder.
        horizon: how far ahead to predict for every symbol, such as `60s`; None: as the files say.
        references: symbols that the features of all others look at, beside those of the files.
        reference_delay: by how much their ticks must be older to be seen, such as `5ms`; None: as the files say.

    Raises:
        ConfigurationError: a file or an argument is invalid, or two files have the same name.
    """
    names = [Path(config).stem for config in configs]
    if len(set(names)) < len(names):
        raise ConfigurationError(f"--config: expected files of different names, was {', '.join(configs)}; fix: rename")
    found = []
    for config in configs or [""]:
        environment: Mapping[str, str] = os.environ | ({"TICKLOOP_CONFIG": config} if config else {})
        partitions = Settings.load(environment).partitions
        parameters = with_horizon(parameters_in_use(environment), horizon)
        parameters = with_references(parameters, references, reference_delay)
        found.append(Configuration(config, environment, parameters, partitions))
    return found


def planned(
    files: tuple[str, ...], chosen: Sequence[Configuration], out: str, layout: Columns, digests: bool
) -> list[BacktestPlan]:
    """Return the plans of a backtest, one for each parameter file.

    Args:
        files: paths of the files of ticks.
        chosen: the loaded parameter files.
        out: folder of the results; several parameter files get a folder each within it.
        layout: how rows of the files become ticks.
        digests: whether to compute digests of the records that the topics of a live run would hold.

    Raises:
        ConfigurationError: a file of ticks is missing or unreadable.
    """
    inputs = inspected(files)
    plans = []
    for each in chosen:
        folder = str(Path(out) / Path(each.file).stem) if len(chosen) > 1 else out
        plans.append(
            BacktestPlan(
                name=Path(each.file).stem or Path(files[0]).name,
                folder=folder,
                config=each.environment.get("TICKLOOP_CONFIG", ""),
                inputs=inputs,
                columns=layout,
                parameters=each.parameters,
                partitions=each.partitions,
                digests=digests,
                identity=configured_identity(each.environment, COMPUTE),
                format_file=format_file(layout),
                plugins=plugins_seen_from(Path(folder), each.environment),
            )
        )
    return plans


def show(plans: Sequence[BacktestPlan], folders: Sequence[RunFolder], console: Console) -> None:
    """Print the results of backtests as a table, one line each, and the paths of their tear sheets."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("", "ticks", "predictions", "outcomes", "refused", "skill", "trades", "gross bps", "net bps"):
        table.add_column(title, justify="left" if not title else "right")
    for plan, folder in zip(plans, folders, strict=True):
        table.add_row(plan.name, *_cells(folder.summary))
    console.print(table)
    for folder in folders:
        sheet = folder.path / TEAR_SHEET
        console.print(f"see {sheet if sheet.exists() else folder.path}", highlight=False, soft_wrap=True)


def _skill(skill: dict[str, Any]) -> str:
    known = skill["low"] is not None
    interval = f"{skill['low']:+.1%} to {skill['high']:+.1%}" if known else "too few moves for an interval"
    return f"{skill['skill']:+.1%} ({interval})"


def _cells(summary: dict[str, Any]) -> list[str]:
    counts, skill, account = summary["counts"], summary["skill"], summary["account"]["total"]
    return [
        f"{summary['ticks']:,}",
        f"{counts['predictions']:,}",
        f"{counts['outcomes']:,}",
        f"{sum(summary['refused'].values()):,}",
        _skill(skill) if skill else "-",
        f"{account['trades']:,}",
        f"{account['gross_bps']:+,.2f}",
        f"{account['net_bps']:+,.2f}",
    ]
