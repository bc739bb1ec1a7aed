"""Rolling sums over the last n numbers of a series, or over the last W of event time.

Neither has a rounding error that grows with time, nor a state that grows with the number of ticks.
"""

from dataclasses import dataclass
from math import fsum
from typing import Final

from streams.market.features.over_time import BUCKETS, EVER, bucket_width
from streams.market.features.windows import Window

CANCELLATION: Final = 1e-8
"""If the sum after a removal is a smaller fraction of the removed number, half of its digits may be rounding error."""


@dataclass
class RollingWindow:
    """The last `len(values)` numbers of a series, and their sum; places not filled yet hold 0.

    In a window over event time each of the numbers is itself a sum: that of one bucket, a 32nd part of the window.

    Attributes:
        values: the numbers, in a ring buffer.
        at: index of the oldest number, which the next number replaces; over event time instead the number of the
            newest bucket, which is its beginning divided by its width, and whose index is the remainder by the length
            of the ring buffer.
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


def move_on(window: RollingWindow, bucket: int) -> None:
    """Empty the buckets of a window over event time that are too old once `bucket` is the newest one.

    The sum is computed anew as in `push`: once a round of the ring buffer, and when most of its digits cancel.

    Args:
        window: the window, which is changed.
        bucket: number of the bucket of now; if it is before the newest one so far, nothing changes.
    """
    last = window.at
    if bucket <= last:
        return
    values = window.values
    length = len(values)
    window.at = bucket
    if bucket - last >= length:
        window.values = [0.0] * length
        window.total = 0.0
        return
    total = window.total
    largest = 0.0
    for each in range(last + 1, bucket + 1):
        index = each % length
        old = values[index]
        if old:
            values[index] = 0.0
            total -= old
            largest = max(largest, abs(old))
    if bucket // length > last // length or (largest and abs(total) < CANCELLATION * largest):
        total = fsum(values)
    window.total = total


class Rolling:
    """Sums the last numbers of a series: a given number of them, or those of a given duration of event time.

    A sum over a duration W has all numbers of the last W, and may have some that are older by up to a 32nd of W: the
    state keeps 33 sums of 32nd parts, however many numbers come, and drops the oldest part once all of it is too old.

    Args:
        window: what to sum over.

    >>> rolling = Rolling(Window(3_200, False))  # buckets of 100 ns
    >>> state = rolling.start()
    >>> [rolling.add(state, at, value) for at, value in ((1_050, 1.0), (1_060, 2.0), (4_299, 4.0), (4_300, 8.0))]
    [1.0, 3.0, 7.0, 12.0]
    >>> rolling.sum_at(state, 7_599), rolling.covered(state, 7_599)
    (8.0, 3299)
    >>> rolling.sum_at(state, 10_000)
    0.0
    """

    def __init__(self, window: Window) -> None:
        self._length, self._counted = window
        self._width = bucket_width(window.span)

    def start(self) -> RollingWindow:
        """Return the state before the first number."""
        if self._counted:
            return window(self._length)
        return RollingWindow([0.0] * (BUCKETS + 1), EVER, 0.0)

    def add(self, state: RollingWindow, ts_event: int, value: float) -> float:
        """Add a number to the series; return the new sum.

        Args:
            state: the state, which is changed.
            ts_event: event time of the number, ns; if it is before that of an earlier one, that one's counts.
            value: the number.
        """
        if self._counted:
            return push(state, value)
        move_on(state, ts_event // self._width)
        values = state.values
        index = state.at % len(values)
        values[index] += value
        state.total = total = state.total + value
        return total

    def sum_at(self, state: RollingWindow, ts_event: int) -> float:
        """Return the sum as of `ts_event`, a time at which no number comes.

        Args:
            state: the state; if the window is a duration, numbers that have become too old are dropped from it.
            ts_event: event time, ns.
        """
        if not self._counted:
            move_on(state, ts_event // self._width)
        return state.total

    def covered(self, state: RollingWindow, ts_event: int) -> int:
        """Return how much event time the sum covers, ns: the duration of the window, and up to a 32nd more.

        Args:
            state: the state of a window over a duration, which has a number or was asked for its sum.
            ts_event: event time of now, ns.
        """
        newest = state.at * self._width
        return (ts_event if ts_event > newest else newest) - newest + BUCKETS * self._width
