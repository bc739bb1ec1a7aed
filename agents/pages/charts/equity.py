"""Chart of the paper account's equity over event time, after and before cost."""

import pandas as pd
from plotly import graph_objects as go

from agents.pages import drawing, palette
from agents.pages.charts.account import equity_at_every_record
from agents.pages.insufficient_data import NotEnough


def equity(account: pd.DataFrame, predictions: pd.DataFrame) -> go.Figure | NotEnough:
    """Chart of the gain of the paper account over time, after and before cost, in bps of capital.

    The gain is summed up from the beginning, and is the mean over the symbols. Returns a note on missing data
    instead if nothing was traded.
    """
    curve = equity_at_every_record(account, predictions)
    if isinstance(curve, NotEnough):
        return curve
    made = drawing.figure("cumulative gain, bps of capital", height=300)
    drawing.level(made, 0.0)
    drawing.line(made, curve.times, curve.gross, "before cost", palette.FAINT, "+.2f bps", width=1.2)
    drawing.line(made, curve.times, curve.net, "after cost", palette.ACCENT, "+.2f bps", width=2)
    return made
