"""Refuses commands about unknown symbols or variants, unless the user insists (`--anyway`).

A name may be misspelt, and the command would then wait for ever for ticks of a symbol that does not exist.
"""

from collections.abc import Collection

import click

from agents.cli.unknown_names import not_among
from agents.commands.commander import LogPlace

ANYWAY = click.option(
    "--anyway", is_flag=True, help="Also for a symbol of which there is no prediction yet, or an arm that runs not yet."
)


def expect_seen(symbol: str, place: LogPlace, seen: Collection[str], anyway: bool) -> None:
    """Refuse a symbol that has no predictions although other symbols have some, unless the user insists.

    Args:
        symbol: that a command is about.
        place: partition of the symbol, with the event time 0 if it has no predictions.
        seen: symbols that have predictions; empty: nothing is refused.
        anyway: whether the user insists (`--anyway`).

    >>> expect_seen("BTCUSD", LogPlace(3, 0), {"ETHUSDT", "BTCUSDT"}, anyway=False)
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: expected a symbol of which there are predictions (BTCUSDT, ETHUSDT), was \
BTCUSD; fix: BTCUSDT, or --anyway if its ticks are still to come

    Raises:
        ConfigurationError: the symbol is refused; the message lists known symbols, and suggests similar ones.
    """
    if place.ts_event or anyway or not seen:
        return
    raise not_among("a symbol of which there are predictions", symbol, seen, "--anyway if its ticks are still to come")


def expect_running(arm: str, symbol: str, running: Collection[str]) -> None:
    """Refuse the name of a variant that does not run in shadow, where variants predict without being published.

    Args:
        arm: name of a variant that a command is about.
        symbol: symbol of the variant.
        running: names of the symbol's variants that run in shadow; empty: nothing is refused.

    >>> expect_running("bodl", "X", ["bold", "calm"])
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: expected an arm of X that runs (bold, calm), was bodl; fix: bold, \
or --anyway if it is about to be started

    Raises:
        ConfigurationError: the name is refused; the message lists the running variants, and suggests similar names.
    """
    if running and arm not in running:
        raise not_among(f"an arm of {symbol} that runs", arm, running, "--anyway if it is about to be started")
