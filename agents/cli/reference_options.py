"""The options `--reference` and `--reference-delay`: symbols whose last state the features of all others look at."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import click
from msgspec.structs import replace

from agents.cli.horizon import nanoseconds
from agents.config.settings import config_table
from schemas.errors import ConfigurationError
from streams.engine.configured import nearest
from streams.market.parameters import EVERYWHERE, MarketParameters
from streams.parameters import Parameters, load_parameters

reference_option = click.option(
    "--reference",
    "references",
    multiple=True,
    metavar="SYMBOL",
    help="A symbol that the features of all others look at; may be repeated. Else [references] of the parameters.",
)

reference_delay_option = click.option(
    "--reference-delay",
    metavar="5ms|...",
    help="By how much ticks of a reference must be older than the tick that looks at them  [default: 0]",
)


def with_references(parameters: Parameters, references: Sequence[str], delay: str | None = None) -> Parameters:
    """Return the parameters with further references for every symbol, and with a delay of all references.

    Args:
        parameters: parameters of the configuration.
        references: symbols that the features of all others look at.
        delay: by how much their ticks must be older to be seen, such as `5ms`; None: as the parameters say.

    Raises:
        ConfigurationError: the delay is no duration, or too long; or there are too many references.
    """
    if references:
        found = load_parameters({"references": {each: [EVERYWHERE] for each in references}})  # checks the symbols
        parameters = parameters.referring(dict.fromkeys(found.references, (EVERYWHERE,))).spelled_out()
    if delay is None:
        return parameters
    delay_ns = nanoseconds(delay, "--reference-delay")
    load_parameters({"market": {"features": {"references": {"delay_ns": delay_ns}}}})

    def delayed(market: MarketParameters) -> MarketParameters:
        seen = replace(market.features.references, delay_ns=delay_ns)
        return replace(market, features=replace(market.features, references=seen))

    symbols = {symbol: delayed(own) for symbol, own in parameters.symbols.items()}
    return replace(parameters, market=delayed(parameters.market), symbols=symbols)


def unseen(summary: Mapping[str, Any], parameters: Parameters) -> str:
    """Return a sentence about references of which a backtest had no tick; empty if there are none.

    Args:
        summary: content of the backtest's summary.json.
        parameters: parameters of the backtest.

    >>> parameters = load_parameters({"references": {"SPX": ["*"]}})
    >>> unseen({"symbols": ["IBM", "SPY"]}, parameters)
    'no tick of the reference SPX came, so its features were 0 throughout; fix: SPY'
    >>> unseen({"symbols": ["IBM", "SPX"]}, parameters)
    ''
    """
    missing = [each for each in parameters.references if each not in summary["symbols"]]
    if not missing:
        return ""
    named = ", ".join(missing)
    fix = nearest(missing[0], summary["symbols"], "name its file, too")
    return f"no tick of the reference {named} came, so its features were 0 throughout; fix: {fix}"


def references_of(references: Sequence[str], environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the references that are given, and those of the configuration file; no plug-in is loaded.

    Args:
        references: symbols given as options.
        environment: variables of the process, which may name the file as `TICKLOOP_CONFIG`.

    Raises:
        ConfigurationError: the file or its references are invalid.
    """
    table = config_table(environment)
    named = load_parameters({"references": table.get("references", {})}).references
    listed = [_listed(table), *map(_listed, _tables(table.get("symbols")))]
    given = load_parameters({"references": {each: [EVERYWHERE] for each in references}}).references
    return tuple(dict.fromkeys((*given, *named, *(symbol for of in listed for symbol in of))))


def _listed(table: object) -> tuple[str, ...]:
    """The list `of` of `[market.features.references]`, within a whole configuration or that of a symbol."""
    for name in ("market", "features", "references"):
        table = table.get(name, {}) if isinstance(table, Mapping) else {}
    if not isinstance(table, Mapping):
        raise ConfigurationError(f"[market.features.references]: expected a table, was {table!r:.80}")
    return load_parameters({"market": {"features": {"references": {"of": table.get("of", [])}}}}).references


def _tables(symbols: object) -> list[object]:
    return list(symbols.values()) if isinstance(symbols, Mapping) else []
