"""Charts of one A/B experiment over event time, for its HTML report.

Each function returns a `NotEnough`, which a page shows as a note, if there are too few records for a chart.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from plotly import graph_objects as go

from agents.pages import drawing, palette
from agents.pages.insufficient_data import NotEnough
from agents.pages.thinning import kept
from schemas.experiments import ExperimentMoved
from streams.experiments.engines.batches import allowed
from streams.experiments.experiment import HARM

LARGEST = 27.0
"""E-values are drawn between exp(-LARGEST) and exp(LARGEST); beyond, the axis would hide the rest."""


def evidence_path(moves: Sequence[ExperimentMoved]) -> go.Figure | NotEnough:
    """Draw the e-values that the version under test is better, and that it is worse, on a log axis.

    An e-value is what a bet of 1 against "no difference" has become. The chart also shows for each e-value the boundary
    at which the experiment is decided.
    """
    of = tested(moves)
    if len(of) < 2:
        return NotEnough(len(of), 2, "batches")
    made = drawing.figure("e-value: what a bet of 1 against no difference has become", height=300)
    times = _times(of)
    threshold = of[-1].threshold
    for name, logs, shade, dash in (
        ("challenger is worse", [each.log_e_worse for each in of], palette.MUTED, "dot"),
        ("challenger is better", [each.log_e_better for each in of], palette.ACCENT, "solid"),
    ):
        values = np.exp(np.clip(np.array(logs), -LARGEST, LARGEST))
        drawing.line(made, times, values, name, shade, ".3g ", dash=dash, width=2)
    boundary, worse = float(np.exp(threshold)), float(np.exp(threshold)) / HARM
    for y, anchor, text in (
        (boundary, "top", f"boundary {boundary:,.0f}: better"),
        (worse, "bottom", f"boundary {worse:,.0f}: worse"),
    ):
        made.add_hline(y=y, line={"color": palette.INK.light, "width": 1.2, "dash": "dash" if y == boundary else "dot"})
        made.add_annotation(
            x=0.0,
            xref="paper",
            xanchor="left",
            y=float(np.log10(y)),
            yanchor=anchor,
            text=text,
            showarrow=False,
            font={"color": palette.INK.light, "size": 12},
        )
    _log_axis(made, worse)
    return made


def confidence(moves: Sequence[ExperimentMoved], unit: str) -> go.Figure | NotEnough:
    """Draw the mean score so far, version under test less live version, with its confidence sequence.

    A confidence sequence gives an interval for every time. With the configured probability all of these intervals hold
    the true mean.

    Args:
        moves: records of one experiment, in the order in which they were written.
        unit: unit of the score, for the title.
    """
    of = [each for each in tested(moves) if each.low is not None and each.high is not None]
    if len(of) < 2:
        return NotEnough(len(of), 2, "batches with an interval")
    made = drawing.figure(f"challenger less champion a pair, {unit}", height=280)
    places = kept(_times(of), np.array([each.effect for each in of]))
    shown = [of[at] for at in places.tolist()]
    drawing.level(made, 0.0)
    low = np.array([each.low for each in shown], dtype=float)
    high = np.array([each.high for each in shown], dtype=float)
    drawing.band(made, _times(shown), low, high, "confidence sequence")
    effects = np.array([each.effect for each in shown])
    drawing.line(made, _times(shown), effects, "mean so far", palette.ACCENT, "+.4f ", width=2)
    made.data[-1].update(
        customdata=[f"{each.low:+.4f} to {each.high:+.4f}, {each.scored:,} pairs" for each in shown],
        hovertemplate="mean so far %{y:+.4f}, %{customdata}<extra></extra>",
    )
    # The first intervals are so wide that the rest would be a line.
    settled = len(shown) // 4
    least, most = float(low[settled:].min()), float(high[settled:].max())
    room = 0.15 * (most - least) or 1.0
    made.update_yaxes(range=[min(least, 0.0) - room, max(most, 0.0) + room])
    return made


def dependence(moves: Sequence[ExperimentMoved]) -> go.Figure | NotEnough:
    """Draw the lag-1 autocorrelation of batch means, with a band of two standard errors around zero.

    The test assumes independent batches, so it decides nothing while the autocorrelation lies outside the band.
    """
    of = [each for each in tested(moves) if each.batches > 3]
    if len(of) < 2:
        return NotEnough(len(of), 2, "batches after the third")
    made = drawing.figure("lag-1 autocorrelation of batch means", height=220)
    bound = np.array([allowed(each.batches) for each in of])
    places = kept(_times(of), np.array([each.autocorrelation for each in of]))
    drawing.level(made, 0.0)
    drawing.band(made, _times(of)[places], -bound[places], bound[places], "independent batches")
    found = np.array([each.autocorrelation for each in of])
    drawing.line(made, _times(of), found, "autocorrelation", palette.ACCENT, "+.3f ")
    return made


def pairs_against_plan(moves: Sequence[ExperimentMoved]) -> go.Figure | NotEnough:
    """Draw the number of scored pairs over event time, and the number at which the experiment ends undecided.

    A pair is the results of the version under test and of the live one on one prediction. The number at which the
    experiment ends is drawn only if it is at most three times the number of pairs so far.
    """
    of = tested(moves)
    if len(of) < 2:
        return NotEnough(len(of), 2, "batches")
    made = drawing.figure("scored pairs", height=220)
    scored = np.array([float(each.scored) for each in of])
    drawing.line(made, _times(of), scored, "scored", palette.ACCENT, ",.0f pairs", width=2)
    made.update_traces(fill="tozeroy", fillcolor=palette.BAND.light)
    longest = of[-1].longest
    if longest <= 3 * scored[-1]:
        made.add_hline(y=longest, line={"color": palette.INK.light, "width": 1.2, "dash": "dash"})
    drawing.without_legend(made)
    made.update_yaxes(rangemode="tozero")
    return made


def watch(moves: Sequence[ExperimentMoved]) -> go.Figure | NotEnough:
    """Draw the evidence that a winner has become worse since it went live, divided by the alarm threshold (log axis).

    The evidence is that of a change detector. When the line reaches 1, the version that the winner replaced is made
    live again.
    """
    of = [each for each in moves if each.watched]
    if len(of) < 2:
        return NotEnough(len(of), 2, "blocks of pairs since a winner is live")
    made = drawing.figure("e-detector, part of its threshold", height=240)
    values = np.clip(np.array([each.alarm for each in of]), 1e-6, 1e6)
    drawing.line(made, _times(of), values, "alarm", palette.ACCENT, ".3g of the threshold", width=2)
    made.add_hline(y=1.0, line={"color": palette.HARM.light, "width": 1.2, "dash": "dash"})
    drawing.without_legend(made)
    _log_axis(made, 1.0)
    return made


def tested(moves: Sequence[ExperimentMoved]) -> list[ExperimentMoved]:
    """Return the records of the test itself: those with a closed batch, written before its winner went live.

    Records that are written while a live winner is watched are left out, since they repeat the result of the
    test.
    """
    return [each for each in moves if each.batches and not each.watched]


def _times(moves: Sequence[ExperimentMoved]) -> NDArray[np.int64]:
    return np.array([each.ts_event for each in moves], dtype=np.int64)


def _log_axis(made: go.Figure, boundary: float) -> None:
    """Make the y axis logarithmic with a few powers of ten as labels; it includes `boundary`."""
    drawn = np.concatenate([trace.y for trace in made.data])
    powers = _powers(float(drawn.min()), max(boundary, float(drawn.max())))
    text = [f"{10.0**each:g}" if abs(each) < 5 else f"10<sup>{each}</sup>" for each in powers]
    made.update_yaxes(type="log", tickmode="array", tickvals=[10.0**each for each in powers], ticktext=text)


def _powers(least: float, most: float, at_most: int = 7) -> list[int]:
    """Exponents of at most about `at_most` powers of ten that label an axis from `least` to `most`; 0 is one of them.

    >>> _powers(least=0.04, most=20.0), _powers(least=1e-9, most=1e9)
    ([-2, -1, 0, 1, 2], [-9, -6, -3, 0, 3, 6, 9])
    """
    low, high = int(np.floor(np.log10(least))), int(np.ceil(np.log10(most)))
    step = 1 + (high - low) // at_most
    return [each for each in range(low, high + 1) if each % step == 0]
