"""Results by calendar: one row for each minute, hour, day or month, depending on how long the record is."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from streams.reports.track_record.equity import Curve, Times

UNITS = (("month", "M", 62 * 86_400), ("day", "D", 2 * 86_400), ("hour", "h", 2 * 3_600), ("minute", "min", 0))
"""Name, pandas' name, and the span in seconds from which a row is that long."""


class Period(NamedTuple):
    """Result of one calendar period (a minute, hour, day or month).

    Attributes:
        name: start of the period, UTC.
        net_bps, gross_bps: gained in the period after cost and before cost, bps of capital.
        worst_bps: deepest fall within the period from a peak within it, after cost, bps of capital.
    """

    name: str
    net_bps: float
    gross_bps: float
    worst_bps: float


def unit_of(span_ns: int) -> str:
    """Longest unit (month, day, hour or minute) of which a record of `span_ns` covers at least two; the minute if none.

    >>> [unit_of(span * 10**9) for span in (345, 23_400, 5 * 86_400, 400 * 86_400)]
    ['minute', 'hour', 'day', 'month']
    """
    return next(name for name, _, least in UNITS if span_ns >= least * 1_000_000_000)


def periods(curve: Curve) -> list[Period]:
    """Results of each calendar period in the order of time, from an equity curve at regular times.

    The gain between two neighbouring times of the curve counts in the period of the first of the two.

    >>> times, net = np.arange(0, 181, 30) * 10**9, np.array([0.0, 1.0, 3.0, 2.0, 2.0, 4.0, 4.0])
    >>> rows = periods(Curve(times, net, gross=net + 1.0, cost=net, turnover=net))
    >>> [(row.name, row.net_bps, row.worst_bps) for row in rows]
    [('1970-01-01 00:00', 3.0, 0.0), ('1970-01-01 00:01', -1.0, 1.0), ('1970-01-01 00:02', 2.0, 0.0)]
    """
    # One nanosecond earlier: the moment at the end of an interval is the beginning of the next period.
    within = pd.to_datetime(curve.times[1:] - 1).to_period(_frequency(curve))
    frame = pd.DataFrame({"net": np.diff(curve.net), "gross": np.diff(curve.gross)})
    rows = []
    for start, group in frame.groupby(within, sort=True):
        path = group["net"].cumsum()
        worst = float((path.cummax().clip(lower=0.0) - path).max())
        rows.append(Period(_name(start), float(group["net"].sum()), float(group["gross"].sum()), worst))
    return rows


def periods_of(curve: Curve, times: Times) -> set[str]:
    """Names of the periods of `periods(curve)` in which the event times `times`, ns, lie.

    >>> curve = Curve(np.arange(0, 181, 30) * 10**9, *4 * [np.zeros(7)])
    >>> sorted(periods_of(curve, np.array([5, 65]) * 10**9))
    ['1970-01-01 00:00', '1970-01-01 00:01']
    """
    return {_name(start) for start in pd.to_datetime(times).to_period(_frequency(curve)).unique()}


def _frequency(curve: Curve) -> str:
    unit = unit_of(int(curve.times[-1] - curve.times[0]))
    return next(short for name, short, _ in UNITS if name == unit)


def _name(start: object) -> str:
    return str(start)[:16]  # an hour is written with its minutes
