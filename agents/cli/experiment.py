"""`tickloop experiment`: plans, starts, stops and reports A/B tests of a variant against the live pipeline."""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click
import msgspec
from msgspec import Struct, UnsetType
from rich.console import Console
from rich.progress import Progress, TaskID

from agents.broker import bootstrap
from agents.cli.arm import JSON
from agents.cli.asking import ask_each
from agents.cli.home import settings_of_command
from agents.cli.parameters_in_use import parameters_in_use
from agents.cli.progress import progress_bar
from agents.cli.seen_symbols import ANYWAY
from agents.cli.unknown_names import not_among
from agents.cli.warming import WARM, warmed_arm
from agents.commands import requests
from agents.commands.requests import Request
from agents.config.plugins import declared_experiments
from agents.experiments import tables
from agents.experiments.plan import Planned, outcomes_of_file, planned, planned_together
from agents.experiments.report import experiment_report
from agents.experiments.status import (
    Course,
    Outlook,
    afterwards,
    outlook,
    runs_as,
    to_do,
    together,
    verdict,
    waits_for,
)
from agents.experiments.status import shown as shown_symbol
from agents.experiments.topics import courses, recent_outcomes, recent_symbols
from schemas.errors import ConfigurationError
from schemas.experiments import ExperimentDecided, ExperimentMoved
from schemas.models import WarmedWorld
from schemas.ticks import Quote, Trade
from streams.experiments.declaration import Declaration
from streams.experiments.pooled import Pooled
from streams.experiments.pooling_node import EVERYONE
from streams.market.arm_parameters import ArmParameters, ArmParts
from streams.parameters import Parameters
from streams.sources.files import TickFile, merged

NAME = click.argument("name")
SYMBOL = click.option("--symbol", "symbols", multiple=True, metavar="S", help="Only this symbol; repeatable.")
YES = click.option("--yes", is_flag=True, help="Do not ask.")
WAIT = click.option("--wait", default=5.0, show_default=True, metavar="S", help="Seconds to wait for an answer.")


class ExperimentShown(Struct):
    """State of one experiment on one symbol, part of what `tickloop experiment list` and `show` print with `--json`.

    Attributes:
        latest: newest record about the state of the experiment.
        decisions: records of its result, and of the watch over a variant that won.
        verdict: sentence that says what the result is, or that there is none yet.
        outlook: how long the experiment will still take; None: not known, or it has ended.
        to_do: command line that carries out a recommended decision; empty: nothing is to be done.
        held_back: whether a decision waits because a person has pinned the live version, so that only people
            may replace it.
        since_then: sentence about what happened to the variant after it went live; empty if it is still live or
            never was.
    """

    latest: ExperimentMoved
    decisions: list[ExperimentDecided]
    verdict: str
    outlook: Outlook | None
    to_do: str
    held_back: bool
    since_then: str = ""


class ShownExperiment(Struct):
    """State of one experiment on all symbols; `tickloop experiment show --json` prints it.

    Attributes:
        experiment: name of the experiment.
        declared: whether the configuration declares it.
        symbols: state by symbol; under `*` the common state, if the experiment makes one decision for all
            symbols.
        pooled: combined evidence of the symbols that are decided separately; None for fewer than two.
        waits_for: sentence that names the symbols which a common decision still waits for; empty: none.
    """

    experiment: str
    declared: bool
    symbols: dict[str, ExperimentShown]
    pooled: Pooled | None
    waits_for: str


@click.group("experiment")
def command() -> None:
    """Test a variant of the pipeline against the live one on the same live ticks, and decide which is better.

    An experiment is declared as [experiments.NAME] in the configuration of the workers. `start` runs its variant in
    shadow, where its predictions are not published. The workers then compare both on each scored prediction. They
    publish the state of the test on the topic `experiments`, and its result, once, on `experiment-decisions`. The
    declared error rates hold however often you look at the state. With apply = "automatic" the workers also carry out
    the decision.

    \b
    Examples:
      tickloop experiment plan calmer --file btcusdt.csv.gz
      tickloop experiment start calmer --symbol BTCUSDT
      tickloop experiment show calmer
      tickloop experiment report calmer --out calmer.html
    """


