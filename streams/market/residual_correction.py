"""Residual correction: a Bayesian logistic regression that corrects the pooled log-odds of the experts.

The experts are the rule strategies and the model.
"""

from dataclasses import dataclass
from typing import Final

from streams.market.fixed_share import updated_weight
from streams.market.parameters import CorrectionParameters
from streams.scoring.logistic import LIMIT, probability

LARGEST: Final = 1e100
"""Largest magnitude of a number that updates weights and covariance; products of larger ones could overflow."""


@dataclass
class ResidualCorrectionState:
    """What the residual correction has learned from outcomes so far.

    The residual correction is a regression that corrects pooled log-odds. What is known of its weights is expressed by
    a normal distribution.

    Attributes:
        weights: mean of each weight, in log-odds of an upward move per unit of the scaled feature.
        covariance: lower triangle of the covariance matrix of the weights, row by row.
        trust: probability that the correction makes predictions better, 0 to 1; this fraction of the correction is
            applied.
    """

    weights: list[float]
    covariance: list[float]
    trust: float


class ResidualCorrection:
    """Computes the residual correction, which is added to the pooled log-odds of the experts, and learns its weights.

    The experts are the rule strategies and the model. The correction is `trust * (weights . features)`, with features
    scaled to a mean square of 1. A label (known outcome of a prediction) changes the weights by one Newton step
    (extended Kalman filter), so no step size has to be chosen. The label also changes `trust`, the probability that the
    corrected log-odds are better than the uncorrected ones. There is no intercept, so that a mirrored market, where
    rises are falls, gets the correction with the opposite sign.

    Args:
        parameters: prior variance of the weights, and how `trust` starts and returns to its start.
        features: number of features, which is also the number of weights.

    >>> correction = ResidualCorrection(CorrectionParameters(variance=1.0), features=2)
    >>> state = correction.start()
    >>> correction.log_odds(state, [1.0, 0.0])
    0.0
    >>> _ = correction.learn(state, [1.0, 0.0], offset=0.0, corrected=0.0, up=True, uniqueness=1.0)
    >>> state.weights, correction.covariance(state)  # variance 1 / (1 + 0.5 * 0.5) = 0.8, weight 0.8 * (1 - 0.5)
    ([0.4, 0.0], [[0.8, 0.0], [0.0, 1.0]])

    References:
        Fahrmeir (1992), Posterior mode estimation by extended Kalman filtering for multivariate dynamic generalized
        linear models, equation 2.7.
    """

    def __init__(self, parameters: CorrectionParameters, features: int) -> None:
        self._variance = parameters.variance
        self._prior = parameters.trust
        self._share = parameters.share
        self._features = features

    def start(self) -> ResidualCorrectionState:
        """Return the state before anything was learned, whose weights of 0 correct nothing."""
        many = self._features
        covariance = [self._variance if row == column else 0.0 for row in range(many) for column in range(row + 1)]
        return ResidualCorrectionState([0.0] * many, covariance, self._prior)

    def covariance(self, state: ResidualCorrectionState) -> list[list[float]]:
        """Return the whole covariance matrix of the weights, with a row and a column for each feature."""
        places = range(self._features)
        return [
            [state.covariance[max(row, column) * (max(row, column) + 1) // 2 + min(row, column)] for column in places]
            for row in places
        ]

    def log_odds(self, state: ResidualCorrectionState, scaled: list[float]) -> float:
        """Return the full correction in log-odds, -13.8 to 13.8, before it is multiplied by `trust`.

        Args:
            state: what was learned so far.
            scaled: scaled features, in the order of the weights; further numbers are ignored. If one of them is NaN,
                the correction is 0.
        """
        total = 0.0
        for index, weight in enumerate(state.weights):
            total += weight * scaled[index]
        # NaN fails every comparison: features that are not finite correct nothing.
        return total if -LIMIT < total < LIMIT else LIMIT if total > 0.0 else -LIMIT if total < 0.0 else 0.0

    def learn(
        self,
        state: ResidualCorrectionState,
        scaled: list[float],
        offset: float,
        corrected: float,
        up: bool,
        uniqueness: float,
    ) -> bool:
        """Learn from one label, the known outcome of a prediction; if a feature is not finite, nothing is learned.

        Args:
            state: what was learned so far, which is changed.
            scaled: scaled features when the prediction was made.
            offset: pooled log-odds of the experts when the prediction was made.
            corrected: full correction when the prediction was made, log-odds.
            up: whether the mid then moved up.
            uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat each other.

        Returns:
            False if the numbers left their range and the state has been reset; otherwise True.
        """
        if self._variance == 0.0:
            return True
        many = self._features
        length = 0.0
        for row in range(many):
            length += scaled[row] * scaled[row]
        if not length < 1e300:
            # NaN fails the comparison too: features that are not finite are not learned from.
            return True
        covariance = state.covariance
        gain = []
        for row in range(many):
            total = 0.0
            # Along the row of the triangle to the diagonal, then down the column: the matrix is symmetric.
            at = row * (row + 1) // 2
            for column in range(many):
                total += covariance[at] * scaled[column]
                at += 1 if column < row else column + 1
            gain.append(total)
        along = 0.0
        for row in range(many):
            along += gain[row] * scaled[row]
        expected = probability(offset + self.log_odds(state, scaled))
        information = uniqueness * expected * (1.0 - expected)
        divisor = 1.0 + information * max(0.0, along)
        step = uniqueness * (up - expected) / divisor
        weights = state.weights
        learned = information / divisor
        # Where the step is sound, so is all that it moves: weights and covariance are moved by products with it.
        if not (-LARGEST < step < LARGEST and -LARGEST < along < LARGEST):
            fresh = self.start()
            state.weights, state.covariance, state.trust = fresh.weights, fresh.covariance, fresh.trust
            return False
        at = 0
        for row in range(many):
            each = gain[row]
            weights[row] += step * each
            for column in range(row + 1):
                covariance[at] -= each * gain[column] * learned
                at += 1
        with_it, without = probability(offset + corrected), probability(offset)
        state.trust = updated_weight(state.trust, with_it, without, up, uniqueness, self._prior, self._share)
        return True
