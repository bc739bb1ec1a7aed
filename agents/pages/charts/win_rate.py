"""Chart of the win rate: the fraction of round trips that ended with a gain."""

import pandas as pd
from plotly import graph_objects as go

from agents.pages import drawing, palette
from agents.pages.insufficient_data import NotEnough
from streams.scoring.wilson import Proportion, wilson

FEWEST = 10
ALL = "all"


def win_rate(account: pd.DataFrame) -> go.Figure | NotEnough:
    """Chart of the win rate after cost, over all round trips and for each regime in which they ended.

    Points have 95 % Wilson intervals. Returns a note on missing data instead if there are fewer than ten round trips.
    """
    rows = rates(account)
    closed = int(rows[0][1].count) if rows else 0
    if closed < FEWEST:
        return NotEnough(closed, FEWEST, "round trips")
    made = drawing.figure("", x="closed with a gain after cost", height=70 + 26 * len(rows))
    for (name, part), shade in zip(rows, (palette.ACCENT, *[palette.MUTED] * len(rows)), strict=False):
        made.add_scatter(
            x=[part.value],
            y=[_label(name, part)],
            error_x={
                "array": [part.high - part.value],
                "arrayminus": [part.value - part.low],
                "color": shade.light,
                "thickness": 1.4,
                "width": 3,
            },
            mode="markers",
            marker={"color": shade.light, "size": 8},
            customdata=[f"95 % {part.low:.1%} to {part.high:.1%}"],
            hovertemplate="%{y} %{x:.1%} %{customdata}<extra></extra>",
        )
    made.add_vline(x=0.5, line={"color": palette.FAINT.light, "width": 1}, layer="below")
    drawing.without_legend(made)
    made.update_xaxes(range=[0, 1], tickformat=".0%")
    made.update_yaxes(categoryorder="array", categoryarray=[_label(*row) for row in reversed(rows)], showgrid=False)
    return made


def _label(name: str, part: Proportion) -> str:
    return f"{name}, n {part.count:,.0f} "


def rates(account: pd.DataFrame) -> list[tuple[str, Proportion]]:
    """Win rate over all round trips (named "all"), then for each regime in which round trips ended.

    Regimes without a round trip are left out; the list is empty if there is none at all.

    Args:
        account: records of the paper account, with running totals in the columns `trades` and `wins`.

    >>> account = pd.DataFrame({"symbol": "X", "trades": [0, 1, 2], "wins": [0, 1, 1], "regime": "calm-range"})
    >>> [(name, rate.value, rate.count) for name, rate in rates(account)]
    [('all', 0.5, 2), ('calm-range', 0.5, 2)]
    """
    steps = account.groupby("symbol")[["trades", "wins"]].diff()
    counted = steps.fillna(account[["trades", "wins"]]).groupby(account["regime"]).sum()
    found = [(ALL, int(counted["wins"].sum()), int(counted["trades"].sum()))]
    found += [(str(name), int(row["wins"]), int(row["trades"])) for name, row in counted.iterrows()]
    return [(name, part) for name, wins, trades in found if trades and (part := wilson(wins / trades, trades))]
