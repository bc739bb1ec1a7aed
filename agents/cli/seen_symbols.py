"""Commands for a symbol that nobody has seen: asked back, since a misspelt one would wait for its ticks for ever."""

from collections.abc import Collection

import click

from agents.cli.known_names import not_among
from agents.commands.commander import LogPlace

ANYWAY = click.option(
    "--anyway", is_flag=True, help="Also for a symbol of which there is no prediction yet, or an arm that runs not yet."
)


def expect_seen(symbol: str, place: LogPlace, seen: Collection[str], anyway: bool) -> None:
    """Ask back where there are predictions, and none of this symbol.

    Args:
        symbol: that a command is for.
        place: where it was found to live.
        seen: symbols of which there are records; none: nothing can be said.
        anyway: whether whoever asks is sure.

    >>> expect_seen("BTCUSD", LogPlace(3, 0), {"ETHUSDT", "BTCUSDT"}, anyway=False)
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: expected a symbol of which there are predictions (BTCUSDT, ETHUSDT), was \
BTCUSD; fix: BTCUSDT, or --anyway if its ticks are still to come

    Raises:
        ConfigurationError: with those that there are, and the one that was meant.
    """
    if place.ts_event or anyway or not seen:
        return
    raise not_among("a symbol of which there are predictions", symbol, seen, "--anyway if its ticks are still to come")


def expect_running(arm: str, symbol: str, running: Collection[str]) -> None:
    """Ask back where arms of a symbol run, and none of them has this name.

    Args:
        arm: that a command is for.
        symbol: its symbol.
        running: arms of the symbol that run beside the live one, as the registry of versions says; none: nothing can
            be said.

    >>> expect_running("bodl", "X", ["bold", "calm"])
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: expected an arm of X that runs (bold, calm), was bodl; fix: bold, \
or --anyway if it is about to be started

    Raises:
        ConfigurationError: with those that run, and the one that was meant.
    """
    if running and arm not in running:
        raise not_among(f"an arm of {symbol} that runs", arm, running, "--anyway if it is about to be started")
