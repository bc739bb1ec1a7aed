"""The rule to stand aside: adaptive conformal sets of the sides (up, down) that cannot be excluded."""

from dataclasses import dataclass
from typing import Final

from streams.market.confidence.parameters import ConformalParameters

BINS: Final = 50
"""Bins of the histogram of scores over 0 to 1: thresholds are rounded up to the edge of a bin."""


@dataclass
class ConformalState:
    """Histogram of scores, the adapted level, and the coverage so far.

    Attributes:
        counts: exponentially weighted counts of scores in each bin; a score is 1 - probability of what happened.
        level: fraction of labels allowed outside the set now; it is adapted so that the long-run fraction is right.
        threshold: a side with a higher score is excluded.
        seen: labels taken.
        covered: labels whose side was in the set.
    """

    counts: list[float]
    level: float
    threshold: float
    seen: int = 0
    covered: int = 0


class Conformal:
    """Adaptive conformal set of sides: one side alone is a call, both or none mean to stand aside.

    However the market changes, the fraction of labels outside their sets is within `1 / (step * labels)` of
    `1 - coverage`, apart from the few labels that have not matured yet.

    >>> conformal = Conformal(ConformalParameters(coverage=0.9, step=0.02))
    >>> state = conformal.start()
    >>> conformal.stands_aside(state, 0.999)  # nothing is excluded before labels came
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
        """State before the first label: no side can be excluded."""
        return ConformalState([0.0] * BINS, self._outside, 1.0)

    def stands_aside(self, state: ConformalState, probability: float) -> bool:
        """Whether the set holds both sides or none."""
        threshold = state.threshold
        return (1.0 - probability <= threshold) is (probability <= threshold)

    def learn(self, state: ConformalState, probability: float, threshold: float, up: bool) -> None:
        """Learn one label, given the probability and the threshold at prediction time."""
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
    """Upper edge of the bin up to which `part` of the scores lie; below 0 it excludes everything, at 1 nothing."""
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
