"""Sums over one window of one version, and its scores beside the baselines', with intervals that allow for overlap."""

from dataclasses import dataclass
from math import sqrt

from schemas.outcomes import OutcomeMatured
from schemas.windows import WindowFigures
from streams.scoring import scores, tally
from streams.scoring.baselines import BASELINES
from streams.scoring.effective_sample_size import occupied_until
from streams.scoring.tally import Tally
from streams.scoring.wilson import Z, wilson_ends


@dataclass
class AccuracyWindowState:
    """Sums over the open window.

    Attributes:
        n, independent: number of outcomes, and effective sample size of the moved ones.
        free_from: end of the last outcome that was counted as independent, event time in ns.
        ts_from, ts_until: event times of the first and the last prediction, ns.
        tallies: of the version, then of each baseline.
        paired, squares: sums of the loss of the version less that of each baseline, and of its square.
    """

    n: int
    independent: int
    free_from: int
    ts_from: int
    ts_until: int
    tallies: list[Tally]
    paired: list[float]
    squares: list[float]


def start() -> AccuracyWindowState:
    """An empty window."""
    many = len(BASELINES)
    return AccuracyWindowState(0, 0, 0, 0, 0, [tally.start() for _ in range(1 + many)], [0.0] * many, [0.0] * many)


@dataclass(frozen=True)
class WindowSummary:
    """Scores of a window; see `AccuracyWindow` for each."""

    figures: tuple[WindowFigures, ...] = ()
    best_baseline: str = ""
    skill: float = 0.0
    skill_low: float = 0.0
    skill_high: float = 0.0


def score(
    window: AccuracyWindowState, outcome: OutcomeMatured, probability: float, opinions: list[float], theirs: list[float]
) -> None:
    """Take one outcome.

    Args:
        window: sums to update.
        outcome: the outcome.
        probability: of an upward move, by the version.
        opinions: the same of each baseline.
        theirs: losses of the baselines, if the mid moved.
    """
    label, moved_bps, cost_bps = outcome.label, outcome.return_bps, outcome.cost_bps
    ts = outcome.ts_prediction
    if window.n == 0:
        window.ts_from = ts
    window.n += 1
    window.ts_until = ts
    tallies = window.tallies
    tally.update(tallies[0], probability, label, moved_bps, cost_bps)
    for index, opinion in enumerate(opinions):
        tally.update(tallies[1 + index], opinion, label, moved_bps, cost_bps)
    if label == 0:
        return
    window.independent += ts >= window.free_from
    window.free_from = occupied_until(window.free_from, ts, outcome.horizon_ns)
    loss = scores.log_loss(probability, label)
    paired, squares = window.paired, window.squares
    for index, other in enumerate(theirs):
        difference = loss - other
        paired[index] += difference
        squares[index] += difference * difference


def summary(window: AccuracyWindowState, version: str) -> WindowSummary:
    """Scores of the window.

    The interval of the skill is that of the mean paired loss, divided by the baseline's loss. Its number of trials is
    the effective sample size, so it is rather too wide than too narrow.
    """
    moved = window.tallies[0].moved
    if not moved:
        return WindowSummary()
    figures = tuple(
        _figures(each, name, window.independent)
        for each, name in zip(window.tallies, (version, *BASELINES), strict=True)
    )
    best = min(range(len(BASELINES)), key=lambda index: figures[1 + index].log_loss)
    mean = window.paired[best] / moved
    variance = max(0.0, window.squares[best] / moved - mean * mean)
    error = Z * sqrt(variance / window.independent)
    theirs = max(figures[1 + best].log_loss, 1e-12)
    return WindowSummary(figures, BASELINES[best], -mean / theirs, (-mean - error) / theirs, (-mean + error) / theirs)


def _figures(sums: Tally, name: str, independent: int) -> WindowFigures:
    found = tally.figures(sums, name)
    low, high = wilson_ends(min(1.0, found.accuracy), independent)
    return WindowFigures(
        name=name,
        accuracy=found.accuracy,
        accuracy_low=low,
        accuracy_high=high,
        log_loss=found.log_loss,
        brier=found.brier,
        ece=found.ece,
        information_coefficient=found.information_coefficient,
        net_bps=found.call_net_bps,
    )
