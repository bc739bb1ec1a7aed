"""`tickloop arm`: starts and stops variants of a symbol's pipeline, makes one live, and goes back to the one before."""

import asyncio
from pathlib import Path

import click
import msgspec

from agents.audit.versions import versions
from agents.broker import bootstrap
from agents.cli.arm_overrides import differences, overrides_of
from agents.cli.asking import ask, show
from agents.cli.home import settings_of_command
from agents.cli.parameters_in_use import parameters_in_use
from agents.cli.seen_symbols import ANYWAY
from agents.cli.unknown_names import expect_known_symbol
from agents.cli.warming import WARM, warmed_arm
from agents.commands import requests
from schemas.errors import ConfigurationError, Refused
from schemas.models import ModelState
from streams.market.state_size import limited_arm_parameters

BY_HAND = "by hand"

ASKER = "cli"
"""Begin of the ids of commands that a command line makes up."""

SYMBOL = click.argument("symbol")
ARM = click.argument("arm")
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else.")
CAUSE = click.option("--cause", default=BY_HAND, show_default=True, help="Why: kept with the version.")
ID = click.option("--id", "command_id", metavar="ID", help="Of the command: the same one is carried out once only.")
WAIT = click.option("--wait", default=5.0, show_default=True, metavar="S", help="Seconds to wait for what comes of it.")


@click.group("arm")
def command() -> None:
    """Run variants of a symbol's pipeline in shadow, make one live, and go back to the one before.

    A variant in shadow predicts, is scored and learns on the live ticks, but its predictions are not published. Each
    command is written to the topic `commands`. A worker carries it out at the next tick of the symbol, exactly once,
    even if processes crash. The topic `model-versions` says what became of each version.
    """


@command.command("start")
@SYMBOL
@ARM
@click.option("--set", "fields", multiple=True, metavar="TABLE.FIELD=VALUE", help="A parameter of its own; repeatable.")
@click.option(
    *("--config", "--overrides", "file"),
    type=click.Path(exists=True, dir_okay=False),
    help="TOML file of tables of such parameters; --set lies on top.",
)
@click.option(
    "--model", type=click.Path(exists=True, dir_okay=False), help="JSON file: full state of a model to start from."
)
@click.option("--from-live/--from-nothing", default=True, show_default=True, help="What the variant has learned.")
@WARM
@click.option("--version", default="", help="Name of the version; else one is made of ARM.")
@click.option("--experiment", default="", help="Experiment that it is an arm of.")
@CAUSE
@ID
@WAIT
@ANYWAY
@JSON
def start(
    symbol: str,
    arm: str,
    fields: tuple[str, ...],
    file: str | None,
    model: str | None,
    from_live: bool,
    warm: int | None,
    version: str,
    experiment: str,
    cause: str,
    command_id: str | None,
    wait: float,
    anyway: bool,
    as_json: bool,
) -> None:
    """Run a variant of SYMBOL's pipeline in shadow: it predicts and learns, but its predictions are not published.

    The variant runs under the name ARM. It has a model of its own, or its own values of some parameters of [market]
    (docs/configuration.md): any table but validation and admission. All other parameters are SYMBOL's. With features,
    regime, strategies or costs of its own it computes these by itself, and is scored after the warm-up; --warm N begins
    it as it would be had it run over the last N ticks of the log. The tables of a file may have the prefix `market.`,
    as in tickloop.toml. Unless --from-nothing is given, the variant starts with
    what the live one has learned so far, so that a comparison is fair from the first tick on.

    \b
    Examples:
      tickloop arm start BTCUSDT bold --set sizing.kelly_fraction=0.001
      tickloop arm start BTCUSDT forest --config forest.toml
      tickloop arm start BTCUSDT hidden --set regime.detector=hmm --warm 50000
      tickloop arm start BTCUSDT plain --set mixture.prior.momentum=0 --set correction.variance=0
      tickloop arm start BTCUSDT counted --set confidence.calibrator=bins
    """
    if model is not None and version:
        raise ConfigurationError("expected --version or --model, was both; fix: a model's file names its version")
    state = None if model is None else _model(Path(model))
    own = overrides_of(file, fields)
    market = parameters_in_use().for_symbol(symbol)
    # Refused here is what the lifecycle node would refuse, by the parameters of this machine.
    variants = limited_arm_parameters(market, f"[market] of {symbol}")
    overrides, _ = variants.checked(own, state, from_live)
    try:
        variants.expect_room(overrides, [b""])
    except Refused as refused:
        raise ConfigurationError(refused.detail) from refused
    if own and not as_json:
        click.echo(f"{arm} differs from {symbol}'s parameters in:")
        for line in differences(market, own) or ["nothing: it has the same values"]:
            click.echo(f"  {line}")
    world = warmed_arm(symbol, arm, variants[overrides], warm, as_json)
    request = requests.start_variant(
        _id(command_id),
        symbol,
        arm,
        cause,
        overrides=own,
        from_live=from_live,
        model=state,
        version=version,
        experiment=experiment,
        world=world,
    )
    ask(request, wait, as_json, anyway)


