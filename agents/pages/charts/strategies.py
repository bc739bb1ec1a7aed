"""Which strategy leads, over event time."""

import numpy as np
import pandas as pd
from plotly import graph_objects as go

from agents.pages import drawing, palette
from streams.performance.frames import nanoseconds

CELLS = 120


def strategies(predictions: pd.DataFrame) -> go.Figure:
    """Weight of the leading strategy in the mixture, mean over the predictions of each short span, stacked by name.

    A prediction carries the weight of its leader only; what is left to the top is the weight of all the others.
    """
    times = nanoseconds(predictions["ts_event"])
    edges = np.linspace(times.min(), times.max() + 1, CELLS + 1)
    cell = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, CELLS - 1)
    count = np.bincount(cell, minlength=CELLS)
    seen = count > 0
    middles = (0.5 * (edges[1:] + edges[:-1])).astype(np.int64)[seen]
    names = predictions.groupby("strategy")["strategy_weight"].sum().sort_values(ascending=False).index.tolist()
    made = drawing.figure("weight of the leading strategy in the mixture", height=220)
    for place, name in enumerate(names):
        weights = np.where(predictions["strategy"] == name, predictions["strategy_weight"], 0.0)
        part = np.bincount(cell, weights, minlength=CELLS)[seen] / count[seen]
        shade = palette.CATEGORIES[min(place, len(palette.CATEGORIES) - 1)].light
        label = str(name).replace("_", " ")
        made.add_scatter(
            x=drawing.moments(middles),
            y=part,
            name=label,
            mode="lines",
            stackgroup="all",
            line={"width": 0, "color": shade, "shape": "hvh"},
            fillcolor=shade,
            hovertemplate=f"{label} %{{y:.1%}}<extra></extra>",
        )
    made.update_layout(showlegend=True)
    made.update_yaxes(range=[0, 1], tickformat=".0%")
    return made
