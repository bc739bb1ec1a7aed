"""The paper account over all symbols: sums of their accounts along event time."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Column = NDArray[np.float64]


class Total(Struct, frozen=True, eq=False):
    """Sums over symbols, one row for each event time at which something was recorded.

    Every symbol has a capital of its own, so amounts are in bps of one symbol's capital: divided by the number of
    symbols they are in bps of all capital.

    Attributes:
        symbols: number of symbols.
        ts_event: event times, ns, growing.
        gross_bps, cost_bps, net_bps, turnover: sums of the symbols' last records at that time.
        exposure: sum of the absolute positions, fractions of one symbol's capital.
        peak_bps: highest sum of the net so far, 0 at the start.
        drawdown_bps: peak less net.
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
    """Sum of the last marks of all symbols at each event time.

    Args:
        symbols, ts_event, gross_bps, cost_bps, turnover, position: fields of the records; those of one symbol in their
            order, symbols interleaved in any way: it makes no difference.

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
