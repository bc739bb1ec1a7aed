"""Depth and duration of the drawdowns of a paper account."""

from typing import NamedTuple

import numpy as np

from streams.reports.track_record.equity import Column, Times


class Drawdown(NamedTuple):
    """The deepest fall of the equity from a peak.

    Attributes:
        depth_bps: peak less trough, bps of capital; 0 if the equity never fell.
        peak_ns, trough_ns: event times of peak and trough, ns.
        recovered_ns: event time at which the peak was reached again, ns; None if it was not, or if nothing fell.
        longest_ns: longest time below a peak in the whole record, ns; it may belong to another fall. A fall that has
            not been recovered counts up to the end of the record.
    """

    depth_bps: float
    peak_ns: int
    trough_ns: int
    recovered_ns: int | None
    longest_ns: int


def below_peak(equity: Column) -> Column:
    """Distance of each value of `equity` below the highest value so far, bps; the start counts as a peak of 0.

    >>> below_peak(np.array([-1.0, 2.0, 0.5, 3.0])).tolist()
    [1.0, 0.0, 1.5, 0.0]
    """
    below: Column = np.maximum.accumulate(np.maximum(equity, 0.0)) - equity
    return below


def drawdown(times: Times, equity: Column) -> Drawdown:
    """The deepest fall of an equity curve; if several falls are equally deep, the first of them.

    `times` are the event times of the values of `equity`, ns; `equity` is in bps of capital.

    >>> drawdown(np.array([0, 1, 2, 3, 4]), np.array([0.0, 4.0, 1.0, 2.0, 5.0]))
    Drawdown(depth_bps=3.0, peak_ns=1, trough_ns=2, recovered_ns=4, longest_ns=3)
    """
    below = below_peak(equity)
    trough = int(np.argmax(below))
    depth = float(below[trough])
    if depth == 0.0:
        return Drawdown(0.0, int(times[0]), int(times[0]), None, 0)
    under = below > 0.0
    starts = np.flatnonzero(under & ~np.concatenate(([False], under[:-1])))
    ends = np.flatnonzero(~under & np.concatenate(([False], under[:-1])))
    from_peak = times[np.maximum(starts - 1, 0)]
    to_peak = np.append(times[ends], times[-1])[: len(starts)]
    fall = int(np.searchsorted(starts, trough, side="right")) - 1
    return Drawdown(
        depth_bps=depth,
        peak_ns=int(from_peak[fall]),
        trough_ns=int(times[trough]),
        recovered_ns=int(times[ends[fall]]) if fall < len(ends) else None,
        longest_ns=int((to_peak - from_peak).max()),
    )
