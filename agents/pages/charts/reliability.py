"""Chart of calibration: predicted probabilities against observed frequencies."""

import pandas as pd
from plotly import graph_objects as go

from agents.pages import drawing, palette
from agents.pages.insufficient_data import NotEnough
from schemas.names import LIVE
from streams.reports.track_record.calibration import FEWEST, calibration
from streams.reports.track_record.forecasts import forecasts


def reliability(outcomes: pd.DataFrame) -> go.Figure | NotEnough:
    """Chart of the fraction of upward moves in each range of predicted probability, with 95 % Wilson intervals.

    Returns a note on missing data instead if too few outcomes are independent (do not overlap in time).
    """
    found = forecasts(outcomes)
    if found is None or found.independent < 2 * FEWEST:
        return NotEnough(found.independent if found else 0, 2 * FEWEST, "effective outcomes")
    bins = calibration(found.probabilities[LIVE], found.up, found.independent)
    made = drawing.figure("went up, part of the moves", x="predicted probability of up", height=320)
    made.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="means what it says",
        line={"color": palette.FAINT.light, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    made.add_scatter(
        x=[each.forecast for each in bins],
        y=[each.came.value for each in bins],
        error_y={
            "array": [each.came.high - each.came.value for each in bins],
            "arrayminus": [each.came.value - each.came.low for each in bins],
            "color": palette.ACCENT.light,
            "thickness": 1.2,
            "width": 3,
        },
        customdata=[
            f"{each.count:,} predictions of {each.low:.3f} to {each.high:.3f}, about {each.came.count:,.0f} of them "
            f"independent<br>{each.came.value:.3f} went up, 95 % {each.came.low:.3f} to {each.came.high:.3f}"
            for each in bins
        ],
        mode="markers",
        name="live, 95 % interval",
        marker={"color": palette.ACCENT.light, "size": 7},
        hovertemplate="%{customdata}<extra></extra>",
    )
    made.update_xaxes(range=[0, 1])
    made.update_yaxes(range=[0, 1])
    return made
