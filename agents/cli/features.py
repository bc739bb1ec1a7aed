"""`tickloop features`: lists the features, shows what uses them, and checks that they behave as they must."""

import click
import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from agents.cli.parameters_in_use import parameters_in_use
from schemas.errors import ConfigurationError, TickloopError
from schemas.ticks import Quote, Trade
from streams.market.feature_users import users_of_features
from streams.market.features.checks import FeatureFinding, check
from streams.market.features.references import family_of
from streams.market.features.registry import FAMILIES, features_of
from streams.market.parameters import MarketParameters
from streams.sources.files import TickFile
from streams.sources.synthetic import synthetic_market

SYNTHETIC = 4_000


class Listed(Struct, frozen=True):
    """A feature (a number computed from the ticks) and what uses it; `tickloop features list --json` prints it.

    Attributes:
        name: name in the parameters.
        family: group of features that are computed together.
        unit: unit of the number.
        signed: whether the sign of the number flips in a mirrored market, in which rises are falls, and bids are asks.
        scale_free: whether the number stays the same if all prices or sizes are multiplied by a constant.
        formula: how it is computed.
        source: publication that it is from; empty: none.
        used_by: names of strategies, models and other parts that use it; empty: it is not computed.
    """

    name: str
    family: str
    unit: str
    signed: bool
    scale_free: bool
    formula: str
    source: str
    used_by: tuple[str, ...]


@click.group("features", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List the features, those of your plug-ins included, or check that they behave as they must."""
    if context.invoked_subcommand is None:
        context.invoke(list_features)


@command.command("list")
@click.option("--symbol", default="", help="With the parameters of this symbol.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_features(symbol: str = "", as_json: bool = False) -> None:
    """Show every feature: unit, formula, source, what uses it, and whether its sign flips in a mirrored market.

    A feature that nothing uses is not computed. The parameters decide what uses it: the enabled strategies, the
    model's list of features, the regime detector, costs and baselines. The parameter `recorded` lists features that
    are computed and written into outcomes in any case.
    """
    listed = features(parameters_in_use().for_symbol(symbol))
    if as_json:
        click.echo(msgspec.json.encode(listed))
        return
    console = Console(highlight=False, soft_wrap=True)
    for each in listed:
        promises = [each.unit, *["signed"] * each.signed, *["scale-free"] * each.scale_free]
        console.print(f"[bold]{each.name}[/bold]  {each.family}; {', '.join(promises)}")
        console.print(f"    {each.formula} ({each.source})" if each.source else f"    {each.formula}", markup=False)
        console.print("    used by " + ", ".join(each.used_by) if each.used_by else "    used by nothing: not computed")


@command.command("check")
@click.argument("file", required=False)
@click.option("--family", "families", multiple=True, help="Only this family; may be given several times.")
@click.option("--ticks", "count", default=SYNTHETIC, show_default=True, help="Ticks to check with.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def check_features(file: str | None, families: tuple[str, ...], count: int, as_json: bool) -> None:
    """Check every family of features on the ticks of the first symbol in FILE, or on a synthetic market.

    \b
    look-ahead  earlier values do not change when later ticks are changed
    restart     values are the same after the state was stored and loaded
    finite      no error, NaN or infinity, at extreme prices and sizes too
    bounded     the state stays small
    scale       where promised: multiplying all prices or sizes by a constant changes nothing
    sign        signed features flip in a mirrored market, the others do not

    The exit code is 1 when a check fails.
    """
    parameters = parameters_in_use().market
    unknown = [name for name in families if name not in FAMILIES]
    if unknown:
        raise ConfigurationError(f"--family: expected one of {', '.join(FAMILIES)}, was {', '.join(unknown)}")
    ticks = _ticks(file, count)
    found = [finding for name in families or tuple(FAMILIES) for finding in check(name, ticks, parameters.features)]
    broken = [finding for finding in found if not finding.passed]
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        _show(found, len(ticks), file or "a synthetic market")
    if broken:
        raise TickloopError(f"{len(broken)} of {len(found)} checks failed: {broken[0].family}: {broken[0].detail}")


def features(parameters: MarketParameters) -> list[Listed]:
    """Return all registered features, and those of references, each with what uses it under these parameters.

    >>> listed = {each.name: each for each in features(MarketParameters())}
    >>> listed["queue_imbalance"].used_by
    ('imbalance', 'signed_logistic', 'baselines')
    >>> listed["realised_volatility"].used_by
    ()
    """
    users = users_of_features(parameters)
    return [
        Listed(
            feature.name,
            family,
            feature.unit,
            feature.signed,
            feature.scale_free,
            feature.formula,
            feature.source,
            tuple(user for user, needs in users.items() if feature.name in needs),
        )
        for family in (*FAMILIES, *map(family_of, parameters.features.references.of))
        for feature in features_of(family)
    ]


def _ticks(file: str | None, count: int) -> list[Quote | Trade]:
    found: list[Quote | Trade] = []
    for tick in TickFile(file) if file else synthetic_market(seed=1):
        if isinstance(tick, Quote | Trade) and (not found or tick.symbol == found[0].symbol):
            found.append(tick)
            if len(found) == count:
                break
    if len(found) < 2:
        raise ConfigurationError(f"expected two ticks at least, was {len(found)} in {file}")
    return found


def _show(found: list[FeatureFinding], ticks: int, source: str) -> None:
    names = list(dict.fromkeys(finding.check for finding in found))
    table = Table("family", *names, box=None, header_style="bold", title=f"{ticks:,} ticks of {source}")
    for family in dict.fromkeys(finding.family for finding in found):
        row = {finding.check: finding for finding in found if finding.family == family}
        table.add_row(family, *("[green]ok[/green]" if row[name].passed else "[red]broken[/red]" for name in names))
    console = Console()
    console.print(table)
    for finding in found:
        if not finding.passed:
            console.print(f"{finding.family}, {finding.check}: {finding.detail}", style="red", markup=False)
