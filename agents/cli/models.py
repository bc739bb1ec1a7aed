"""`tickloop models`: versions of the models, and what became of them."""

import asyncio
import secrets
from datetime import UTC, datetime

import click
import msgspec
from msgspec import Struct
from rich.console import Console

from agents.broker import bootstrap
from agents.cli.arm import CAUSE, ID, JSON, SYMBOL, WAIT, ask, rollback
from agents.cli.home import settings_of_command
from agents.cli.trail_tables import show_links
from agents.clients.history import changes
from agents.clients.rosters import differing_rosters
from agents.clients.versions import TIMEOUT_S, retrains, versions
from agents.experiments import HELD_BACK
from agents.printable import printable
from agents.trail import Link, manual_steps, why
from schemas.commands import PinVersion, PromoteVariant, Retrain
from schemas.errors import ConfigurationError
from schemas.retraining import RetrainFinished
from schemas.versions import ModelVersion
from schemas.windows import Breach

VERSION = click.argument("version")


class Shown(Struct):
    """What `--json` prints of one version: its record, and the retrain that made it, if one did."""

    version: ModelVersion | None
    retrain: RetrainFinished | None


class Explained(Struct):
    """What `--json` prints for `why`: the version, the chain, and how many of its steps a person took."""

    version: ModelVersion
    links: list[Link]
    manual_steps: int


@click.group("models")
def command() -> None:
    """Look at the versions of the models, and change which one is live.

    Versions come from retrains, experiments and people; `tickloop arm` starts one by hand. Everything here is told
    from the topics.

    \b
    Examples:
      tickloop models list BTCUSDT
      tickloop models why BTCUSDT
      tickloop models retrain BTCUSDT
    """


@command.command("list")
@click.argument("symbol", required=False)
@click.option("--all", "everything", is_flag=True, help="Also retrains that came to no candidate.")
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(0, min_open=True), metavar="S", default=TIMEOUT_S, show_default=True
)
@JSON
def list_command(symbol: str | None, everything: bool, timeout_s: float, as_json: bool) -> None:
    """Show every version: where it stands, since when and why, and how many steps of its life were manual."""
    settings = settings_of_command()
    address = bootstrap(settings)
    found = asyncio.run(versions(settings, address, symbol, timeout_s))
    # They hold the states of models: what is not shown is not read.
    made = asyncio.run(retrains(settings, address, symbol, timeout_s)) if everything else []
    if as_json:
        click.echo(msgspec.json.encode({"versions": found, "retrains": made}))
        return
    console = Console(highlight=False, soft_wrap=True)
    if not found:
        console.print("nothing but the built-in version of each symbol")
    for each in found:
        pinned = " (pinned)" * each.pinned + f" ({HELD_BACK})" * (each.held is True)
        console.print(
            f"{each.symbol}  {each.version}  {each.status}{pinned}  since {time(each.ts_event)}  "
            f"manual steps {each.manual_steps}  {printable(each.reason)}",
            markup=False,
        )
    for differing in asyncio.run(differing_rosters(settings, address)):
        if symbol in (None, differing.outcome.symbol):
            console.print(f"NOT SO: {printable(differing.sentence)}", markup=False)
    for finished in made:
        result = finished.result
        console.print(
            f"{finished.symbol}  {result.job_id}  {result.status}  at {time(finished.ts_event)}  "
            f"{printable(result.sentence)}",
            markup=False,
        )


