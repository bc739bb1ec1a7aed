"""The market and the configuration of the experiment that the demo shows, for tests."""

from collections.abc import Iterator

from agents.demo.experiment_story import CONFIGURATION, NAME, SYMBOL, start
from schemas.ticks import Quote
from streams.sources.planted_signal import START_NS, PlantedMarket

START = start().dated(START_NS)
__all__ = ["CONFIGURATION", "NAME", "START", "SYMBOL", "planted_market"]


def planted_market(honest: int, sabotaged: int, seed: int = 7) -> Iterator[Quote]:
    """Quotes in which the imbalance of the book predicts the next moves, followed by ones in which it misleads.

    Args:
        honest: number of quotes of the first kind.
        sabotaged: number of quotes of the second kind.
        seed: seed of the market.
    """
    market = PlantedMarket(SYMBOL, seed)
    for number in range(honest + sabotaged):
        market.inverted = number >= honest
        yield next(market)
