"""`tickloop models put`: brings a model that was trained elsewhere into a running system, in shadow first."""

import asyncio
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import Struct

from agents.audit.versions import versions
from agents.broker import bootstrap
from agents.cli.arm import ASKER, CAUSE, ID, JSON, SYMBOL, WAIT
from agents.cli.asking import asked, tell
from agents.cli.home import settings_of_command
from agents.cli.model_files import TriedModel, expect_computed, expect_free, named_features, read_model, tried
from agents.cli.parameters_in_use import parameters_in_use
from agents.cli.seen_symbols import ANYWAY
from agents.commands import requests
from agents.commands.sending import Sent
from schemas.errors import ConfigurationError
from schemas.models import ExpertModel, ModelState
from schemas.names import LIVE, MODEL, builtin_version
from streams.market.arm_parameters import ArmParameters
from streams.market.parameters import MarketParameters

SLOW_US = 1_000.0
"""Time of a call from which on a warning is given: each tick waits for it, in each arm that has the model."""


class PutModel(Struct):
    """What `tickloop models put --json` prints.

    Attributes:
        model: what was found in the file.
        parent: version that is live, which the new one is derived from.
        sent: the command that was written, without the bytes of the file, and what came of it.
    """

    model: TriedModel
    parent: str
    sent: Sent


@click.command("put")
@SYMBOL
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="", help="Name of the expert, else that of the file without its ending.")
@click.option("--features", default="", metavar="A,B,C", help="Its features, in the order of its input.")
@click.option(
    "--features-from",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Text file of them, one a line.",
)
@click.option("--arm", default="", help="Name that the variant runs under, else that of the expert.")
@click.option("--version", default="", help="Name of the version, else the expert's and 8 digits of its SHA-256.")
@click.option("--alone", is_flag=True, help="No other expert and no correction: the variant says what the model says.")
@click.option("--experiment", default="", help="Experiment that it is an arm of.")
@CAUSE
@click.option("--yes", is_flag=True, help="Do not ask before the command is written.")
@ID
@WAIT
@ANYWAY
@JSON
def put(
    symbol: str,
    file: Path,
    name: str,
    features: str,
    features_from: Path | None,
    arm: str,
    version: str,
    alone: bool,
    experiment: str,
    cause: str,
    yes: bool,
    command_id: str | None,
    wait: float,
    anyway: bool,
    as_json: bool,
) -> None:
    """Run a model from FILE in shadow on SYMBOL: as one more expert of a copy of the live variant.

    FILE is an ONNX file (`.onnx`) of a classifier with one input, a row of features, and the probabilities of down and
    up as output; or trees, as LightGBM writes them (`.txt`) or as JSON (`.json`). It is tried on this machine first, as
    a worker would. The features are those that SYMBOL computes; files of ONNX (in a metadata entry `features`) and of
    LightGBM may name them themselves. docs/models.md shows how a model of scikit-learn comes here.

    The variant predicts, and its predictions are not published, until `tickloop models promote` or an experiment makes
    it live. How much weight the model gets among the experts is learned, from its share of a new expert on.

    \b
    Examples:
      tickloop models put BTCUSDT forest.onnx --features queue_imbalance,return_1,spread
      tickloop models put BTCUSDT forest.onnx --features-from features.txt --alone --cause "trained on June"
      tickloop models promote BTCUSDT forest-1a2b3c4d
    """
    if features and features_from is not None:
        raise ConfigurationError("expected --features or --features-from, was both; fix: one of them")
    given = named_features(features if features_from is None else features_from.read_text(encoding="utf-8"))
    name = name or file.stem
    expect_free(name)
    state = read_model(file, given)
    parameters = parameters_in_use().for_symbol(symbol)
    expect_computed(state.features, parameters, symbol)
    found = tried(state, file)
    overrides = only(name, parameters) if alone else {}
    named = version or f"{name}-{found.sha256[:8]}"
    brought = ModelState(named, None, expert=ExpertModel(name, state))
    # Refused here is what the lifecycle node would refuse, by the parameters of this machine.
    ArmParameters(parameters).checked(overrides, brought, True)
    if not as_json:
        _tell(file, name, found)
    settings = settings_of_command()
    known = asyncio.run(versions(settings, bootstrap(settings), symbol))
    parent = next((each.version for each in known if each.arm == LIVE), builtin_version(parameters.digest()))
    if not (yes or as_json):
        click.confirm(f"run it in shadow on {symbol}, as {named}, beside {parent} which is live?", abort=True)
    request = requests.start_variant(
        command_id or requests.new_id(ASKER),
        symbol,
        arm or name,
        cause,
        overrides=overrides,
        from_live=True,
        model=msgspec.structs.replace(brought, parent=parent),
        experiment=experiment,
    )
    sent = asked(request, wait, as_json, anyway)
    if as_json:
        click.echo(msgspec.json.encode(PutModel(found, parent, without_file(sent))))
    else:
        tell(sent, wait)


def only(name: str, parameters: MarketParameters) -> dict[str, dict[str, Any]]:
    """Parameters of an arm in which one expert alone decides, by table and name.

    Every other expert gets the prior weight 0, and the correction of the mixed prediction is switched
    off.

    Args:
        name: name of the expert.
        parameters: parameters of the symbol, which name the other experts.

    >>> only("forest", MarketParameters())["mixture"]["prior"]["signed_logistic"]
    0.0
    """
    others = (*parameters.strategies.enabled, MODEL, *parameters.models)
    prior = {each: 0.0 for each in others if each != name}
    return {"mixture": {"prior": {**prior, name: 1.0}}, "correction": {"variance": 0.0}}


def without_file(sent: Sent) -> Sent:
    """Copy of a sent command without the bytes of the model, which can be half a megabyte."""
    return msgspec.structs.replace(sent, command=msgspec.structs.replace(sent.command, model=None))


def _tell(file: Path, name: str, found: TriedModel) -> None:
    click.echo(f"{file}: {found.kind}, {found.size:,} bytes, SHA-256 {found.sha256}")
    click.echo(f"features: {', '.join(found.features)}")
    click.echo(
        f"{name} says {found.at_zero:.4f} up where every feature is 0; one call takes {found.call_us:,.1f} us here"
    )
    if found.call_us > SLOW_US:
        click.secho("slow: every tick waits for it; fix: a smaller model", fg="yellow", err=True)
