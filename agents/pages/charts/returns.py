"""Chart of the distribution of the paper account's returns over regular intervals of time."""

import numpy as np
import pandas as pd
from plotly import graph_objects as go

from agents.pages import drawing, palette
from agents.pages.insufficient_data import NotEnough
from agents.pages.wording import lasting
from streams.reports.track_record.record import FEWEST_RETURNS, regular_curve


def returns(account: pd.DataFrame, predictions: pd.DataFrame) -> go.Figure | NotEnough:
    """Histogram of the paper account's gains after cost in regular intervals, bps of capital.

    A normal density of equal mean and standard deviation is drawn over it. Returns a note on missing data instead if
    too few intervals have a gain or a loss.
    """
    from scipy.stats import norm  # takes long to load

    curve = regular_curve(account, predictions)
    gains = np.diff(curve.net)
    traded = int(np.count_nonzero(gains))
    if traded < FEWEST_RETURNS:
        return NotEnough(traded, FEWEST_RETURNS, "intervals with a gain or a loss")
    every = lasting(int(curve.times[1] - curve.times[0]))
    made = drawing.figure("intervals", x=f"gain in {every} after cost, bps")
    # Freedman and Diaconis (1981), within limits: enough bins to show a shape, and no more than fit on the chart.
    quarter, three = np.quantile(gains, (0.25, 0.75))
    width = 2.0 * float(three - quarter) / len(gains) ** (1 / 3)
    reach = float(np.ptp(gains))
    bins = int(np.clip(reach / width if width > 0.0 else 0.0, 20, 80))
    counts, edges = np.histogram(gains, bins)
    middles = 0.5 * (edges[1:] + edges[:-1])
    made.add_bar(
        x=middles,
        y=counts,
        width=np.diff(edges) * 0.94,
        name="intervals",
        marker={"color": palette.ACCENT.light, "line": {"width": 0}},
        hovertemplate="%{y} intervals of about %{x:.3f} bps<extra></extra>",
    )
    fine = np.linspace(edges[0], edges[-1], 200)
    made.add_scatter(
        x=fine,
        y=norm.pdf(fine, gains.mean(), gains.std(ddof=1)) * len(gains) * (edges[1] - edges[0]),
        name="normal of equal mean and deviation",
        mode="lines",
        line={"color": palette.MUTED.light, "width": 1.4, "dash": "dot"},
        hoverinfo="skip",
    )
    made.add_vline(x=0.0, line={"color": palette.FAINT.light, "width": 1}, layer="below")
    return made
