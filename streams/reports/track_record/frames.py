"""Columns of the DataFrames of a run, as NumPy arrays."""

import numpy as np
import pandas as pd

from streams.reports.track_record.equity import MarkedPrices, Times, Track


def nanoseconds(column: "pd.Series[pd.Timestamp] | pd.Series[int]") -> Times:
    """Event times in ns since 1970, from a column of UTC timestamps of any resolution, or of integers in ns.

    >>> nanoseconds(pd.Series(pd.to_datetime([1_500], unit="ms", utc=True))).tolist()
    [1500000000]
    >>> nanoseconds(pd.Series([7])).tolist()
    [7]
    """
    if pd.api.types.is_integer_dtype(column.dtype):
        return np.asarray(column, dtype=np.int64)
    moments: Times = pd.to_datetime(column, utc=True).dt.tz_localize(None).to_numpy("datetime64[ns]").astype(np.int64)
    return moments


def tracks(account: pd.DataFrame) -> dict[str, Track]:
    """Dict from each symbol, in alphabetical order, to the records of its paper account.

    >>> account = pd.DataFrame({"symbol": ["B", "A"], "ts_event": [1, 2], "mid": 9.0, "position": 0.0})
    >>> account[["gross_bps", "cost_bps", "turnover"]] = 0.0
    >>> list(tracks(account))
    ['A', 'B']
    """
    return {
        str(symbol): Track(
            nanoseconds(group["ts_event"]),
            *(group[name].to_numpy(float) for name in ("mid", "position", "gross_bps", "cost_bps", "turnover")),
        )
        for symbol, group in account.groupby("symbol", sort=True)
    }


def prices(predictions: pd.DataFrame) -> dict[str, MarkedPrices]:
    """Mid prices by symbol, from the table of predictions of a run.

    >>> prices(pd.DataFrame({"symbol": ["A"], "ts_event": [2], "mid": [9.5]}))["A"].mid.tolist()
    [9.5]
    """
    return {
        str(symbol): MarkedPrices(nanoseconds(group["ts_event"]), group["mid"].to_numpy(float))
        for symbol, group in predictions.groupby("symbol", sort=True)
    }
