"""Errors about unknown symbols, variants and versions on the command line, which list known and similar names."""

from collections.abc import Collection

from agents.audit.known_symbols import known_symbols
from agents.config.settings import Settings
from schemas.errors import ConfigurationError
from streams.engine.configured import near

MOST_NAMED = 10


def not_among(what: str, name: str, known: Collection[str], otherwise: str) -> ConfigurationError:
    """Return the error about a name that is not known.

    Args:
        what: kind of name, for the message, such as `a version of BTCUSDT`.
        name: as the user gave it.
        known: all valid names; the message lists at most ten, and suggests similar ones.
        otherwise: what to do if no similar name was meant, for the message.

    >>> print(not_among("a symbol", "BTCUSD", known=["ETHUSDT", "BTCUSDT"], otherwise="publish ticks"))
    expected a symbol (BTCUSDT, ETHUSDT), was BTCUSD; fix: BTCUSDT, or publish ticks
    >>> print(not_among("a symbol", "X", known=[], otherwise="publish ticks"))
    expected a symbol (there is none), was X; fix: publish ticks
    """
    names = sorted(known)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    listed = ", ".join(names[:MOST_NAMED]) or "there is none"
    fixes = [" or ".join(near(name, names)), otherwise]
    fix = ", or ".join(filter(None, fixes))
    return ConfigurationError(f"expected {what} ({listed}{more}), was {name:.80}; fix: {fix}")


async def expect_known_symbol(settings: Settings, address: str, symbol: str) -> None:
    """Refuse a symbol that occurs on no topic.

    Called when nothing was found about the symbol, which may be misspelt.

    Args:
        settings: settings of the deployment.
        address: address of the cluster.
        symbol: symbol to look for.

    Raises:
        ConfigurationError: the symbol has neither a prediction nor a version; the message suggests similar
            symbols.
        EnvironmentProblem: no cluster answers.
    """
    known = await known_symbols(settings, address)
    if symbol not in known:
        what = "a symbol of which there are predictions, or versions"
        known_ones = "`tickloop models list` shows every symbol that is known"
        raise not_among(what, symbol, known, known_ones if known else "publish ticks, while workers run")
