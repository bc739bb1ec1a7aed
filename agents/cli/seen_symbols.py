"""Commands for a symbol that nobody has seen: asked back, since a misspelt one would wait for its ticks for ever."""

from collections.abc import Collection

import click

from agents.clients.commander import Place
from schemas.errors import ConfigurationError
from streams.configured import nearest

ANYWAY = click.option("--anyway", is_flag=True, help="Also for a symbol of which there is no prediction yet.")
MOST_NAMED = 10


def expect_seen(symbol: str, place: Place, seen: Collection[str], anyway: bool) -> None:
    """Ask back where there are predictions, and none of this symbol.

    Args:
        symbol: that a command is for.
        place: where it was found to live.
        seen: symbols of which there are records; none: nothing can be said.
        anyway: whether whoever asks is sure.

    >>> expect_seen("BTCUSD", Place(3, 0), {"ETHUSDT", "BTCUSDT"}, anyway=False)
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: expected a symbol of which there are predictions (BTCUSDT, ETHUSDT), was \
BTCUSD; fix: BTCUSDT, or --anyway if its ticks are still to come

    Raises:
        ConfigurationError: with those that there are, and the one that was meant.
    """
    if place.ts_event or anyway or not seen:
        return
    names = sorted(seen)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    meant = nearest(symbol, names)
    raise ConfigurationError(
        f"expected a symbol of which there are predictions ({', '.join(names[:MOST_NAMED])}{more}), was {symbol:.80}; "
        f"fix: {f'{meant}, or ' if meant else ''}--anyway if its ticks are still to come"
    )
