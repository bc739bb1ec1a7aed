"""The experiment of the demo's story as tests play it: so many ticks of one kind, then of the other."""

from collections.abc import Iterator

from agents.demo.experiment_story import CONFIGURATION, NAME, SYMBOL, start
from schemas.ticks import Quote
from streams.sources.planted_signal import START_NS, PlantedMarket

START = start().dated(START_NS)
__all__ = ["CONFIGURATION", "NAME", "START", "SYMBOL", "planted_market"]


def planted_market(honest: int, sabotaged: int, seed: int = 7) -> Iterator[Quote]:
    """Quotes in which the imbalance of the book tells the next moves, then ones in which it tells the opposite."""
    market = PlantedMarket(SYMBOL, seed)
    for number in range(honest + sabotaged):
        market.inverted = number >= honest
        yield next(market)