@command.command("list")
@JSON
def list_command(as_json: bool) -> None:
    """Show every experiment that is declared or that ever ran, and its state on each symbol."""
    declared, found = declared_experiments(), _courses()
    names = [*declared, *(name for name in sorted(found) if name not in declared)]
    every = [_shown(name, declared.get(name), found.get(name, {})) for name in names]
    if as_json:
        click.echo(msgspec.json.encode(every))
    elif not every:
        click.echo("no experiment is declared and none ever ran; see docs/experiments.md for [experiments.NAME]")
    else:
        tables.overview([(each.experiment, found.get(each.experiment, {}), each.pooled) for each in every])


@command.command("show")
@NAME
@SYMBOL
@JSON
def show(name: str, symbols: tuple[str, ...], as_json: bool) -> None:
    """Show one experiment in detail: result, estimated difference, secondary metrics, plan, days left, next step."""
    declaration = declared_experiments().get(name)
    of = _of(name, declaration, _courses(), symbols)
    shown = _shown(name, declaration, of)
    if as_json:
        click.echo(msgspec.json.encode(shown))
        return
    for symbol, course in of.items():
        each = shown.symbols[symbol]
        tables.detail(course, each.verdict, each.outlook, each.to_do)
    if shown.waits_for:
        click.echo(shown.waits_for)
    if shown.pooled is not None:
        tables.pooled(shown.pooled)


@command.command("plan")
@NAME
@click.option(
    "--file",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Measure on the ticks of a file, repeatable, in place of the outcomes on the topic.",
)
@SYMBOL
@click.option("--days", type=click.FloatRange(0, min_open=True), metavar="N", help="Longest run  [default: declared]")
@click.option("--replays", default=500, show_default=True, type=click.IntRange(0), help="Of the pre-flight; 0: none.")
@JSON
def plan_command(
    name: str, files: tuple[str, ...], symbols: tuple[str, ...], days: float | None, replays: int, as_json: bool
) -> None:
    """Estimate how many predictions and days an experiment takes, and how small an effect it can detect.

    The estimate compares the variant with the live pipeline on the same predictions. These come from the recent
    outcomes on the topic, or, with --file, from running both on the ticks of a FILE. Then the whole test is replayed
    many times on resampled data in which both are equally good. This shows how often the test would be wrong on this
    market.
    """
    parameters = parameters_in_use()
    declaration = _declared(parameters, name)
    for symbol in declaration.symbols or (EVERYONE,):
        _parts(parameters, name, declaration, symbol)
    console = Console(stderr=True)
    with progress_bar(console, as_json) as bar:
        if files:
            reading = bar.add_task("running both arms on the file", total=1.0)
            ticks = [each for each in merged(map(TickFile, files)) if isinstance(each, (Quote, Trade))]
            of = outcomes_of_file(ticks, parameters, name, lambda part: bar.update(reading, completed=part))
            bar.update(reading, completed=1.0)
        else:
            settings = settings_of_command()
            of = {}
            for outcome in asyncio.run(recent_outcomes(settings, bootstrap(settings), None)):
                of.setdefault(outcome.symbol, []).append(outcome)
        wanted = [s for s in of if (s in symbols if symbols else declaration.covers(s))]
        if not wanted:
            raise ConfigurationError(
                f"expected outcomes of {', '.join(symbols or declaration.symbols) or 'some symbol'}, found those of "
                f"{', '.join(sorted(of)) or 'none'}; fix: --file TICKS, or publish ticks first"
            )
        plans: list[Planned] = []
        for symbol in sorted(wanted) if declaration.test.scope == "symbol" else [EVERYONE]:
            task = bar.add_task(f"pre-flight on {shown_symbol(symbol)}", total=1.0)
            done = partial(_tick, bar, task)
            if symbol == EVERYONE:
                plans.append(planned_together(name, declaration, of, days, replays, done))
            else:
                plans.append(planned(name, declaration, of[symbol], days, replays, done))
    if as_json:
        click.echo(msgspec.json.encode(plans))
        return
    for each in plans:
        tables.plan(each, declaration)