@command.command("show")
@SYMBOL
@VERSION
@JSON
def show(symbol: str, version: str, as_json: bool) -> None:
    """Show all that is known of one version: lineage, hash, training range, gates, figures, backward transfer."""
    shown = _shown(symbol, version)
    if as_json:
        click.echo(msgspec.json.encode(shown))
        return
    console = Console(highlight=False, soft_wrap=True)
    record, finished = shown.version, shown.retrain
    if record is not None:
        console.print(f"{record.version}: {record.status} since {time(record.ts_event)}: {record.reason}", markup=False)
        console.print(f"lineage: {' -> '.join((*record.lineage, record.version))}", markup=False)
        console.print(f"manual steps: {record.manual_steps or 'none'}")
    if finished is None:
        console.print("no retrain made it")
        return
    result = finished.result
    console.print(f"job {result.job_id}: {result.status}: {result.sentence}", markup=False)
    console.print(
        f"SHA-256 {result.sha256}; made with {msgspec.json.encode(finished.made_with).decode()}", markup=False
    )
    console.print(
        f"trained on {result.n_trained:,} labels ({result.recipe}), {time(result.trained_from)} to "
        f"{time(result.trained_until)}; judged on {result.n_validated:,}, {result.purged:,} purged in between"
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
    """Compare the weights that two retrained versions started from."""
    states = []
    for name in (one, other):
        finished = _shown(symbol, name).retrain
        if finished is None or finished.result.candidate is None:
            raise ConfigurationError(f"expected a version that a retrain made, was {name}: its numbers are nowhere")
        states.append(dict(zip(*_numbers(finished), strict=True)))
    first, second = states
    rows = {name: (first.get(name, 0.0), second.get(name, 0.0)) for name in {**first, **second}}
    if as_json:
        click.echo(msgspec.json.encode(rows))
        return
    for name, (before, after) in rows.items():
        click.echo(f"{name:24} {before:+10.4f} {after:+10.4f} {after - before:+10.4f}")


@command.command("promote")
@SYMBOL
@VERSION
@CAUSE
@ID
@WAIT
@JSON
def promote(symbol: str, version: str, cause: str, command_id: str | None, wait: float, as_json: bool) -> None:
    """Make a version live that runs in shadow, whatever its test says; it is watched from then on."""
    settings = settings_of_command()
    found = {each.version: each for each in asyncio.run(versions(settings, bootstrap(settings), symbol))}
    arm = found[version].arm if version in found else ""
    if not arm:
        running = ", ".join(each.version for each in found.values() if each.arm) or "none"
        raise ConfigurationError(f"expected a version of {symbol} that runs ({running}), was {version!r:.80}")
    ask(PromoteVariant("", symbol, 1, arm, cause), command_id, wait, as_json)


command.add_command(rollback)


@command.command("pin")
@SYMBOL
@click.option("--off", is_flag=True, help="Release it.")
@CAUSE
@ID
@WAIT
@JSON
def pin(symbol: str, off: bool, cause: str, command_id: str | None, wait: float, as_json: bool) -> None:
    """Keep the live version live: nothing but a person changes it until it is released."""
    ask(PinVersion("", symbol, 1, cause, pinned=not off), command_id, wait, as_json)


@command.command("retrain")
@SYMBOL
@CAUSE
@WAIT
@JSON
def retrain(symbol: str, cause: str, wait: float, as_json: bool) -> None:
    """Retrain now, whatever cool-down and budget say; the candidate has to pass gates and test like any other."""
    job = f"cli-{secrets.token_hex(6)}"
    breach = Breach(job, "manual", "manual", 0.0, 0.0, 0, 0, retrain=True, withheld="", sentence=cause)
    ask(Retrain("", symbol, 1, cause, breach), job, wait, as_json)


@command.command("why")
@SYMBOL
@click.argument("version", required=False)
@JSON
def why_command(symbol: str, version: str | None, as_json: bool) -> None:
    """Say why the live version of SYMBOL is live, or why VERSION stands where it does: the chain of its causes."""
    settings = settings_of_command()
    found = asyncio.run(changes(settings, bootstrap(settings), symbol))
    record = found.versions.get(version) if version else found.live()
    if record is None:
        if version:
            raise ConfigurationError(f"expected a version of {symbol} ({', '.join(found.versions)}), was {version!r}")
        click.echo(f"{symbol} runs its built-in version: nothing was ever asked of it")
        return
    links = why(found, record)
    if as_json:
        click.echo(msgspec.json.encode(Explained(record, links, manual_steps(links))))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{record.version} is {record.status}: {record.reason}", markup=False)
    show_links(console, links)


def time(ts_event: int) -> str:
    """Event time for a person, UTC.

    >>> time(1_723_161_255_088_169_167)
    '2024-08-08 23:54:15'
    """
    return f"{datetime.fromtimestamp(ts_event // 10**9, UTC):%Y-%m-%d %H:%M:%S}"


def _shown(symbol: str, version: str) -> Shown:
    settings = settings_of_command()
    address = bootstrap(settings)
    record = next((each for each in asyncio.run(versions(settings, address, symbol)) if each.version == version), None)
    made = asyncio.run(retrains(settings, address, symbol))
    finished = next((each for each in made if each.result.candidate and each.result.candidate.version == version), None)
    if record is None and finished is None:
        raise ConfigurationError(f"expected a version of {symbol}, was {version!r}; fix: tickloop models list {symbol}")
    return Shown(record, finished)


def _numbers(finished: RetrainFinished) -> tuple[tuple[str, ...], tuple[float, ...]]:
    candidate = finished.result.candidate
    assert candidate is not None, "asked before"
    return candidate.model.features, candidate.model.weights
