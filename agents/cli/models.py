"""`tickloop models`: shows the model versions of each symbol, says why one is live, and makes another one live."""

import asyncio
import os

import click
import msgspec
from msgspec import Struct
from rich.console import Console

from agents.audit.further_models import (
    FurtherModel,
    ModelDifference,
    differing,
    further_models,
    said_of_difference,
    said_of_models,
    state_of,
)
from agents.audit.history import changes
from agents.audit.lineage import Link, manual_steps, why
from agents.audit.tables import show_links
from agents.audit.versions import TIMEOUT_S, faults, retrains, versions
from agents.broker import bootstrap
from agents.cli.arm import ASKER, CAUSE, ID, JSON, SYMBOL, WAIT, rollback
from agents.cli.asking import ask
from agents.cli.home import settings_of_command
from agents.cli.models_put import put
from agents.cli.river import command as river
from agents.cli.seen_symbols import ANYWAY
from agents.cli.unknown_names import expect_known_symbol, not_among
from agents.cli.version_lines import fault_line, faulty, listed, retrained, said_of
from agents.clients.predicting import Predicting, predicting
from agents.clients.rosters import differing_rosters
from agents.commands import requests
from agents.config.plugins import configured_parameters
from agents.pages.wording import moment, stands
from agents.process.printable import printable
from schemas.errors import ConfigurationError
from schemas.faults import ComponentFailed
from schemas.models import ModelState
from schemas.retraining import RetrainFinished
from schemas.versions import ModelVersion
from streams.market.parameters import MarketParameters

VERSION = click.argument("version")


class VersionShown(Struct):
    """What is known of one model version; `tickloop models show --json` prints it.

    Attributes:
        version: newest record of the version; None: it never ran.
        retrain: result of the retrain that made it; None: no retrain did.
        models: models of the version beside the logistic regression.
        faults: parts of the version that failed, and its models that reached their largest size.
    """

    version: ModelVersion | None
    retrain: RetrainFinished | None
    models: list[FurtherModel] = []
    faults: list[ComponentFailed] = []


class VersionExplained(Struct):
    """Why a model version has its present status; `tickloop models why --json` prints it.

    Attributes:
        version: newest record of the version.
        links: records that led to the status, first cause first.
        manual_steps: number of links that a person caused.
        predicting: newest prediction of the symbol; None: none was found.
        models: models of the version beside the logistic regression.
        faults: parts of the version that failed, and its models that reached their largest size.
    """

    version: ModelVersion
    links: list[Link]
    manual_steps: int
    predicting: Predicting | None = None
    models: list[FurtherModel] = []
    faults: list[ComponentFailed] = []


class Differences(Struct):
    """What differs between two versions; `tickloop models diff --json` prints it.

    Attributes:
        weights: for each feature, its weights in the two logistic regressions with which the two
            versions started; empty unless both regressions are known.
        models: models beside the logistic regression that differ, with the fields that differ.
    """

    weights: dict[str, tuple[float, float]]
    models: list[ModelDifference]


class Unasked(Struct):
    """Output of `tickloop models why --json` if the version that predicts has no record on `model-versions`.

    This is normal for the built-in version as long as no command was ever sent about the symbol.

    Attributes:
        predicting: newest prediction of the symbol; None: none was found.
        version: always None.
    """

    predicting: Predicting | None
    version: None = None


@click.group("models")
def command() -> None:
    """Look at the versions of the models, and change which one is live.

    Versions come from retrains, experiments and people; `tickloop arm start` makes one by hand. Everything
    shown here is read from the topics.

    \b
    Examples:
      tickloop models list BTCUSDT
      tickloop models why BTCUSDT
      tickloop models put BTCUSDT forest.onnx --features queue_imbalance,return_1,spread
      tickloop models retrain BTCUSDT
    """


@command.command("list")
@click.argument("symbol", required=False)
@click.option("--all", "everything", is_flag=True, help="Also retrains that came to nothing, and those that did.")
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(0, min_open=True), metavar="S", default=TIMEOUT_S, show_default=True
)
@JSON
def list_command(symbol: str | None, everything: bool, timeout_s: float, as_json: bool) -> None:
    """Show every version: status, since when and why, number of manual steps, and which one predicts now.

    Below the versions stand retrained models that were rejected before they ran, with the checks that they failed.
    """
    settings = settings_of_command()
    address = bootstrap(settings)
    found = asyncio.run(versions(settings, address, symbol, timeout_s))
    newest = asyncio.run(predicting(settings, address, symbol))
    finished = asyncio.run(retrains(settings, address, symbol, timeout_s))
    if symbol is not None and not (found or newest or finished):
        asyncio.run(expect_known_symbol(settings, address, symbol))
    made = [each for each in finished if everything or each.result.status == "rejected"]
    failed = asyncio.run(faults(settings, address, symbol, timeout_s))
    if as_json:
        click.echo(msgspec.json.encode({"versions": found, "retrains": made, "predicting": newest, "faults": failed}))
        return
    console = Console(highlight=False, soft_wrap=True)
    for line in listed(found, newest):
        console.print(line, markup=False)
    for roster in asyncio.run(differing_rosters(settings, address)):
        if symbol in (None, roster.outcome.symbol):
            console.print(f"NOT SO: {printable(roster.sentence)}", markup=False)
    running = {name: {made.model_version} for name, made in newest.items()}
    for version in found:
        if version.arm:
            running.setdefault(version.symbol, set()).add(version.version)
    for line in faulty(failed, running):
        console.print(line, markup=False)
    for each in made:
        console.print(retrained(each), markup=False)


