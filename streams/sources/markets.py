"""Recognises columns that name markets, such as BTC and ETH: prices are similar in rows with the same word."""

from collections.abc import Sequence
from itertools import pairwise
from math import log
from statistics import median_low

from streams.sources.times import FEW

FARTHEST = 1.1
"""Factor between the prices of two runs of rows, one after the other, from which they are two markets."""

FARTHEST_OF_MANY = 1.02
"""Factor between the prices of two words that alternate, from which they are two markets."""

QUIETER, QUIETER_OF_MANY = 10.0, 3.0
"""Factor by which price steps within one word must be smaller than those between words."""


def are_apart(words: Sequence[str], prices: Sequence[float]) -> bool:
    """Whether the words of a column name different markets: prices jump where the word changes, and hardly elsewhere.

    In a column of sides, venues or conditions, prices do not jump where the word changes. Rows without a word, or
    without a price above 0, are left out.

    Args:
        words: cells of the column, row by row.
        prices: price of each row.

    >>> are_apart(["BTC", "ETH", "BTC", "ETH", "BTC", "ETH"], [61_800, 2_600, 61_801, 2_601, 61_799, 2_600])
    True
    >>> are_apart(["B", "S", "B", "S", "B", "S"], [100.1, 100.0, 100.1, 100.0, 100.2, 100.1])
    False
    >>> are_apart(["2023"] * 5 + ["2024"] * 5, [10, 12, 14, 16, 18, 20, 22, 24, 26, 28])
    False
    """
    rows = [(word, log(price)) for word, price in zip(words, prices, strict=True) if word and price > 0]
    across = [abs(later - earlier) for (one, earlier), (other, later) in pairwise(rows) if one != other]
    last: dict[str, float] = {}
    own: list[float] = []
    for word, price in rows:
        if word in last:
            own.append(abs(price - last[word]))
        last[word] = price
    if not across or len(own) < FEW:
        return False
    usual, largest = median_low(across), sorted(own)[9 * (len(own) - 1) // 10]
    if len(across) == 1:
        return usual > log(FARTHEST) and usual > QUIETER * largest
    return usual > log(FARTHEST_OF_MANY) and usual > QUIETER_OF_MANY * largest
