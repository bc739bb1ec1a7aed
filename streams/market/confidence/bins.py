"""Calibration by histogram binning, for models whose errors a slope cannot correct."""

from dataclasses import dataclass
from typing import Final

from streams.market.confidence.parameters import BinsParameters
from streams.scoring.logistic import probability


@dataclass
class BinsState:
    """Labels and errors of the predictions in each bin.

    Attributes:
        counts: labels, exponentially weighted.
        errors: accuracy less confidence, summed with the same weights.
    """

    counts: list[float]
    errors: list[float]


class Bins:
    """Calibrator that shifts the confidence of each bin to the accuracy observed in it.

    Both sides share the bins (they are folded at one half), so a mirrored market gives the mirrored probability. The
    shift is small while a bin has few labels, and up never becomes down.

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

    def learn(self, state: BinsState, log_odds: float, up: bool, uniqueness: float = 1.0) -> None:
        """Learn one label, weighted by its uniqueness (0 to 1), with the raw log-odds at prediction time."""
        if log_odds == 0.0:
            return
        confidence = probability(abs(log_odds))
        at = self._at(confidence)
        kept = 1.0 - uniqueness * self._fresh
        state.counts[at] = kept * state.counts[at] + uniqueness
        state.errors[at] = kept * state.errors[at] + uniqueness * ((up == (log_odds > 0.0)) - confidence)

    def _at(self, confidence: float) -> int:
        return min(int((confidence - 0.5) * 2.0 * self._bins), self._bins - 1)


_SUREST: Final = probability(1e9)
