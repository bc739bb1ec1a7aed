"""A market with one thing to find: the heavier side of the book tells the next moves, until it tells the opposite."""

from collections.abc import Iterator
from random import Random

from schemas.ticks import Quote

APART_NS = 10_000_000
RUN = 10
"""Quotes for which one side stays the heavier one."""

TOLD = 0.7
"""Part of the moves that go where the book says."""

START_NS = 1_704_067_200_000_000_000


class PlantedMarket(Iterator[Quote]):
    """Quotes without an end, 10 ms apart.

    Attributes:
        inverted: whether the book tells the opposite from now on.

    >>> market = PlantedMarket("AAA", seed=7)
    >>> quote = next(market)
    >>> (quote.bid, quote.bid_size, quote.ask, quote.ask_size)
    (99.998, 3.0, 100.0, 1.0)
    """

    def __init__(self, symbol: str, seed: int) -> None:
        self.inverted = False
        self._symbol = symbol
        self._random = Random(seed)
        self._mid = 100_000
        self._heavy = 1
        self._number = 0

    def __next__(self) -> Quote:
        random = self._random
        if not self._number % RUN:
            self._heavy = random.choice((-1, 1))
        told = -self._heavy if self.inverted else self._heavy
        self._mid += told if random.random() < TOLD else -told
        bid, ask = (3.0, 1.0) if self._heavy > 0 else (1.0, 3.0)
        at = START_NS + self._number * APART_NS
        self._number += 1
        return Quote(self._symbol, at, (self._mid - 1) / 1_000, bid, (self._mid + 1) / 1_000, ask)
