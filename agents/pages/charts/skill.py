"""Charts of skill (1 - log-loss / log-loss of the best baseline): over event time, and of each forecaster."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from plotly import graph_objects as go

from agents.pages import drawing, palette
from agents.pages.expert_names import NO_KINDS, expert_words
from agents.pages.insufficient_data import NotEnough
from agents.pages.time_axis import time_axis
from agents.pages.wording import between
from schemas.names import LIVE
from streams.reports.track_record.forecasts import Forecasts, forecasts
from streams.reports.track_record.skill_over_time import FEWEST_CELLS

BLOCKS = 24
LOWEST = -1.0
"""Skill at the left end of the chart of forecasters, if one is below it; its value is then written there."""

FEWEST_IN_A_BLOCK = 20
"""Independent outcomes that a block of time should have."""


def skill_over_time(outcomes: pd.DataFrame) -> go.Figure | NotEnough:
    """Chart of the skill of the live predictions in up to 24 blocks of event time, with 95 % intervals.

    The best baseline over the whole time is the reference; up to three other baselines are drawn as lines. Returns a
    note on missing data instead if too few outcomes are independent (do not overlap in time).
    """
    found = forecasts(outcomes)
    if found is None or found.independent < 3 * FEWEST_IN_A_BLOCK:
        return NotEnough(found.independent if found else 0, 3 * FEWEST_IN_A_BLOCK, "effective outcomes")
    # With several symbols a short time has many outcomes, but an interval needs many horizons of time.
    axis = time_axis(found.made)
    horizons = axis.opened // found.horizon_ns
    count = max(1, min(BLOCKS, found.independent // FEWEST_IN_A_BLOCK, horizons // (2 * FEWEST_CELLS)))
    edges = axis.edges(count).astype(np.int64)
    middles = dict(zip(edges.tolist(), axis.middles(count).tolist(), strict=False))
    blocks = [each for each in found.skill(LIVE, edges) if each.low is not None and each.high is not None]
    if len(blocks) < 2:
        return NotEnough(len(blocks), 2, f"blocks of time with {FEWEST_CELLS} horizons in which something moved")
    made = drawing.figure(f"skill against {found.best.replace('_', ' ')}, part of its log-loss", height=280)
    drawing.level(made, 0.0)
    dashes = ("dot", "dash", "dashdot")
    for name, dash in zip((each for each in found.baselines if each != found.best), dashes, strict=False):
        of = found.skill(name, edges)
        times = np.array([middles[each.start_ns] for each in of])
        values = np.array([each.skill for each in of])
        drawing.line(made, times, values, name.replace("_", " "), palette.FAINT, "+.3f ", width=1.1, dash=dash)
    times = np.array([middles[each.start_ns] for each in blocks])
    low, high = np.array([each.low for each in blocks]), np.array([each.high for each in blocks])
    drawing.band(made, times, low, high, "95 % band")
    drawing.line(made, times, np.array([each.skill for each in blocks]), "live", palette.ACCENT, "+.3f ", width=2)
    made.data[-1].update(
        mode="lines+markers",
        marker={"size": 5},
        customdata=[f"{each.low:+.3f} to {each.high:+.3f}, {each.count:,} moves" for each in blocks],
        hovertemplate="live %{y:+.3f}, 95 % %{customdata}<extra></extra>",
    )
    return made


def forecasters(outcomes: pd.DataFrame, kinds: Mapping[str, str] = NO_KINDS) -> go.Figure | NotEnough:
    """Chart of the skill of each forecaster over the whole time, with 95 % intervals.

    Forecasters are the live predictions, the experts that these are mixed from, and the baselines. Returns a note on
    missing data instead if the outcomes cover too little time.

    Args:
        outcomes: table of outcomes.
        kinds: kind, such as `trees`, of each model beside the built-in logistic regression, by name.
    """
    found = forecasts(outcomes)
    if found is None:
        return NotEnough(0, FEWEST_CELLS, "horizons of time in which something moved")
    rows = [(name, found.skill(name)[0]) for name in _ordered(found)]
    if rows[0][1].cells < FEWEST_CELLS:
        return NotEnough(rows[0][1].cells, FEWEST_CELLS, "horizons of time in which something moved")
    made = drawing.figure("", x=f"skill against {found.best.replace('_', ' ')}", height=70 + 26 * len(rows))
    for kind, shade in (("live", palette.ACCENT), ("expert", palette.MUTED), ("baseline", palette.FAINT)):
        of = [(name, block) for name, block in rows if _kind(found, name) == kind]
        made.add_scatter(
            x=[block.skill for _, block in of],
            y=[_label(name, kinds) for name, _ in of],
            error_x={
                "array": [(block.high or block.skill) - block.skill for _, block in of],
                "arrayminus": [block.skill - (block.low or block.skill) for _, block in of],
                "color": shade.light,
                "thickness": 1.4,
                "width": 3,
            },
            customdata=[f"95 % {between(block.low, block.high, '+.4f')}; {block.count:,} moves" for _, block in of],
            mode="markers",
            name=kind,
            marker={"color": shade.light, "size": 8, "symbol": "square" if kind == "baseline" else "circle"},
            hovertemplate="%{y} %{x:+.4f}, %{customdata}<extra></extra>",
        )
    if min(block.skill for _, block in rows) < LOWEST:
        # One bad expert must not push all others together; its row says how bad it is.
        highest = max(max(block.skill, block.high or 0.0) for _, block in rows)
        made.update_xaxes(range=[LOWEST, highest + 0.05 * (highest - LOWEST)])
        for name, block in rows:
            if block.skill < LOWEST:
                made.add_annotation(
                    x=LOWEST,
                    y=_label(name, kinds),
                    text=f"◂ {block.skill:+.2f}",
                    showarrow=False,
                    xanchor="left",
                    font={"color": palette.MUTED.light, "size": 11},
                )
    made.add_vline(x=0.0, line={"color": palette.FAINT.light, "width": 1}, layer="below")
    made.update_yaxes(
        categoryorder="array",
        categoryarray=[_label(name, kinds) for name, _ in reversed(rows)],
        showgrid=False,
        ticklen=0,
    )
    return made


def _ordered(found: Forecasts) -> list[str]:
    experts = [name for name in found.losses if _kind(found, name) == "expert"]
    return [LIVE, *experts, *found.baselines]


def _kind(found: Forecasts, name: str) -> str:
    return LIVE if name == LIVE else "baseline" if name in found.baselines else "expert"


def _label(name: str, kinds: Mapping[str, str]) -> str:
    return expert_words(name, kinds) + " "
