"""Chart of the market regime (such as `calm-trend`) of each symbol over event time."""

import numpy as np
import pandas as pd
from plotly import graph_objects as go

from agents.pages import drawing, palette
from agents.pages.time_axis import time_axis
from streams.reports.track_record.frames import nanoseconds

CELLS = 400
MOST_SYMBOLS = 12


def regimes(predictions: pd.DataFrame) -> go.Figure:
    """Chart with one coloured ribbon for each symbol, for at most the 12 symbols with the most predictions.

    Time is cut into 400 spans. The colour of a span is the regime that most of its predictions name; it is
    white without predictions.
    """
    names = [*palette.REGIMES, *sorted({*predictions["regime"].unique()} - {*palette.REGIMES})]
    times = nanoseconds(predictions["ts_event"])
    edges = time_axis(times).edges(CELLS)
    cell = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, CELLS - 1)
    number = predictions["regime"].map({name: place for place, name in enumerate(names)}).to_numpy(int)
    symbols = predictions["symbol"].value_counts().index[:MOST_SYMBOLS].tolist()
    made = drawing.figure("", height=114 + 26 * len(symbols))
    shades = [palette.REGIMES.get(name, palette.FAINT).light for name in names]
    rows = []
    for symbol in symbols:
        of = (predictions["symbol"] == symbol).to_numpy()
        counts = np.bincount(cell[of] * len(names) + number[of], minlength=CELLS * len(names)).reshape(CELLS, -1)
        rows.append(np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1).astype(float), np.nan))
    # Each regime has one colour over its whole step of the scale, without a gradient.
    scale = [((place + end) / len(names), shade) for place, shade in enumerate(shades) for end in (0, 1)]
    made.add_heatmap(
        x=edges / 1e6,
        y=symbols,
        z=np.array(rows),
        customdata=np.array([["" if value != value else names[int(value)] for value in row] for row in rows]),
        colorscale=scale,
        zmin=-0.5,
        zmax=len(names) - 0.5,
        showscale=False,
        hovertemplate="%{y}: %{customdata}<extra></extra>",
    )
    present = {int(value) for row in rows for value in row if value == value}
    for place, (name, shade) in enumerate(zip(names, shades, strict=True)):
        if place in present:
            marker = {"color": shade, "size": 10, "symbol": "square"}
            made.add_scatter(x=[None], y=[symbols[0]], mode="markers", name=name, marker=marker)
    # Room for two lines of the legend: four names do not fit on one line of a phone.
    made.update_layout(showlegend=True, hovermode="closest", margin_t=46)
    made.update_layout(legend={"yref": "container", "y": 1, "yanchor": "top"})
    made.update_yaxes(autorange="reversed", showgrid=False, automargin=max(map(len, symbols)) > 9)
    return made
