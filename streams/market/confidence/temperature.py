"""Calibrator `temperature`: multiplies log-odds by a slope that is learned from the outcomes of predictions."""

from dataclasses import dataclass

from streams.market.confidence.parameters import TemperatureParameters
from streams.market.fixed_share import updated_weight
from streams.scoring.logistic import probability


@dataclass
class TemperatureState:
    """The learned slope, how well it is known, and how much of it is applied.

    Attributes:
        slope: factor on the log-odds; below 1 if the uncalibrated probabilities are too confident.
        information: Fisher information on the slope (inverse variance of the slope); recent labels count more.
        trust: probability that the slope makes predictions better, 0 to 1. The factor applied to log-odds is
            `1 + trust * (slope - 1)`.
    """

    slope: float
    information: float
    trust: float


class Temperature:
    """Calibrator that multiplies log-odds by a slope, which it learns by recursive maximum likelihood.

    The factor that is applied is `1 + trust * (slope - 1)`, where `trust` is the probability that the slope makes
    predictions better. There is no intercept: outcomes overlap in time, so an intercept would follow the last few
    moves. A measurement with an intercept gave a lower accuracy.

    >>> calibration = Temperature(TemperatureParameters(prior=1.0))
    >>> state = calibration.start()
    >>> calibration.apply(state, 2.0)
    0.8807970779778823
    >>> calibration.learn(state, 2.0, up=False)  # a confident prediction that was wrong
    >>> round(state.slope, 2), state.trust  # trust stays: the slope was 1 at this label and changed nothing
    (0.2, 0.1)
    >>> round(calibration.apply(state, 2.0), 3)  # the factor is 1 - 0.1 * 0.8
    0.863

    References:
        Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks: temperature scaling.
        Ljung and Söderström (1983), Theory and practice of recursive identification, on the recursion.
    """

    def __init__(self, parameters: TemperatureParameters) -> None:
        self._parameters = parameters
        self._fresh = 1.0 / parameters.memory

    def start(self) -> TemperatureState:
        """Return the state before anything was learned, with a slope of 1: probabilities stay as they are."""
        return TemperatureState(1.0, self._parameters.prior, self._parameters.trust)

    def apply(self, state: TemperatureState, log_odds: float) -> float:
        """Return the calibrated probability of an upward move for uncalibrated log-odds."""
        return probability((1.0 + state.trust * (state.slope - 1.0)) * log_odds)

    def learn(self, state: TemperatureState, log_odds: float, up: bool, uniqueness: float = 1.0) -> None:
        """Learn from one label, the known outcome of a prediction.

        Args:
            state: the slope as learned so far, which is changed.
            log_odds: uncalibrated log-odds of an upward move when the prediction was made.
            up: whether the mid then moved up.
            uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat each other.
        """
        parameters = self._parameters
        expected = probability(state.slope * log_odds)
        state.trust = updated_weight(
            state.trust, expected, probability(log_odds), up, uniqueness, parameters.trust, parameters.share
        )
        kept = 1.0 - uniqueness * self._fresh
        information = kept * state.information + (1.0 - kept) * parameters.prior
        state.information = information = information + uniqueness * expected * (1.0 - expected) * log_odds * log_odds
        slope = state.slope + uniqueness * (up - expected) * log_odds / information
        state.slope = min(max(slope, parameters.lowest), parameters.highest)
