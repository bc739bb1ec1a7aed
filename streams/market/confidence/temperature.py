"""Calibration by temperature scaling, learned from matured labels."""

from dataclasses import dataclass

from streams.market.confidence.parameters import TemperatureParameters
from streams.market.fixed_share import updated_weight
from streams.scoring.logistic import probability


@dataclass
class TemperatureState:
    """The slope, its Fisher information, and how far it is applied.

    Attributes:
        slope: factor on the log-odds; below 1 the raw probability is overconfident.
        information: exponentially weighted Fisher information of the slope.
        trust: probability that the slope helps: fraction of its distance from 1 that is applied, 0 to 1.
    """

    slope: float
    information: float
    trust: float


class Temperature:
    """Calibrator that multiplies log-odds by a slope learned by recursive maximum likelihood, in proportion to `trust`.

    There is no intercept: on overlapping labels it would follow the last moves, which was measured to cost accuracy.

    >>> calibration = Temperature(TemperatureParameters(prior=1.0))
    >>> state = calibration.start()
    >>> calibration.apply(state, 2.0)
    0.8807970779778823
    >>> calibration.learn(state, 2.0, up=False)  # sure of itself and wrong
    >>> round(state.slope, 2), state.trust  # the slope was 1 until now: no evidence that another one helps
    (0.2, 0.1)
    >>> round(calibration.apply(state, 2.0), 3)  # slope 1 - 0.1 * 0.8
    0.863

    References:
        Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks: temperature scaling.
        Ljung and Söderström (1983), Theory and practice of recursive identification, on the recursion.
    """

    def __init__(self, parameters: TemperatureParameters) -> None:
        self._parameters = parameters
        self._fresh = 1.0 / parameters.memory

    def start(self) -> TemperatureState:
        """Slope 1: probabilities are taken as they are."""
        return TemperatureState(1.0, self._parameters.prior, self._parameters.trust)

    def apply(self, state: TemperatureState, log_odds: float) -> float:
        """Calibrated probability for raw log-odds."""
        return probability((1.0 + state.trust * (state.slope - 1.0)) * log_odds)

    def learn(self, state: TemperatureState, log_odds: float, up: bool, uniqueness: float = 1.0) -> None:
        """Learn one label, weighted by its uniqueness (0 to 1), with the raw log-odds at prediction time."""
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
