"""The option `--horizon`, how far ahead to predict, and warnings if no price can move within it."""

import re
from collections.abc import Mapping, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from agents.config.settings import config_table
from agents.process.printable import printable
from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.parameters import Parameters, load_parameters
from streams.sources.columns import Columns
from streams.sources.damaged_files import BrokenFile
from streams.sources.files import TickFile
from streams.sources.times import FEW

NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3_600 * 10**9, "d": 86_400 * 10**9}

LOOKED_AT = 500
"""First ticks of each file, from which the distance between ticks is measured."""

horizon_option = click.option("--horizon", metavar="500ms|60s|...", help="How far ahead; else that of the parameters.")


def with_horizon(parameters: Parameters, horizon: str | None) -> Parameters:
    """Return the parameters with this horizon (how far ahead to predict) for every symbol.

    Args:
        parameters: parameters of the configuration; returned unchanged if `horizon` is None.
        horizon: duration such as `500ms`.

    Raises:
        ConfigurationError: the horizon is no duration.
    """
    if horizon is None:
        return parameters
    horizon_ns = nanoseconds(horizon)
    return replace(
        parameters,
        market=replace(parameters.market, horizon_ns=horizon_ns),
        symbols={symbol: replace(own, horizon_ns=horizon_ns) for symbol, own in parameters.symbols.items()},
    )


def horizons_of(environment: Mapping[str, str]) -> Parameters:
    """Return the default parameters, except for the horizons, which come from the configuration file.

    A horizon says how far ahead to predict. No other part of the file is used, and no plug-in is loaded.

    Args:
        environment: variables of the process, which may name the file as `TICKLOOP_CONFIG`.

    Raises:
        ConfigurationError: the file or a horizon in it is invalid.
    """
    table = config_table(environment)
    symbols = table.get("symbols", {})
    of_symbols = symbols.items() if isinstance(symbols, dict) else ()
    own = {name: of for name, each in of_symbols if isinstance(each, dict) and (of := _horizon(each))}
    return load_parameters(_horizon(table) | ({"symbols": own} if own else {}))


def _horizon(table: Mapping[str, Any]) -> dict[str, Any]:
    market = table.get("market")
    has_one = isinstance(market, dict) and "horizon_ns" in market
    return {"market": {"horizon_ns": market["horizon_ns"]}} if has_one and isinstance(market, dict) else {}


def nanoseconds(text: str, option: str = "--horizon") -> int:
    """Return the nanoseconds of a duration such as `500ms`; units are ns, us, ms, s, m, h and d.

    Args:
        text: the duration.
        option: option that it was given by, for the error.

    >>> nanoseconds("500ms"), nanoseconds("1.5s"), nanoseconds("1d") == 86_400 * 10**9
    (500000000, 1500000000, True)

    Raises:
        ConfigurationError: the text is no duration, or not above 0.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(ns|us|ms|s|m|h|d)", text)
    duration = round(float(found[1]) * NANOSECONDS[found[2]]) if found else 0
    if duration <= 0:
        raise ConfigurationError(f"{option}: expected a duration such as 500ms, 60s, 5m or 1d, was {text!r}")
    return duration


def duration(ns: int) -> str:
    """Return a number of nanoseconds as text that `--horizon` accepts.

    >>> duration(500_000_000), duration(60 * 10**9), duration(86_400 * 10**9), duration(1_500_000_000)
    ('0.5s', '60s', '1d', '1.5s')
    """
    if ns < 10**6:
        return f"{ns / 10**3:g}us"
    if ns < 10**8:
        return f"{ns / 10**6:g}ms"
    if ns % NANOSECONDS["d"] == 0:
        return f"{ns // NANOSECONDS['d']}d"
    return f"{ns / 10**9:.12g}s"


def nearest(files: Sequence[str], columns: Columns) -> Mapping[str, int]:
    """Return by symbol the smallest time between two ticks, ns, among the first 500 ticks of each file.

    Symbols with too few ticks to tell are left out, as are pipes and unreadable files.

    Args:
        files: paths of the files.
        columns: how their rows become ticks.
    """
    times: dict[str, list[int]] = {}
    for name in files:
        if not Path(name).is_file():
            continue
        try:
            for tick in islice(TickFile(name, columns).unsorted(), LOOKED_AT):
                if isinstance(tick, Quote | Trade):
                    times.setdefault(tick.symbol, []).append(tick.ts_event)
        except BrokenFile:
            continue
    found = {}
    for symbol, each in times.items():
        distances = [later - earlier for earlier, later in pairwise(sorted(each)) if later > earlier]
        if len(distances) >= FEW:
            found[symbol] = min(distances)
    return found


def say_what_cannot_move(
    files: Sequence[str], columns: Columns, parameters: Sequence[Parameters], fix: str = "--horizon {longer}, or"
) -> None:
    """Warn of each symbol whose ticks are further apart than its horizon: its price never moves within the horizon.

    Args:
        files: paths of the files to be read; pipes are left out.
        columns: how their rows become ticks.
        parameters: each with its own horizons; a warning for each is printed on standard error.
        fix: first half of the advice in the warning; the second half is a value for the parameter
            `horizon_ns`. `{longer}` is replaced by a duration that is long enough.
    """
    apart = nearest(files, columns) if any(Path(name).is_file() for name in files) else {}
    for each in parameters:
        short = {symbol: ns for symbol, ns in apart.items() if ns > each.for_symbol(symbol).horizon_ns}
        if not short:
            continue
        symbol, ns = min(short.items(), key=lambda item: item[1])
        others = f" and {len(short) - 1} other symbols" if short.keys() - {symbol} else ""
        horizon = each.for_symbol(symbol).horizon_ns
        said = (
            f"{symbol}{others}: ticks are at least {duration(ns)} apart and the horizon is {duration(horizon)}, so no "
            f"outcome can move; fix: {fix.format(longer=duration(max(short.values())))} horizon_ns = "
            f"{max(short.values()):_} under [market] of tickloop.toml"
        )
        click.secho(printable(said), fg="yellow", err=True)


def unmoved(summary: Mapping[str, Any], parameters: Parameters) -> str:
    """Return a sentence that says why a backtest has no skill score; empty if it has one.

    Args:
        summary: content of the backtest's summary.json.
        parameters: parameters of the backtest.
    """
    if summary["skill"] is not None:
        return ""
    outcomes, horizon = summary["counts"]["outcomes"], duration(parameters.market.horizon_ns)
    if outcomes:
        return f"no skill: none of {outcomes:,} outcomes moved within the horizon of {horizon}; fix: a longer --horizon"
    warmup = parameters.market.warmup_ticks
    return (
        f"no skill: no prediction met its outcome; of each symbol the first {warmup:,} ticks warm up, and an outcome "
        f"takes {horizon}; fix: more ticks, [market] warmup_ticks, or another --horizon"
    )
