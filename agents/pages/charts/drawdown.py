"""Chart of the drawdown: how far the paper account is below its highest value so far."""

import pandas as pd
from plotly import graph_objects as go

from agents.pages import drawing, palette
from agents.pages.charts.account import equity_at_every_record
from agents.pages.insufficient_data import NotEnough
from streams.reports.track_record.drawdown import below_peak


def drawdown(account: pd.DataFrame, predictions: pd.DataFrame) -> go.Figure | NotEnough:
    """Chart of the drawdown of the paper account after cost, bps of capital, drawn downwards.

    Returns a note on missing data instead if nothing was traded.
    """
    curve = equity_at_every_record(account, predictions)
    if isinstance(curve, NotEnough):
        return curve
    below = below_peak(curve.net)
    made = drawing.figure("below the peak, bps of capital", height=180)
    drawing.line(made, curve.times, -below, "below the peak", palette.MUTED, ".2f bps", width=1.2)
    made.update_traces(fill="tozeroy", fillcolor=palette.WASH.light)
    drawing.without_legend(made)
    made.update_yaxes(range=[-1.08 * float(below.max()) or -1.0, 0.0])
    return made
