"""What all charts have in common: axes, fonts, lines, and intervals around lines."""

import numpy as np
from numpy.typing import NDArray
from plotly import graph_objects as go

from agents.pages import palette
from agents.pages.thinning import kept
from streams.reports.track_record.equity import Column, Times

HEIGHT = 260
LEFT = 66
"""Width left of every chart over time, pixels, so that equal times stand below each other."""
SHARED = "shared"
"""Marks a chart whose cursor and range move together with those of the other charts over time."""


def figure(y: str, x: str = "", height: int = HEIGHT) -> go.Figure:
    """An empty chart in the style of the pages.

    Args:
        y: heading above the chart: what the values are, and their unit.
        x: title of the horizontal axis; empty for the event-time axis that charts of a page share.
        height: pixels.
    """
    axis = {
        "gridcolor": palette.GRID.light,
        "linecolor": palette.AXIS.light,
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": palette.AXIS.light,
        "automargin": True,
    }
    made = go.Figure()
    made.update_layout(
        template="none",
        height=height,
        margin={"l": 8 if x else LEFT, "r": 10, "t": 26, "b": 8},
        font={
            "family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif",
            "size": 12,
            "color": palette.MUTED.light,
        },
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="closest" if x else "x unified",
        hoverlabel={
            "bgcolor": palette.GROUND.light,
            "bordercolor": palette.AXIS.light,
            "font": {"color": palette.INK.light, "size": 12},
            "align": "left",
        },
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        title={
            "text": y,
            "x": 0,
            "xref": "paper",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 5},
            "font": {"size": 12, "color": palette.MUTED.light},
        },
        dragmode="zoom",
        xaxis=axis | {"showgrid": bool(x), "title": {"text": x, "font": {"size": 12}}},
        yaxis=axis | {"linecolor": "rgba(0,0,0,0)", "ticks": "", "automargin": bool(x)},
    )
    if not x:
        made.update_layout(meta={SHARED: True})
        made.update_xaxes(type="date", hoverformat="%Y-%m-%d %H:%M:%S.%L", showspikes=False)
    return made


def without_legend(made: go.Figure) -> None:
    """Remove the legend, and the room for it, from a chart whose title already names its only line."""
    made.update_layout(showlegend=False, margin_t=8)


def moments(times: Times) -> NDArray[np.float64]:
    """Event times in ns as Plotly's time axis needs them: milliseconds since 1970, UTC."""
    return times / 1e6


def line(
    made: go.Figure, times: Times, values: Column, name: str, shade: palette.Shade, unit: str, **style: object
) -> None:
    """Add a line to a chart, drawn with at most 2,000 points that are chosen so that its shape is kept.

    Args:
        made: the chart.
        times: event times, ns since 1970.
        values: value at each time.
        name: name of the line, for the legend.
        shade: colour.
        unit: number format, space, and unit of the value shown when the reader points at the line, as in `.2f bps`.
        style: further Plotly settings of the line, such as `width`, `dash` or `shape`.
    """
    places = kept(times, values)
    form, _, of = unit.partition(" ")
    made.add_scatter(
        x=moments(times[places]),
        y=values[places],
        name=name,
        mode="lines",
        line={"color": shade.light, "width": 1.6} | style,
        hovertemplate=f"{name} %{{y:{form}}} {of}<extra></extra>",
    )


def band(made: go.Figure, times: Times, low: Column, high: Column, name: str) -> None:
    """Add the interval of an estimate to a chart, as an area; call it before the estimate's own line is added.

    Args:
        made: the chart.
        times: event times, ns since 1970.
        low, high: ends of the interval at each time.
        name: name of the area, for the legend.
    """
    shape = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "connectgaps": False}
    made.add_scatter(x=moments(times), y=low, showlegend=False, **shape)
    made.add_scatter(x=moments(times), y=high, name=name, fill="tonexty", fillcolor=palette.BAND.light, **shape)


def level(made: go.Figure, value: float) -> None:
    """Add a thin horizontal line to a chart at a value, such as 0, that separates better from worse."""
    made.add_hline(y=value, line={"color": palette.FAINT.light, "width": 1}, layer="below")
