"""Probabilities that mean what they say, by counting: for models whose scores no slope can set right."""

from dataclasses import dataclass
from typing import Final

from streams.market.confidence.parameters import BinsParameters
from streams.scoring.logistic import probability


@dataclass
class BinsState:
    """What became of the predictions in each bin.

    Attributes:
        counts: labels, exponentially weighted.
        errors: accuracy less confidence, summed with the same weights.
    """

    counts: list[float]
    errors: list[float]


class Bins:
    """Shifts the confidence of each bin to the accuracy that it had.

    Both sides share the bins (they are folded at one half), so a mirrored market gives the mirrored probability. The
    shift shrinks towards 0 while a bin is young, and a side is never exchanged.

    >>> calibration = Bins(BinsParameters(prior=1.0))
    >>> state = calibration.start()
    >>> calibration.apply(state, 2.0)
    0.8807970779778823
    >>> calibration.learn(state, 2.0, up=False)  # sure of itself and wrong
    >>> calibration.apply(state, 2.0), calibration.apply(state, 0.5)
    (0.5, 0.6224593312018546)
    >>> for _ in range(9):
    ...     calibration.learn(state, -2.0, up=False)
    >>> round(calibration.apply(state, 2.0), 3)  # 9 of 10 were right, after all
    0.899

    References:
        Zadrozny and Elkan (2001), Obtaining calibrated probability estimates: histogram binning.
    """

    def __init__(self, parameters: BinsParameters) -> None:
        self._bins = parameters.bins
        self._prior = parameters.prior
        self._fresh = 1.0 / parameters.memory

    def start(self) -> BinsState:
        """Empty bins: probabilities are taken as they are."""
        return BinsState([0.0] * self._bins, [0.0] * self._bins)

    def apply(self, state: BinsState, log_odds: float) -> float:
        """Calibrated probability for raw log-odds."""
        if log_odds == 0.0:
            return 0.5
        confidence = probability(abs(log_odds))
        at = self._at(confidence)
        shifted = confidence + state.errors[at] / (state.counts[at] + self._prior)
        shifted = 0.5 if shifted < 0.5 else min(shifted, _SUREST)
        return shifted if log_odds > 0.0 else 1.0 - shifted

    def learn(self, state: BinsState, log_odds: float, up: bool, worth: float = 1.0) -> None:
        """Take one label of some worth with the raw log-odds as they were when it was predicted."""
        if log_odds == 0.0:
            return
        confidence = probability(abs(log_odds))
        at = self._at(confidence)
        kept = 1.0 - worth * self._fresh
        state.counts[at] = kept * state.counts[at] + worth
        state.errors[at] = kept * state.errors[at] + worth * ((up == (log_odds > 0.0)) - confidence)

    def _at(self, confidence: float) -> int:
        return min(int((confidence - 0.5) * 2.0 * self._bins), self._bins - 1)


_SUREST: Final = probability(1e9)
