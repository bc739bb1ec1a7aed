"""Rolling sums over the last n numbers of a series, without a rounding error that grows with time."""

from dataclasses import dataclass
from math import fsum
from typing import Final

CANCELLATION: Final = 1e-8
"""If the sum after a removal is a smaller fraction of the removed number, half of its digits may be rounding error."""


@dataclass
class RollingWindow:
    """The last `len(values)` numbers of a series, and their sum; places not filled yet hold 0.

    Attributes:
        values: the numbers, in a ring buffer.
        at: index of the oldest number, which the next number replaces.
        total: sum of `values`.
    """

    values: list[float]
    at: int = 0
    total: float = 0.0


def window(length: int) -> RollingWindow:
    """Return a window over the last `length` numbers, all of them 0 so far."""
    return RollingWindow([0.0] * length)


def push(window: RollingWindow, value: float) -> float:
    """Replace the oldest number in the window by `value` and return the new sum.

    The sum is updated by the difference of the new and the old number, which adds rounding errors. So the
    sum is computed anew from all numbers, correctly rounded, in two cases: each time the ring buffer has
    been filled once more, and when the number that leaves was so large that most digits of the sum cancel.

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
