"""Adaptive conformal sets: those of the two sides, up and down, that are too probable to be excluded.

If a set holds both sides or none, no position should be taken: the prediction stands aside.
"""

from dataclasses import dataclass
from typing import Final

from streams.market.confidence.parameters import ConformalParameters

BINS: Final = 50
"""Bins of the histogram of scores over 0 to 1: thresholds are rounded up to the edge of a bin."""


@dataclass
class ConformalState:
    """What was learned about the scores of past outcomes, and the threshold computed from this.

    The score of a side (up or down) is 1 less the probability predicted for it, so a surprise has a high score.

    Attributes:
        counts: number of outcomes by their score, in 50 equal bins from 0 to 1; recent outcomes count more.
        level: fraction of outcomes that may at present have a score above the threshold. It is raised and lowered so
            that in the long run the fraction is `1 - coverage`, where `coverage` is a parameter.
        threshold: a side is in the conformal set if its score is at most this. At -1 every set is empty, at 1 it holds
            both sides.
        seen: number of outcomes learned from.
        covered: number of outcomes whose side was in the set.
    """

    counts: list[float]
    level: float
    threshold: float
    seen: int = 0
    covered: int = 0


class Conformal:
    """Computes conformal sets: the sides, up and down, that are probable enough not to be excluded.

    A set with one side is a clear prediction. A set with both sides or none means that no position should be taken.

    A label is the known outcome of a prediction. However the market changes, the fraction of labels whose side is in
    the set stays close to `coverage`. After n labels the difference is at most `1 / (step * n)`, and a little more
    because labels are known only some time after their predictions.

    >>> conformal = Conformal(ConformalParameters(coverage=0.9, step=0.02))
    >>> state = conformal.start()
    >>> conformal.stands_aside(state, 0.999)  # before the first label the set holds both sides
    True
    >>> for _ in range(200):
    ...     conformal.learn(state, 0.8, state.threshold, up=True)
    >>> state.threshold, conformal.stands_aside(state, 0.85), conformal.stands_aside(state, 0.7)
    (0.2, False, True)
    >>> state.covered / state.seen
    1.0

    References:
        Gibbs and Candès (2021), Adaptive conformal inference under distribution shift, equation 2 and proposition 4.1.
    """

    def __init__(self, parameters: ConformalParameters) -> None:
        self._outside = 1.0 - parameters.coverage
        self._step = parameters.step
        self._kept = 1.0 - 1.0 / parameters.memory

    def start(self) -> ConformalState:
        """Return the state before anything was learned, with which every set holds both sides, up and down."""
        return ConformalState([0.0] * BINS, self._outside, 1.0)

    def stands_aside(self, state: ConformalState, probability: float) -> bool:
        """Whether the conformal set (the sides, up or down, that are probable enough) holds both sides or none.

        If so, no position should be taken.

        Args:
            state: what was learned from earlier predictions and their outcomes.
            probability: calibrated probability of an upward move.
        """
        threshold = state.threshold
        return (1.0 - probability <= threshold) is (probability <= threshold)

    def learn(self, state: ConformalState, probability: float, threshold: float, up: bool) -> None:
        """Learn from one label (known outcome of a prediction), and compute a new threshold in `state`.

        Args:
            state: what was learned from earlier labels, which is changed.
            probability: calibrated probability of an upward move when the prediction was made.
            threshold: `state.threshold` when the prediction was made.
            up: whether the mid then moved up.
        """
        score = 1.0 - probability if up else probability
        outside = score > threshold
        state.seen += 1
        state.covered += not outside
        state.level += self._step * (self._outside - outside)
        kept = self._kept
        counts = state.counts = [kept * count for count in state.counts]
        counts[min(int(score * BINS), BINS - 1)] += 1.0
        state.threshold = _quantile(counts, 1.0 - state.level)


def _quantile(counts: list[float], part: float) -> float:
    """Return the upper edge of the bin below which a fraction `part` of the scores lies; 1 if `part` is 1 or more.

    A `part` of 0 or less gives -1, a threshold that no score can meet.
    """
    if part >= 1.0:
        return 1.0
    if part <= 0.0:
        return -1.0
    left = part * (sum(counts) + 1.0)
    for index, count in enumerate(counts):
        left -= count
        if left <= 0.0:
            return (index + 1) / BINS
    return 1.0
