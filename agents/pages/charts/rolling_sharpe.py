"""Chart of the Sharpe ratio over a moving window, with its 95 % interval."""

import numpy as np
import pandas as pd
from plotly import graph_objects as go

from agents.pages import drawing, palette
from agents.pages.insufficient_data import NotEnough
from agents.pages.thinning import kept
from agents.pages.wording import lasting
from streams.reports.track_record.record import FEWEST_RETURNS, regular_curve
from streams.reports.track_record.rolling_sharpe import rolling_sharpe as over_windows


def rolling_sharpe(account: pd.DataFrame, predictions: pd.DataFrame) -> go.Figure | NotEnough:
    """Chart of the Sharpe ratio of the paper account over a moving window, with its 95 % interval.

    The ratio is computed from the gains in regular intervals of time, and is not annualised. The window is a
    tenth of all intervals, but at least 30 of them. Returns a note on missing data instead if there are too few
    intervals.
    """
    curve = regular_curve(account, predictions)
    gains = np.diff(curve.net)
    if (traded := int(np.count_nonzero(gains))) < FEWEST_RETURNS:
        return NotEnough(traded, FEWEST_RETURNS, "intervals with a gain or a loss")
    window = max(FEWEST_RETURNS, len(gains) // 10)
    if len(gains) < window + 2:
        return NotEnough(len(gains), window + 2, "intervals")
    found = over_windows(gains, window)
    times = curve.times[window:]
    every = lasting(int(curve.times[1] - curve.times[0]))
    made = drawing.figure(f"Sharpe ratio per {every}, over {window:,} of them")
    drawing.level(made, 0.0)
    places = kept(times, np.nan_to_num(found.ratio))
    drawing.band(made, times[places], found.low[places], found.high[places], "95 % band")
    drawing.line(made, times, found.ratio, "Sharpe ratio", palette.ACCENT, "+.2f ")
    return made
