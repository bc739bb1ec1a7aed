"""Sums of the paper (simulated) accounts of all symbols, at each event time."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Column = NDArray[np.float64]


class Total(Struct, frozen=True, eq=False):
    """Sums of the paper accounts of all symbols, with one row for each event time at which an account was recorded.

    Every symbol has a capital of its own, and amounts are in bps of one symbol's capital. Divided by the number of
    symbols, they are in bps of the whole capital.

    Attributes:
        symbols: number of symbols.
        ts_event: event times, ns since 1970, UTC, increasing.
        gross_bps, cost_bps, turnover: sums of these fields over all symbols; each symbol counts with its last record up
            to that event time.
        net_bps: `gross_bps` less `cost_bps`.
        exposure: sum of the absolute positions, fractions of one symbol's capital.
        peak_bps: highest `net_bps` so far, at least 0.
        drawdown_bps: `peak_bps` less `net_bps`.
    """

    symbols: int
    ts_event: NDArray[np.int64]
    gross_bps: Column
    cost_bps: Column
    net_bps: Column
    turnover: Column
    exposure: Column
    peak_bps: Column
    drawdown_bps: Column


def total(
    symbols: Sequence[str] | NDArray[np.object_],
    ts_event: NDArray[np.int64],
    gross_bps: Column,
    cost_bps: Column,
    turnover: Column,
    position: Column,
) -> Total:
    """Add up the accounts of all symbols at each event time; each symbol counts with its last record up to then.

    Args:
        symbols, ts_event, gross_bps, cost_bps, turnover, position: columns of the account records. Records
            of one symbol are in the order in which they were written; those of different symbols may be
            interleaved in any way.

    In this example gross return and cost are equal in each record, so the net return is 0. At the second
    event time, symbol A counts with its second record (2) and B with its only one (4):

    >>> summed = total(["A", "B", "A"], np.array([1, 2, 2]), *(np.array([1.0, 4.0, 2.0]) for _ in range(4)))
    >>> summed.ts_event.tolist(), summed.gross_bps.tolist(), summed.net_bps.tolist(), summed.exposure.tolist()
    ([1, 2], [1.0, 6.0], [0.0, 0.0], [1.0, 6.0])
    """
    names, codes = np.unique(np.asarray(symbols, dtype=np.str_), return_inverse=True)
    order = np.lexsort((codes, ts_event))  # stable: records of one symbol at one time stay in order
    codes, times = codes[order], ts_event[order]
    last_of_time = np.append(times[1:] != times[:-1], True) if len(times) else np.zeros(0, dtype=np.bool_)
    gross, cost, turned, exposed = (
        _summed(column[order], codes, len(names))[last_of_time]
        for column in (gross_bps, cost_bps, turnover, np.abs(position))
    )
    net = gross - cost
    peak = np.maximum.accumulate(np.maximum(net, 0.0))
    return Total(len(names), times[last_of_time], gross, cost, net, turned, exposed, peak, peak - net)


def _summed(column: Column, codes: NDArray[np.intp], symbols: int) -> Column:
    """After each row, the sum over symbols of their last values."""
    last = [0.0] * symbols
    running, sums = 0.0, np.empty(len(column))
    for at, (code, value) in enumerate(zip(codes.tolist(), column.tolist(), strict=True)):
        running += value - last[code]
        last[code] = value
        sums[at] = running
    return sums