@command.command("show")
@SYMBOL
@VERSION
@JSON
def show(symbol: str, version: str, as_json: bool) -> None:
    """Show all that is known of one version: ancestors, hash, further models, training data, checks and figures.

    For a retrained version, the figures include how well it predicts outcomes from before the market changed,
    compared with the version that was live then.
    """
    shown = _shown(symbol, version)
    if as_json:
        click.echo(msgspec.json.encode(shown))
        return
    console = Console(highlight=False, soft_wrap=True)
    record, finished = shown.version, shown.retrain
    if record is not None:
        console.print(
            f"{record.version}: {stands(record.status)} since {moment(record.ts_event)}: {record.reason}", markup=False
        )
        console.print(f"lineage: {' -> '.join((*record.lineage, record.version))}", markup=False)
        console.print(f"manual steps: {record.manual_steps or 'none'}")
    for line in (*said_of_models(shown.models), *map(fault_line, shown.faults)):
        console.print(printable(line), markup=False)
    if finished is None:
        console.print("no retrain made it")
        return
    result = finished.result
    console.print(f"job {result.job_id}: {result.status}: {result.sentence}", markup=False)
    console.print(
        f"SHA-256 {result.sha256}; made with {msgspec.json.encode(finished.made_with).decode()}", markup=False
    )
    console.print(
        f"trained on {result.n_trained:,} labels ({result.recipe}), {moment(result.trained_from)} to "
        f"{moment(result.trained_until)}; judged on {result.n_validated:,}, {result.purged:,} purged in between"
    )
    for gate in result.gates:
        console.print(f"  {'passed' if gate.passed else 'FAILED'}  {gate.name}: {gate.sentence}", markup=False)
    for row in result.backward_transfer:
        console.print(
            f"  before the change, {row.regime}: log-loss {row.candidate_log_loss:.4f}, of the version that was live "
            f"then {row.current_log_loss:.4f} ({row.n:,} outcomes{', seen in training' if row.in_sample else ''})"
        )


@command.command("diff")
@SYMBOL
@click.argument("one")
@click.argument("other")
@JSON
def diff(symbol: str, one: str, other: str, as_json: bool) -> None:
    """Compare the numbers that two versions started with: weights of the logistic regression, and further models.

    The columns of the weights are: feature, weight in ONE, weight in OTHER, difference. They are compared if a retrain
    made both versions, or a command brought them. Below stands a line for each further model that is not the same.
    """
    (first, one_state), (second, other_state) = (_found(symbol, name) for name in (one, other))
    known = [state.model for state in (one_state, other_state) if state is not None and state.model is not None]
    weights = [dict(zip(each.features, each.weights, strict=True)) for each in known]
    rows: dict[str, tuple[float, float]] = {}
    if len(weights) == 2:
        rows = {name: (weights[0].get(name, 0.0), weights[1].get(name, 0.0)) for name in {**weights[0], **weights[1]}}
    models = differing(first.models, second.models)
    if not rows and not (first.models or second.models):
        missing = one if one_state is None else other
        raise ConfigurationError(f"expected a version that brought its numbers, was {missing}: they are on no topic")
    if as_json:
        click.echo(msgspec.json.encode(Differences(rows, models)))
        return
    for name, (before, after) in rows.items():
        click.echo(f"{name:24} {before:+10.4f} {after:+10.4f} {after - before:+10.4f}")
    for each in models:
        click.echo(printable(said_of_difference(each, one, other)))
    if not models and (first.models or second.models):
        click.echo("further models: the same in both")


@command.command("promote")
@SYMBOL
@VERSION
@CAUSE
@ID
@WAIT
@ANYWAY
@JSON
def promote(
    symbol: str, version: str, cause: str, command_id: str | None, wait: float, anyway: bool, as_json: bool
) -> None:
    """Let a version that runs in shadow go live, whatever its test says.

    In shadow a version predicts without being published; live, its predictions are published. After the promotion the
    version is watched, and rolled back if it does worse than the version that it replaced.
    """
    settings = settings_of_command()
    found = {each.version: each for each in asyncio.run(versions(settings, bootstrap(settings), symbol))}
    arm = found[version].arm if version in found else ""
    if not arm:
        running = [each.version for each in found.values() if each.arm]
        raise not_among(f"a version of {symbol} that runs", version, running, f"`tickloop models list {symbol}`")
    ask(requests.promote_variant(command_id or requests.new_id(ASKER), symbol, arm, cause), wait, as_json, anyway)


