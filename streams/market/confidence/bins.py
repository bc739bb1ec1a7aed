"""Calibrator `bins`: moves a confidence (probability of the predicted side) towards the accuracy observed there.

It suits models whose confidence is wrong in a way that a single factor on the log-odds cannot correct.
"""

from dataclasses import dataclass
from typing import Final

from streams.market.confidence.parameters import BinsParameters
from streams.scoring.logistic import probability


@dataclass
class BinsState:
    """What was observed in each bin of confidences; a label is the known outcome of a prediction.

    Attributes:
        counts: number of labels in each bin; recent labels count more.
        errors: number of right predictions in each bin, less the sum of the confidences of all its predictions, right
            or wrong; recent labels count more.
    """

    counts: list[float]
    errors: list[float]


class Bins:
    """Calibrator that shifts the confidence in each bin by the difference between observed accuracy and confidence.

    The confidence is the probability of the more probable side, 0.5 to 1. Upward and downward predictions share the
    bins, so opposite log-odds give opposite probabilities (0.6 and 0.4). The shift is small while a bin has few labels
    (known outcomes). An upward prediction never becomes a downward one.

    >>> calibration = Bins(BinsParameters(prior=1.0))
    >>> state = calibration.start()
    >>> calibration.apply(state, 2.0)
    0.8807970779778823
    >>> calibration.learn(state, 2.0, up=False)  # a confident prediction that was wrong
    >>> calibration.apply(state, 2.0), calibration.apply(state, 0.5)  # only the bin of 0.88 has a label
    (0.5, 0.6224593312018546)
    >>> for _ in range(9):
    ...     calibration.learn(state, -2.0, up=False)
    >>> round(calibration.apply(state, 2.0), 3)  # 9 of 10 predictions were right
    0.899

    References:
        Zadrozny and Elkan (2001), Obtaining calibrated probability estimates: histogram binning.
    """

    def __init__(self, parameters: BinsParameters) -> None:
        self._bins = parameters.bins
        self._prior = parameters.prior
        self._fresh = 1.0 / parameters.memory

    def start(self) -> BinsState:
        """Return the state before anything was learned, with which probabilities stay as they are."""
        return BinsState([0.0] * self._bins, [0.0] * self._bins)

    def apply(self, state: BinsState, log_odds: float) -> float:
        """Return the calibrated probability of an upward move for uncalibrated log-odds."""
        if log_odds == 0.0:
            return 0.5
        confidence = probability(abs(log_odds))
        at = self._at(confidence)
        shifted = confidence + state.errors[at] / (state.counts[at] + self._prior)
        shifted = 0.5 if shifted < 0.5 else min(shifted, _SUREST)
        return shifted if log_odds > 0.0 else 1.0 - shifted

    def learn(self, state: BinsState, log_odds: float, up: bool, uniqueness: float = 1.0) -> None:
        """Learn from one label, the known outcome of a prediction; log-odds of 0 teach nothing.

        Args:
            state: what was observed in each bin, which is changed.
            log_odds: uncalibrated log-odds of an upward move when the prediction was made.
            up: whether the mid then moved up.
            uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat each other.
        """
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
