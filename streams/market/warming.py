"""Runs a world over past ticks of its symbol, so that an arm with this world need not start cold.

An arm is one of the variants of the pipeline that run side by side on a symbol. Its world is what it computes for
itself if it differs from its symbol in features, regime, strategies or costs.
"""

from collections.abc import Iterable

from msgspec import msgpack

from schemas.errors import ConfigurationError, Refused
from schemas.models import LARGEST_WORLD, WarmedWorld
from schemas.ticks import Quote, Trade
from streams.market.parameters import MarketParameters
from streams.market.pipeline import Pipeline
from streams.market.tick_checks import Validation
from streams.market.worlds import WorldState


def warmed(parameters: MarketParameters, ticks: Iterable[tuple[str, Quote | Trade]]) -> WarmedWorld:
    """Return the state that a world has after the given ticks if it starts before the first of them.

    Ticks that the market node would refuse are left out.

    Args:
        parameters: parameters of the symbol, with the arm's overrides in their place.
        ticks: id and record of each tick, in the order of the log.

    Raises:
        ConfigurationError: none of the ticks was accepted, or the state is too large for a record.
    """
    pipeline, check = Pipeline(parameters), Validation(parameters.validation).check
    state = pipeline.open()
    seen, until = 0, ""
    for tick_id, tick in ticks:
        try:
            check(tick)
            pipeline.take(state, tick, tick_id)
        except Refused:
            continue
        seen, until = seen + 1, tick_id
    if not seen:
        raise ConfigurationError("expected ticks of the symbol to warm the arm with, found none that is accepted")
    stored = msgpack.encode(WorldState(state.features, state.regime, state.strategies, state.ticks))
    if len(stored) > LARGEST_WORLD:
        raise ConfigurationError(
            f"expected features, regime and strategies whose state takes at most {LARGEST_WORLD:,} bytes, was "
            f"{len(stored):,}; fix: smaller windows, or start the arm without --warm"
        )
    return WarmedWorld(stored, pipeline.made_with, until, seen)