@command.command("stop")
@SYMBOL
@ARM
@CAUSE
@ID
@WAIT
@ANYWAY
@JSON
def stop(symbol: str, arm: str, cause: str, command_id: str | None, wait: float, anyway: bool, as_json: bool) -> None:
    """End the variant ARM of SYMBOL's pipeline, which runs in shadow (its predictions are not published).

    Everything that the variant has learned is deleted.
    """
    ask(requests.stop_variant(_id(command_id), symbol, arm, cause), wait, as_json, anyway)


@command.command("promote")
@SYMBOL
@ARM
@CAUSE
@ID
@WAIT
@ANYWAY
@JSON
def promote(
    symbol: str, arm: str, cause: str, command_id: str | None, wait: float, anyway: bool, as_json: bool
) -> None:
    """Make the variant ARM of SYMBOL's pipeline live, so that its predictions are published.

    ARM must be running in shadow, where a variant predicts without being published. The variant that is live now goes
    on in shadow, under the name of its version.
    """
    ask(requests.promote_variant(_id(command_id), symbol, arm, cause), wait, as_json, anyway)


@command.command("rollback")
@SYMBOL
@CAUSE
@ID
@WAIT
@ANYWAY
@JSON
def rollback(symbol: str, cause: str, command_id: str | None, wait: float, anyway: bool, as_json: bool) -> None:
    """Make SYMBOL's previous live version live again.

    The version that is live now goes on in shadow, where it predicts without being published. Repeating the command
    goes one version further back.
    """
    ask(requests.roll_back(_id(command_id), symbol, cause), wait, as_json, anyway)


@command.command("list")
@click.argument("symbol", required=False)
@click.option("--all", "everything", is_flag=True, help="Also versions that run no more.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_command(symbol: str | None, everything: bool, as_json: bool) -> None:
    """Show which versions run, which one is live, since when, and why.

    Without SYMBOL, every symbol is shown that a command has ever named.
    """
    settings = settings_of_command()
    address = bootstrap(settings)
    found = asyncio.run(versions(settings, address, symbol))
    if symbol is not None and not found:
        asyncio.run(expect_known_symbol(settings, address, symbol))
    shown = [version for version in found if everything or version.arm]
    if as_json:
        click.echo(msgspec.json.encode(shown))
    elif shown:
        show(shown)
    else:
        of_whom = f"{symbol}: " if symbol else ""
        click.echo(f"{of_whom}nothing but the built-in version of each symbol; see `tickloop arm start --help`")


def _id(given: str | None) -> str:
    return given or requests.new_id(ASKER)


def _model(file: Path) -> ModelState:
    try:
        return msgspec.json.decode(file.read_bytes(), type=ModelState)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{file}: expected the state of a model, {error}") from error