command.add_command(rollback)
command.add_command(river)
command.add_command(put)


@command.command("pin")
@SYMBOL
@click.option("--off", is_flag=True, help="Release it.")
@CAUSE
@ID
@WAIT
@ANYWAY
@JSON
def pin(symbol: str, off: bool, cause: str, command_id: str | None, wait: float, anyway: bool, as_json: bool) -> None:
    """Pin the live version: only a person can replace it until `tickloop models pin --off` removes the pin."""
    name = command_id or requests.new_id(ASKER)
    ask(requests.pin_version(name, symbol, cause, pinned=not off), wait, as_json, anyway)


@command.command("retrain")
@SYMBOL
@CAUSE
@WAIT
@ANYWAY
@JSON
def retrain(symbol: str, cause: str, wait: float, anyway: bool, as_json: bool) -> None:
    """Retrain the model of SYMBOL now, whatever the limits on the number and frequency of retrains say.

    The new model must pass the same checks and the same test as any other before it goes live.
    """
    ask(requests.retrain(requests.new_id(ASKER), symbol, cause), wait, as_json, anyway)


@command.command("why")
@SYMBOL
@click.argument("version", required=False)
@JSON
def why_command(symbol: str, version: str | None, as_json: bool) -> None:
    """Say why VERSION has its present status, from the first cause on.

    Without VERSION, do so for the version that predicts SYMBOL now.
    """
    settings = settings_of_command()
    address = bootstrap(settings)
    found = asyncio.run(changes(settings, address, symbol))
    newest = asyncio.run(predicting(settings, address, symbol)).get(symbol)
    if newest is None and not found.versions:
        asyncio.run(expect_known_symbol(settings, address, symbol))
    record = found.versions.get(version) if version else found.now(newest.model_version if newest else "")
    if record is None and version:
        raise not_among(f"a version of {symbol}", version, found.versions, f"`tickloop models list {symbol}`")
    names = {record.version} if record is not None else set()
    names |= {newest.model_version} if newest is not None and not version else set()
    failed = [each for each in asyncio.run(faults(settings, address, symbol)) if each.version in names]
    console = Console(highlight=False, soft_wrap=True)
    if record is None:
        if as_json:
            click.echo(msgspec.json.encode(Unasked(newest)))
        else:
            console.print(said_of(symbol, None, newest, found.live()), markup=False)
            for line in map(fault_line, failed):
                console.print(printable(line), markup=False)
        return
    links = why(found, record)
    models = further_models(_market(symbol), record.overrides, state_of(found, record.version))
    if as_json:
        click.echo(msgspec.json.encode(VersionExplained(record, links, manual_steps(links), newest, models, failed)))
        return
    if version:
        console.print(printable(f"{record.version} is {stands(record.status)}: {record.reason}"), markup=False)
    else:
        console.print(said_of(symbol, record, newest, found.live()), markup=False)
    for line in (*said_of_models(models), *map(fault_line, failed)):
        console.print(printable(line), markup=False)
    show_links(console, links)


def _shown(symbol: str, version: str) -> VersionShown:
    return _found(symbol, version)[0]


def _found(symbol: str, version: str) -> tuple[VersionShown, ModelState | None]:
    """What is known of a version, and the state that it started from, if it is on the topics."""
    settings = settings_of_command()
    address = bootstrap(settings)
    found = {each.version: each for each in asyncio.run(versions(settings, address, symbol))}
    ended = asyncio.run(retrains(settings, address, symbol))
    made = {each.result.candidate.version: each for each in reversed(ended) if each.result.candidate}
    if not (found or made):
        asyncio.run(expect_known_symbol(settings, address, symbol))
    if version not in found and version not in made:
        raise not_among(f"a version of {symbol}", version, {**found, **made}, f"`tickloop models list {symbol}`")
    record, finished = found.get(version), made.get(version)
    state = finished.result.candidate if finished is not None else None
    if state is None:
        state = state_of(asyncio.run(changes(settings, address, symbol)), version)
    models = further_models(_market(symbol), record.overrides if record is not None else {}, state)
    failed = [each for each in asyncio.run(faults(settings, address, symbol)) if each.version == version]
    return VersionShown(record, finished, models, failed), state


def _market(symbol: str) -> MarketParameters:
    """Parameters of the symbol by the configuration of this machine."""
    return configured_parameters(os.environ).for_symbol(symbol)
