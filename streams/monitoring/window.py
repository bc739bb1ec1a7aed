"""Scores of a model version and of the baselines over a window of outcomes, with confidence intervals.

The intervals allow for outcomes that overlap in time.
"""

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
    """Sums over the open window of one model version.

    Attributes:
        n: number of outcomes.
        independent: largest number of outcomes with a move of which no two overlap in time, from prediction to horizon.
        free_from: event time, ns, from which a prediction no longer overlaps with those counted in `independent`.
        ts_from, ts_until: event times of the first and of the last prediction, ns.
        tallies: sums of the scores: of the version, then of each baseline.
        paired: for each baseline the sum of the version's log-loss less that of the baseline, nats.
        squares: for each baseline the sum of the squares of these differences.
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
    """Sums of a window without outcomes."""
    many = len(BASELINES)
    return AccuracyWindowState(0, 0, 0, 0, 0, [tally.start() for _ in range(1 + many)], [0.0] * many, [0.0] * many)


@dataclass(frozen=True)
class WindowSummary:
    """Scores of a closed window; all fields have their defaults if the price moved in no outcome of the window.

    Attributes:
        figures: scores of the version, then of each baseline.
        best_baseline: baseline with the lowest log-loss in the window.
        skill: 1 - log-loss / log-loss of the best baseline; above 0 the version is better.
        skill_low, skill_high: ends of the 95 % interval of `skill`.
    """

    figures: tuple[WindowFigures, ...] = ()
    best_baseline: str = ""
    skill: float = 0.0
    skill_low: float = 0.0
    skill_high: float = 0.0


def score(
    window: AccuracyWindowState, outcome: OutcomeMatured, probability: float, opinions: list[float], theirs: list[float]
) -> None:
    """Add one outcome to the sums of a window.

    Args:
        window: sums to which the outcome is added.
        outcome: the outcome.
        probability: probability of an upward move that the version gave.
        opinions: probability of an upward move by each baseline: `majority`, `last_move` and `imbalance_sign`.
        theirs: log-loss of each baseline, nats, in the same order; empty if the price did not move.
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
    """Scores of a window of the version named `version`, with 95 % intervals.

    The interval of the skill is that of the mean difference in log-loss, divided by the baseline's log-loss. It rests
    on the number of outcomes that do not overlap in time, so it is too wide rather than too narrow.
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
