"""Sums over the last n numbers without loss of digits."""

from dataclasses import dataclass
from math import fsum
from typing import Final

CANCELLATION: Final = 1e-8
"""If the sum after a removal is a smaller fraction of the removed number, half of its digits may be rounding error."""


@dataclass
class RollingWindow:
    """The last `len(values)` numbers and their sum; missing ones count as 0.

    Attributes:
        values: the numbers, a ring.
        at: place in the ring of the oldest, which the next one replaces.
        total: sum of `values`.
    """

    values: list[float]
    at: int = 0
    total: float = 0.0


def window(length: int) -> RollingWindow:
    """Window over the last `length` numbers, all 0 so far."""
    return RollingWindow([0.0] * length)


def push(window: RollingWindow, value: float) -> float:
    """Put `value` in the place of the oldest number and return the new sum.

    The running sum is replaced by a correctly rounded one at every turn of the ring and after a large cancellation,
    so its error neither grows with time nor depends on numbers that left the window long ago.

    >>> last = window(3)
    >>> [push(last, value) for value in (1.0, 2.0, 4.0, 8.0)]
    [1.0, 3.0, 7.0, 14.0]
    >>> spike = window(2)
    >>> [push(spike, value) for value in (1e16, 0.1, 0.2)][-1]
    0.30000000000000004
    """
    values = window.values
    at = window.at
    old = values[at]
    total = window.total + (value - old)
    values[at] = value
    at += 1
    if at == len(values):
        at = 0
        total = fsum(values)
    elif old and abs(total) < CANCELLATION * abs(old):
        total = fsum(values)
    window.at = at
    window.total = total
    return total
