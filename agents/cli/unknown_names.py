"""Symbols, arms and versions on the command line that nobody knows: an error with the known ones and the nearest."""

from collections.abc import Collection

from agents.audit.known_symbols import known_symbols
from agents.config.settings import Settings
from schemas.errors import ConfigurationError
from streams.engine.configured import near

MOST_NAMED = 10


def not_among(what: str, name: str, known: Collection[str], otherwise: str) -> ConfigurationError:
    """The error about a name that is none of the known ones.

    Args:
        what: kind of name, for people: `a version of BTCUSDT`.
        name: as it was given.
        known: all valid names.
        otherwise: what to do if no similar name was meant.

    >>> print(not_among("a symbol", "BTCUSD", ["ETHUSDT", "BTCUSDT"], "publish ticks"))
    expected a symbol (BTCUSDT, ETHUSDT), was BTCUSD; fix: BTCUSDT, or publish ticks
    >>> print(not_among("a symbol", "X", [], "publish ticks"))
    expected a symbol (there is none), was X; fix: publish ticks
    """
    names = sorted(known)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    listed = ", ".join(names[:MOST_NAMED]) or "there is none"
    fixes = [" or ".join(near(name, names)), otherwise]
    fix = ", or ".join(filter(None, fixes))
    return ConfigurationError(f"expected {what} ({listed}{more}), was {name:.80}; fix: {fix}")


async def expect_known_symbol(settings: Settings, address: str, symbol: str) -> None:
    """Where nothing was found of a symbol, raise an error if the topics do not know the symbol at all.

    Args:
        settings: of the topics.
        address: of the cluster.
        symbol: of which nothing was found.

    Raises:
        ConfigurationError: neither a prediction nor a version of it was found.
        EnvironmentProblem: no cluster answers.
    """
    known = await known_symbols(settings, address)
    if symbol not in known:
        what = "a symbol of which there are predictions, or versions"
        known_ones = "`tickloop models list` shows every symbol that is known"
        raise not_among(what, symbol, known, known_ones if known else "publish ticks, while workers run")
