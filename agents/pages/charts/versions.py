"""Chart of model versions and decisions over event time."""

import numpy as np
import pandas as pd
from plotly import graph_objects as go

from agents.pages import drawing, palette
from streams.reports.track_record.frames import nanoseconds

MOST_ROWS = 20
ROW, WIDTH = 36, 8
"""Height of a row and of its bar, pixels."""


def versions(predictions: pd.DataFrame, decisions: pd.DataFrame) -> go.Figure:
    """Chart with a bar for each model version, from its first to its last prediction, and a mark for each decision.

    A version that predicts several symbols has a bar for each symbol. At most 20 bars are shown, those that
    began last.

    Args:
        predictions: all predictions of the run.
        decisions: decisions about versions with their event time, column `ts_event`; all other columns appear as text
            when the reader points at a mark.
    """
    times = nanoseconds(predictions["ts_event"])
    symbols = predictions["symbol"].nunique()
    rows = []
    for (symbol, version), group in predictions.groupby(["symbol", "model_version"], sort=False):
        made = times[predictions.index.get_indexer(group.index)]
        rows.append((f"{symbol} {version}" if symbols > 1 else str(version), int(made[0]), int(made[-1]), len(group)))
    shown = rows[-MOST_ROWS:]
    made = drawing.figure("", height=56 + ROW * (len(shown) + (not decisions.empty)))
    for place, (name, start, end, count) in enumerate(shown):
        made.add_scatter(
            x=[start / 1e6, end / 1e6],
            y=[place, place],
            mode="lines",
            line={"color": palette.ACCENT.light, "width": WIDTH},
            hovertemplate=f"{name}: {count:,} predictions<extra></extra>",
        )
        made.add_annotation(
            x=start / 1e6,
            y=place,
            text=f"{name}, {count:,} predictions",
            font={"color": palette.INK.light, "size": 12},
            showarrow=False,
            xanchor="left",
            yshift=15,
        )
    if not decisions.empty:
        said = [
            "<br>".join(f"{name}: {row[name]}" for name in decisions.columns if name != "ts_event")
            for _, row in decisions.astype(str).iterrows()
        ]
        made.add_scatter(
            x=np.asarray(nanoseconds(decisions["ts_event"]) / 1e6),
            y=[len(shown)] * len(decisions),
            mode="markers",
            marker={"color": palette.INK.light, "size": 10, "symbol": "diamond"},
            customdata=said,
            hovertemplate="%{customdata}<extra></extra>",
        )
    drawing.without_legend(made)
    made.update_layout(hovermode="closest")
    made.update_yaxes(showgrid=False, showticklabels=False, range=[len(shown) - 0.5 + (not decisions.empty), -0.9])
    return made
