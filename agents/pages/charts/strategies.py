"""Chart of the weight that each expert (strategy or model) has in the live prediction, over event time."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from plotly import graph_objects as go

from agents.pages import drawing, palette
from agents.pages.expert_names import NO_KINDS, expert_words
from agents.pages.insufficient_data import NotEnough
from agents.pages.time_axis import time_axis
from streams.reports.track_record.frames import nanoseconds

CELLS = 120
PREFIX = "weight."


def strategies(outcomes: pd.DataFrame, kinds: Mapping[str, str] = NO_KINDS) -> go.Figure | NotEnough:
    """Chart of the weights of the experts (forecasters that the live prediction is mixed from) over time, stacked.

    Time is cut into 120 spans, and weights are means over the outcomes of a span. The largest weight is at the
    bottom. If there are more experts than colours, the smallest weights are drawn as one sum. Returns a note on
    missing data instead if fewer than two outcomes have weights.

    Args:
        outcomes: table of outcomes.
        kinds: kind, such as `trees`, of each model beside the built-in logistic regression, by name.
    """
    named = [name for name in outcomes if str(name).startswith(PREFIX)]
    known = outcomes.dropna(subset=named, how="all") if named else outcomes.iloc[:0]
    if len(known) < 2:
        return NotEnough(len(known), 2, "outcomes")
    # One that was no expert of the live version at an outcome had no weight there.
    weights = known[named].fillna(0.0)
    times = nanoseconds(known["ts_event"])
    axis = time_axis(times)
    cell = np.clip(np.searchsorted(axis.edges(CELLS), times, side="right") - 1, 0, CELLS - 1)
    count = np.bincount(cell, minlength=CELLS)
    seen = count > 0
    middles = axis.middles(CELLS)[seen]
    means = {
        expert_words(str(name).removeprefix(PREFIX), kinds): np.bincount(cell, weights[name], CELLS)[seen] / count[seen]
        for name in weights.mean().sort_values(ascending=False).index
    }
    most = len(palette.CATEGORIES)
    if len(means) > most:
        last = list(means)[most - 1 :]
        means["all others"] = np.sum([means.pop(name) for name in last], axis=0)
    made = drawing.figure("weight of each strategy and model", height=220)
    for shade, (name, part) in zip(palette.CATEGORIES, means.items(), strict=False):
        made.add_scatter(
            x=drawing.moments(middles),
            y=part,
            name=name,
            mode="lines",
            stackgroup="all",
            line={"width": 0, "color": shade.light, "shape": "hvh"},
            fillcolor=shade.light,
            hovertemplate=f"{name} %{{y:.1%}}<extra></extra>",
        )
    made.update_layout(showlegend=True)
    made.update_yaxes(range=[0, 1], tickformat=".0%")
    return made
