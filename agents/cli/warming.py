"""Warms a new arm by the last ticks of its symbol, for commands that start arms (`--warm N`).

An arm is one of the variants of the pipeline that run side by side on a symbol.
"""

import asyncio
from collections.abc import Callable, Iterator

import click
from msgspec import UNSET, UnsetType
from rich.console import Console

from agents.broker import bootstrap
from agents.cli.home import settings_of_command
from agents.cli.progress import progress_bar
from agents.cli.seen_symbols import expect_seen
from agents.clients.symbol_ticks import SymbolTicks, last_ticks
from agents.commands.commander import commander
from schemas.errors import ConfigurationError
from schemas.models import WarmedWorld
from schemas.ticks import Quote, Trade
from schemas.topics import TICKS
from streams.market.arm_parameters import WORLD_LEVEL, ArmParts
from streams.market.warming import warmed

LARGEST = 500_000
"""Most ticks that an arm is warmed by."""

WARM = click.option(
    "--warm",
    type=click.IntRange(1, LARGEST),
    metavar="N",
    help="Let the variant's own features, regime and strategies begin as they are after the last N ticks.",
)


def warmed_arm(symbol: str, arm: str, parts: ArmParts, count: int | None, quiet: bool) -> WarmedWorld | UnsetType:
    """Run what a new arm computes by itself over the last ticks of its symbol, and return the state after them.

    An arm is one of the variants of the pipeline that run side by side on a symbol.

    Args:
        symbol: symbol of the arm.
        arm: name of the arm, for sentences.
        parts: what is built from the arm's parameters.
        count: number of ticks; None: nothing is read, and the result is UNSET.
        quiet: whether to print nothing.

    Raises:
        ConfigurationError: the arm computes nothing by itself, the symbol is unknown or has no ticks, or the state is
            too large for a command.
        EnvironmentProblem: the ticks cannot be read.
    """
    if count is None:
        return UNSET
    if parts.world is None:
        raise ConfigurationError(
            f"--warm: expected an arm with {', '.join(WORLD_LEVEL)} of its own, {arm} shares all of them with the "
            "symbol; fix: leave --warm out, it is warm already"
        )
    with progress_bar(Console(stderr=True), quiet) as bar:
        task = bar.add_task(f"reading the last ticks of {symbol}", total=count)
        found = asyncio.run(_read(symbol, count, lambda done: bar.update(task, completed=done)))
        if not found.ticks:
            raise ConfigurationError(
                f"--warm: expected ticks of {symbol}, found none in the last {found.looked_at:,} records of its "
                "partition; fix: publish ticks, or leave --warm out"
            )
        task = bar.add_task(f"warming {arm}", total=len(found.ticks))

        def told() -> Iterator[tuple[str, Quote | Trade]]:
            for number, tick in enumerate(found.ticks, start=1):
                yield tick
                if number % 1_000 == 0:
                    bar.update(task, completed=number)

        world = warmed(parts.parameters, told())
    if not quiet:
        _say(symbol, arm, count, found, world, parts.parameters.warmup_ticks)
    return world


async def _read(symbol: str, count: int, progress: Callable[[int], None]) -> SymbolTicks:
    settings = settings_of_command()
    address = bootstrap(settings)
    async with commander(settings, address) as client:
        place = await client.place_of(symbol)
        expect_seen(symbol, place, client.seen, anyway=False)
    return await last_ticks(address, settings.topic(TICKS.name), place.partition, symbol, count, progress)


def _say(symbol: str, arm: str, asked: int, found: SymbolTicks, world: WarmedWorld, warmup: int) -> None:
    refused = len(found.ticks) - world.ticks
    left_out = f", {refused:,} more are refused ticks" if refused else ""
    click.echo(f"{arm} is warmed by {world.ticks:,} ticks of {symbol} up to {world.until}{left_out}")
    if len(found.ticks) < asked:
        where = "the log has no more" if found.whole else f"the last {found.looked_at:,} records have no more"
        click.echo(f"  expected {asked:,}, was {len(found.ticks):,}: {where}")
    if world.ticks < warmup:
        click.echo(f"  it is scored after {warmup - world.ticks:,} more, since warmup_ticks = {warmup:,}")
