"""Equity of one paper account or several at given event times, in bps of capital; gains are added, not compounded."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
Times = NDArray[np.int64]

SECOND = 1_000_000_000
INTERVALS = tuple(SECOND * seconds for seconds in (1, 5, 10, 30, 60, 300, 900, 1_800, 3_600, 14_400, 86_400))
"""Lengths that people know, 1 s to 1 d, ns."""

FEWEST = 60
"""Returns that an interval of `INTERVALS` should leave, so that a standard error means something."""


class Track(NamedTuple):
    """Records of one symbol's paper account as columns, in the order of time.

    Attributes:
        times: event times of the records, ns.
        mid: mid price at the record, quote currency.
        position: fraction of capital held after the record, below 0 for short.
        gross: gain so far before cost, bps of capital.
        cost: costs paid so far, bps of capital.
        turnover: how many times the capital was traded so far.
    """

    times: Times
    mid: Column
    position: Column
    gross: Column
    cost: Column
    turnover: Column


class MarkedPrices(NamedTuple):
    """Mid prices of one symbol as columns, in the order of time.

    Attributes:
        times: event times, ns.
        mid: mid price from each of these times on, quote currency.
    """

    times: Times
    mid: Column


class Curve(NamedTuple):
    """Mean equity of all accounts at some event times; all accounts have the same capital.

    Attributes:
        times: event times, ns.
        net, gross: equity after cost and before cost, bps of capital.
        cost: costs paid so far, bps of capital.
        turnover: how many times the capital was traded so far.
    """

    times: Times
    net: Column
    gross: Column
    cost: Column
    turnover: Column


def interval_of(span_ns: int) -> int:
    """Longest of the usual intervals (1 s to 1 day), ns, of which at least 60 fit into a span of `span_ns`.

    If no interval is short enough for that, it is one second.

    >>> [interval_of(span * SECOND) // SECOND for span in (20, 345, 86_400, 365 * 86_400)]
    [1, 5, 900, 86400]
    """
    return max((each for each in INTERVALS if span_ns // each >= FEWEST), default=INTERVALS[0])


def regular_moments(first_ns: int, last_ns: int, interval_ns: int) -> Times:
    """Regular event times from about `first_ns` to `last_ns`: multiples of `interval_ns` since 1970, ns.

    The first is the multiple at or before `first_ns`, the last the multiple at or before `last_ns`. Two runs over
    overlapping ticks therefore have event times in common, and an interval that has not ended is left out.

    >>> regular_moments(first_ns=12, last_ns=37, interval_ns=10).tolist()
    [10, 20, 30]
    """
    return np.arange(first_ns // interval_ns, last_ns // interval_ns + 1, dtype=np.int64) * interval_ns


def equity(tracks: Mapping[str, Track], prices: Mapping[str, MarkedPrices], moments: Times) -> Curve:
    """Mean equity of the accounts in `tracks` at each of `moments`.

    Between two records of an account the units that it holds are fixed, so its value is known whenever
    the price is known: `gross(t) = gross_r + position_r (mid(t) / mid_r - 1) 10^4` after record r. An
    account without prices keeps the value of its last record.

    Args:
        tracks: records of each account by symbol.
        prices: mid prices by symbol; symbols whose prices are not known are missing.
        moments: event times, ns, ascending.

    In the example the account is long with its whole capital at a mid price of 100. At time 30 the
    price is 101: the gain of 100 bps less the cost of 0.5 bps is 99.5 bps.

    >>> track = Track(*map(np.array, ([0, 60], [100.0, 102.0], [1.0, 0.0], [0.0, 200.0], [0.5, 1.0], [1.0, 2.0])))
    >>> prices = {"X": MarkedPrices(np.array([0, 29, 60]), np.array([100.0, 101.0, 102.0]))}
    >>> equity({"X": track}, prices, np.array([0, 30, 60])).net.round(9).tolist()
    [-0.5, 99.5, 199.0]
    """
    gross, cost, turnover = np.zeros((3, len(moments)))
    for symbol, track in tracks.items():
        record = np.searchsorted(track.times, moments, side="right") - 1
        begun = record >= 0
        at = record.clip(min=0)
        earned = track.gross[at]
        if (known := prices.get(symbol)) is not None and len(known.times):
            last = (np.searchsorted(known.times, moments, side="right") - 1).clip(min=0)
            moved = track.position[at] * (known.mid[last] / track.mid[at] - 1.0) * 1e4
            # A price that is not newer than the record is in it already.
            earned = earned + np.where(known.times[last] > track.times[at], moved, 0.0)
        gross += np.where(begun, earned, 0.0)
        cost += np.where(begun, track.cost[at], 0.0)
        turnover += np.where(begun, track.turnover[at], 0.0)
    count = max(1, len(tracks))
    return Curve(moments, (gross - cost) / count, gross / count, cost / count, turnover / count)


def at_every_moment(tracks: Mapping[str, Track], prices: Mapping[str, MarkedPrices]) -> Curve:
    """Mean equity of all accounts at every event time of a record or a price.

    The largest drawdown is found from it.

    Each symbol is valued at the times of its own records and prices only; the changes of all symbols
    are then added up in the order of time.

    Args:
        tracks: records of each account by symbol.
        prices: mid prices by symbol; symbols whose prices are not known are missing.

    In the example the account holds nothing after time 60, so the price at time 90 does not change its
    equity.

    >>> track = Track(*map(np.array, ([0, 60], [100.0, 102.0], [1.0, 0.0], [0.0, 200.0], [0.0, 0.0], [1.0, 2.0])))
    >>> found = at_every_moment({"X": track}, {"X": MarkedPrices(np.array([0, 29, 90]), np.array([100.0, 99.0, 7.0]))})
    >>> found.times.tolist(), found.net.round(9).tolist()
    ([0, 29, 60, 90], [0.0, -100.0, 200.0, 200.0])
    """
    own = []
    for symbol, track in tracks.items():
        known = prices.get(symbol)
        times = track.times if known is None else merged(track.times, known.times[known.times >= track.times[0]])
        own.append(equity({symbol: track}, prices, times))
    times = np.concatenate([each.times for each in own])
    order = np.argsort(times, kind="stable")
    times = times[order]
    last = _last_of_equal(times)
    gross, cost, turnover = (
        np.concatenate([np.diff(each[column], prepend=0.0) for each in own])[order].cumsum()[last] / len(own)
        for column in (2, 3, 4)
    )
    return Curve(times[last], gross - cost, gross, cost, turnover)


def merged(first: Times, second: Times) -> Times:
    """Times of two ascending sequences in one ascending sequence; times that are equal occur once.

    >>> merged(np.array([1, 5, 5]), np.array([2, 5])).tolist()
    [1, 2, 5]
    """
    times = np.sort(np.concatenate((first, second)), kind="stable")
    return times[_last_of_equal(times)]


def _last_of_equal(times: Times) -> NDArray[np.bool_]:
    return np.append(times[1:] != times[:-1], True)
