"""Refuses a command for an unknown symbol or arm unless confirmed: a misspelt one would wait for ticks for ever."""

from collections.abc import Collection

import click

from agents.cli.unknown_names import not_among
from agents.commands.commander import LogPlace

ANYWAY = click.option(
    "--anyway", is_flag=True, help="Also for a symbol of which there is no prediction yet, or an arm that runs not yet."
)


def expect_seen(symbol: str, place: LogPlace, seen: Collection[str], anyway: bool) -> None:
    """Refuse a symbol without predictions where other symbols have some, unless confirmed.

    Args:
        symbol: that a command is for.
        place: partition of the symbol.
        seen: symbols with records; empty: no check is possible.
        anyway: whether the user confirmed.

    >>> expect_seen("BTCUSD", LogPlace(3, 0), {"ETHUSDT", "BTCUSDT"}, anyway=False)
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: expected a symbol of which there are predictions (BTCUSDT, ETHUSDT), was \
BTCUSD; fix: BTCUSDT, or --anyway if its ticks are still to come

    Raises:
        ConfigurationError: names the known symbols, and a similar one.
    """
    if place.ts_event or anyway or not seen:
        return
    raise not_among("a symbol of which there are predictions", symbol, seen, "--anyway if its ticks are still to come")


def expect_running(arm: str, symbol: str, running: Collection[str]) -> None:
    """Refuse a command for an arm that does not run, since its name may be misspelt.

    It is let through if no arm of the symbol runs in shadow; the command line skips this check at `--anyway`.

    Args:
        arm: that a command is for.
        symbol: its symbol.
        running: arms of the symbol that run beside the live one, by the registry of versions; empty: no check is
            possible.

    >>> expect_running("bodl", "X", ["bold", "calm"])
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: expected an arm of X that runs (bold, calm), was bodl; fix: bold, \
or --anyway if it is about to be started

    Raises:
        ConfigurationError: names the running arms, and a similar one.
    """
    if running and arm not in running:
        raise not_among(f"an arm of {symbol} that runs", arm, running, "--anyway if it is about to be started")
