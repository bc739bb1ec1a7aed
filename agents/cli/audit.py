"""`tickloop audit`: shows from the topics alone how ticks led to decisions about a symbol."""

import asyncio
from datetime import UTC, datetime

import click
import msgspec
from msgspec import Struct
from rich.console import Console

from agents.audit.history import history, life_of
from agents.audit.lineage import Link, PredictionLineage, manual_steps, trail
from agents.audit.tables import show_links
from agents.broker import bootstrap
from agents.cli.arm import JSON, SYMBOL
from agents.cli.home import settings_of_command
from agents.cli.unknown_names import expect_known_symbol
from agents.config.settings import Settings
from agents.pages.wording import moment
from schemas.errors import ConfigurationError


class Audited(Struct):
    """What happened to a symbol within a span of event time; `tickloop audit --json` prints it.

    Attributes:
        symbol: instrument that was asked for.
        begin, end: first and last event time of the span, ns since 1970, UTC.
        ticks: number of quotes and trades on the topic `ticks` in the span.
        predictions, outcomes: number of each in the span, by the name of the version that predicted.
        links: records of the span that changed something, or led to a change, in order of event time.
        manual_steps: number of links that a person caused.
        prediction: the prediction that was asked for, with its tick, outcome and version; None: none was asked
            for.
    """

    symbol: str
    begin: int
    end: int
    ticks: int
    predictions: dict[str, int]
    outcomes: dict[str, int]
    links: list[Link]
    manual_steps: int
    prediction: PredictionLineage | None


@click.command("audit")
@SYMBOL
@click.option("--from", "begin", metavar="TIME", help="First event time, ISO 8601, UTC  [default: the beginning]")
@click.option("--to", "end", metavar="TIME", help="Last event time  [default: the end]")
@click.option("--prediction", "prediction", metavar="ID", help="Also one prediction, from its tick to its version.")
@JSON
def command(symbol: str, begin: str | None, end: str | None, prediction: str | None, as_json: bool) -> None:
    """Print what happened to SYMBOL: ticks, predictions, outcomes, retrains and their causes, decisions.

    Each line stands for one record on a topic. It gives the record's id, and says whether a person caused the record.

    \b
    Examples:
      tickloop audit BTCUSDT --from 2024-08-08T10:00 --to 2024-08-08T12:00
      tickloop audit BTCUSDT --prediction ticks:3:1042 --json
    """
    settings = settings_of_command()
    from_ts, to_ts = _time(begin, 0), _time(end, 2**63 - 1)
    audited = asyncio.run(_audit(settings, bootstrap(settings), symbol, from_ts, to_ts, prediction))
    if as_json:
        click.echo(msgspec.json.encode(audited))
    else:
        _show(audited)


async def _audit(
    settings: Settings, address: str, symbol: str, begin: int, end: int, prediction: str | None
) -> Audited:
    found = await history(settings, address, symbol, begin, end)
    links = trail(found, begin, end)
    if not (found.ticks or links or found.predictions or found.outcomes):
        # Either nothing happened in that time, or there is no such symbol.
        await expect_known_symbol(settings, address, symbol)
    life = await life_of(settings, address, symbol, prediction, found) if prediction else None
    return Audited(symbol, begin, end, found.ticks, found.predictions, found.outcomes, links, manual_steps(links), life)


def _time(text: str | None, otherwise: int) -> int:
    """Return an ISO 8601 time as ns since 1970, UTC; `otherwise` if the text is None.

    >>> _time("2024-08-08T23:54:15.5", otherwise=0)
    1723161255500000000
    """
    if text is None:
        return otherwise
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"expected a time such as 2024-08-08T10:00, was {text!r}") from error
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return int(found.timestamp()) * 10**9 + found.microsecond * 1_000


def _show(audited: Audited) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{audited.symbol}: {audited.ticks:,} ticks")
    for version, count in audited.predictions.items():
        console.print(
            f"  {version}: {count:,} predictions, {audited.outcomes.get(version, 0):,} scored outcomes", markup=False
        )
    show_links(console, audited.links)
    life = audited.prediction
    if life is None:
        return
    told = life.prediction
    console.print(f"tick {life.tick} at {moment(told.ts_event)}", markup=False)
    console.print(
        f"  prediction: {told.direction} with probability {told.probability:.4f} by {told.model_version}, position "
        f"{told.position_size:+.4f} ({told.strategy}: {told.reason}; sized by {told.sizing})",
        markup=False,
    )
    if life.outcome is None:
        console.print("  outcome: none: not scored, or it has not matured")
    else:
        console.print(f"  outcome [{life.outcome.id}]: {life.outcome.return_bps:+.3f} bps", markup=False)
    if life.window is not None:
        console.print(
            f"  window [{life.window.id}]: skill {life.window.skill:+.4f} over {life.window.moved:,} outcomes",
            markup=False,
        )
    show_links(console, life.version)
