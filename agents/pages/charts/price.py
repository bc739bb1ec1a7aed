"""Chart of the market's mid price."""

import pandas as pd
from plotly import graph_objects as go

from agents.pages import drawing, palette
from streams.reports.track_record import frames

MOST_SYMBOLS = 6


def price(predictions: pd.DataFrame) -> go.Figure:
    """Chart of the mid price over time.

    One symbol is shown in its quote currency. Of several symbols, the six with the most predictions are
    shown, each in bps from its first price, so that they can share an axis.
    """
    found = frames.prices(predictions)
    shown = sorted(found, key=lambda name: -len(found[name].times))[:MOST_SYMBOLS]
    if len(shown) == 1:
        made = drawing.figure(f"mid of {shown[0]}, quote currency", height=220)
        only = found[shown[0]]
        drawing.line(made, only.times, only.mid, "mid", palette.INK, ",.6~g ", width=1.1)
        made.update_yaxes(tickformat=",")
        drawing.without_legend(made)
        return made
    made = drawing.figure("mid, bps from its first", height=220)
    for name, shade in zip(shown, palette.CATEGORIES, strict=False):
        each = found[name]
        drawing.line(made, each.times, (each.mid / each.mid[0] - 1.0) * 1e4, name, shade, "+.1f bps", width=1.1)
    return made