@command.command("start")
@NAME
@SYMBOL
@WARM
@YES
@WAIT
@ANYWAY
@JSON
def start(
    name: str, symbols: tuple[str, ...], warm: int | None, yes: bool, wait: float, anyway: bool, as_json: bool
) -> None:
    """Run the variant of an experiment in shadow, and begin the experiment's test.

    The variant is the pipeline with the changes that [experiments.NAME] declares. In shadow it predicts on the same
    ticks, but only predictions of the live pipeline are published. The variant runs on the declared symbols, or on
    those given with --symbol. From now on [experiments.NAME.test] must not be changed: workers with another
    declaration stop with exit code 4.
    """
    parameters = parameters_in_use()
    declaration = _declared(parameters, name)
    chosen = _symbols(name, declaration, symbols)
    found = _courses().get(name, {})
    if ran := [symbol for symbol in chosen if symbol in found]:
        raise ConfigurationError(
            f"experiment {name} has run on {', '.join(ran)} ({found[ran[0]].latest.status}); an experiment runs once: "
            "what was seen cannot be unseen; fix: declare the new one under another name"
        )
    parts = {symbol: _parts(parameters, name, declaration, symbol) for symbol in chosen}
    _confirmed(f"start the variant {name} in shadow", chosen, yes or as_json)
    asked = [
        _start(name, declaration, symbol, warmed_arm(symbol, name, own, warm, as_json)) for symbol, own in parts.items()
    ]
    ask_each(asked, wait, as_json, anyway)


@command.command("stop")
@NAME
@SYMBOL
@YES
@WAIT
@JSON
def stop(name: str, symbols: tuple[str, ...], yes: bool, wait: float, as_json: bool) -> None:
    """End an experiment, decided or not: its variant is stopped, and its test can never be resumed."""
    everything = _courses()
    found = everything.get(name, {})
    declaration = declared_experiments().get(name)
    if declaration is None and name not in everything:
        raise _unknown(name, everything)
    ran = [symbol for symbol in found if symbol != EVERYONE]
    if wrong := [each for each in symbols if ran and each not in ran]:
        raise not_among(f"a symbol on which {name} ran", wrong[0], ran, "no --symbol: it is stopped on all of them")
    chosen = list(symbols) or ran or (list(declaration.symbols) if declaration else [])
    if not chosen:
        raise ConfigurationError(
            f"expected an experiment that runs, {name} runs nowhere; fix: `tickloop experiment list`"
        )
    asked = [
        requests.stop_variant(
            requests.new_id(f"experiment-{name}-{symbol}-stop"),
            symbol,
            runs_as(name, symbol, found.get(symbol)),
            f"experiment {name}: stop",
        )
        for symbol in chosen
    ]
    _confirmed(f"stop the variant {name}, whose test cannot be resumed", chosen, yes or as_json)
    ask_each(asked, wait, as_json, anyway=True)


@command.command("report")
@NAME
@SYMBOL
@click.option("--out", type=click.Path(dir_okay=False, writable=True), help="HTML file  [default: NAME.html]")
def report(name: str, symbols: tuple[str, ...], out: str | None) -> None:
    """Write a self-contained HTML file about an experiment: evidence, confidence sequence, metrics, plan."""
    declaration = declared_experiments().get(name)
    of = _of(name, declaration, _courses(), symbols)
    path = Path(out or f"{name}.html")
    path.write_text(experiment_report(name, of, declaration), encoding="utf-8")
    click.echo(f"see {path}")


def _tick(bar: Progress, task: TaskID, part: float) -> None:
    bar.update(task, completed=part)


