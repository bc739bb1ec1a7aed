"""Synthetic markets with a known signal: the sizes of bid and ask predict the next moves of the price."""

from collections.abc import Iterator
from math import exp
from random import Random

from schemas.ticks import Quote

APART_NS = 10_000_000
RUN = 10
"""Quotes for which one side stays the heavier one."""

TOLD = 0.7
"""Share of the moves in the direction that the book predicts."""

START_NS = 1_704_067_200_000_000_000


class PlantedMarket(Iterator[Quote]):
    """An endless series of quotes, 10 ms apart, in which the side with the larger size predicts the moves of the price.

    A larger bid predicts a rise, a larger ask a fall; 7 of 10 moves agree with the prediction. Which side is the larger
    one is drawn anew every 10 quotes.

    Attributes:
        inverted: whether the price moves in the opposite direction; may be changed between quotes.

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


STEEPNESS = 3.0
"""Log-odds of a move when the whole book is on one side."""


class GradedMarket(Iterator[Quote]):
    """An endless series of quotes, 10 ms apart, in which the sizes determine the probability of a rise.

    The larger the bid size is, compared with the ask size, the more probable is a rise; with equal sizes, a
    rise and a fall are equally probable. So a model that uses both sizes can do better than a baseline that
    only asks which of them is larger.

    Attributes:
        inverted: whether moves go in the opposite direction; may be changed between quotes.

    >>> quote = next(GradedMarket("AAA", seed=7))
    >>> (quote.bid, round(quote.bid_size, 3), quote.ask, round(quote.ask_size, 3))
    (100.0, 1.331, 100.002, 2.669)
    """

    def __init__(self, symbol: str, seed: int) -> None:
        self.inverted = False
        self._symbol = symbol
        self._random = Random(seed)
        self._mid = 100_000
        self._imbalance = 0.0
        self._number = 0

    def __next__(self) -> Quote:
        random = self._random
        if not self._number % RUN:
            self._imbalance = random.uniform(-0.95, 0.95)
        told = STEEPNESS * (-self._imbalance if self.inverted else self._imbalance)
        self._mid += 1 if random.random() < 1.0 / (1.0 + exp(-told)) else -1
        bid, ask = 2.0 * (1.0 + self._imbalance), 2.0 * (1.0 - self._imbalance)
        at = START_NS + self._number * APART_NS
        self._number += 1
        return Quote(self._symbol, at, (self._mid - 1) / 1_000, bid, (self._mid + 1) / 1_000, ask)
