"""Charts of the paper account's positions, turnover and cost."""

import pandas as pd
from plotly import graph_objects as go

from agents.pages import drawing, palette
from agents.pages.charts.account import equity_at_every_record
from agents.pages.insufficient_data import NotEnough
from streams.reports.track_record import frames

MOST_SYMBOLS = 6


def turnover(account: pd.DataFrame, predictions: pd.DataFrame) -> go.Figure | NotEnough:
    """Chart of the amount traded so far, in multiples of the capital.

    Returns a note on missing data instead if nothing was traded.
    """
    curve = equity_at_every_record(account, predictions)
    if isinstance(curve, NotEnough):
        return curve
    made = drawing.figure("traded so far, capitals", height=200)
    drawing.line(made, curve.times, curve.turnover, "turnover", palette.ACCENT, ".2f capitals", shape="hv")
    drawing.without_legend(made)
    return made


def cost(account: pd.DataFrame, predictions: pd.DataFrame) -> go.Figure | NotEnough:
    """Chart with two lines, bps of capital: the trading cost so far, and the gain so far before cost.

    Returns a note on missing data instead if nothing was traded.
    """
    curve = equity_at_every_record(account, predictions)
    if isinstance(curve, NotEnough):
        return curve
    made = drawing.figure("so far, bps of capital", height=200)
    drawing.level(made, 0.0)
    drawing.line(made, curve.times, curve.gross, "gain before cost", palette.ACCENT, "+.2f bps", width=1.4)
    drawing.line(made, curve.times, curve.cost, "cost", palette.INK, ".2f bps", shape="hv")
    return made


def position(account: pd.DataFrame) -> go.Figure | NotEnough:
    """Chart of the position held, as a fraction of the capital, below 0 for short.

    The six symbols with the largest turnover are shown. Returns a note on missing data instead if no position was
    held.
    """
    tracks = frames.tracks(account)
    largest = sorted(tracks, key=lambda name: -float(tracks[name].turnover[-1]))[:MOST_SYMBOLS]
    if not any(tracks[name].position.any() for name in largest):
        return NotEnough(0, 1, "positions")
    made = drawing.figure("held, part of the capital", height=180)
    drawing.level(made, 0.0)
    shades = (palette.ACCENT,) if len(largest) == 1 else palette.CATEGORIES
    for name, shade in zip(largest, shades, strict=False):
        track = tracks[name]
        drawing.line(made, track.times, track.position, name, shade, "+.1% of capital", shape="hv", width=1)
    if len(largest) == 1:
        drawing.without_legend(made)
    made.update_yaxes(tickformat=".0%")
    return made