def _courses() -> dict[str, dict[str, Course]]:
    settings = settings_of_command()
    return asyncio.run(courses(settings, bootstrap(settings)))


def _of(
    name: str, declaration: Declaration | None, found: Mapping[str, Mapping[str, Course]], symbols: tuple[str, ...]
) -> dict[str, Course]:
    of = {symbol: course for symbol, course in found.get(name, {}).items() if not symbols or symbol in symbols}
    if of:
        return dict(sorted(of.items()))
    others = found.get(name, {})
    if wrong := [each for each in symbols if others and each not in others]:
        raise not_among(f"a symbol on which {name} ran", wrong[0], others, "no --symbol")
    if declaration is not None:
        where = f" on {', '.join(symbols)}" if symbols else ""
        raise ConfigurationError(
            f"experiment {name} is declared, but no batch of pairs has closed{where} yet; fix: "
            f"`tickloop experiment start {name}` if it was not started (`tickloop arm list` shows what runs), else wait"
        )
    raise _unknown(name, found)


def _unknown(name: str, found: Mapping[str, Mapping[str, Course]]) -> ConfigurationError:
    known = {*found, *declared_experiments()}
    return not_among("an experiment that is declared or ever ran", name, known, "`tickloop experiment list`")


def _shown(name: str, declaration: Declaration | None, of: dict[str, Course]) -> ShownExperiment:
    shown = {
        symbol: ExperimentShown(
            course.latest,
            course.decisions,
            verdict(course),
            outlook(course),
            to_do(course, declaration),
            course.held_back,
            afterwards(course),
        )
        for symbol, course in sorted(of.items())
    }
    return ShownExperiment(
        name, declaration is not None, shown, together(of, declaration), waits_for(of, declaration) if of else ""
    )


def _declared(parameters: Parameters, name: str) -> Declaration:
    declaration = parameters.experiments.get(name)
    if declaration is None:
        declare = f"[experiments.{name:.80}] in the configuration of the workers, see docs/experiments.md"
        raise not_among("a declared experiment", name, parameters.experiments, declare)
    return declaration


def _start(name: str, declaration: Declaration, symbol: str, world: WarmedWorld | UnsetType) -> Request:
    return requests.start_variant(
        requests.new_id(f"experiment-{name}-{symbol}-start"),
        symbol,
        name,
        f"experiment {name}: start",
        overrides=declaration.arm,
        from_live=declaration.starts == "from_live",
        experiment=name,
        world=world,
    )


def _parts(parameters: Parameters, name: str, declaration: Declaration, symbol: str) -> ArmParts:
    """What is built from the variant's parameters, after checking them with the parameters of this machine."""
    variants = ArmParameters(parameters.for_symbol(symbol))
    try:
        overrides, _ = variants.checked(declaration.arm, None, declaration.starts == "from_live")
    except ConfigurationError as error:
        raise ConfigurationError(f"[experiments.{name}] arm: {error}") from error
    return variants[overrides]


def _symbols(name: str, declaration: Declaration, symbols: tuple[str, ...]) -> list[str]:
    if wrong := [symbol for symbol in symbols if not declaration.covers(symbol)]:
        raise ConfigurationError(
            f"experiment {name}: expected symbols among {', '.join(declaration.symbols)}, was {', '.join(wrong)}"
        )
    if chosen := list(dict.fromkeys(symbols or declaration.symbols)):
        return chosen
    settings = settings_of_command()
    chosen = asyncio.run(recent_symbols(settings, bootstrap(settings)))
    if not chosen:
        raise ConfigurationError(f"experiment {name}: no symbol was predicted lately; fix: --symbol, or publish ticks")
    return chosen


def _confirmed(what: str, symbols: list[str], sure: bool) -> None:
    said = f"{what} on {', '.join(symbols)}: one command each, in effect at the next tick of its symbol"
    if not sure and not click.confirm(f"{said}. Go on?", err=True):
        raise click.Abort
