"""What the experts miss together: a Bayesian logistic regression on top of their pooled opinion."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from streams.logistic import LIMIT, probability
from streams.trust import believed


class CorrectionParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far the experts are corrected.

    Attributes:
        variance: prior variance of each weight, for features scaled to a mean square of 1; 0 switches it off.
        trust: part of the correction that is applied at first.
        share: part of the trust that goes back to that at a label of worth 1.
    """

    variance: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.4
    trust: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.1
    share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.005


class CorrectionState(Struct, array_like=True):
    """Belief about the weights, and about whether they help.

    Attributes:
        weights: posterior mean, log-odds for each scaled feature.
        covariance: posterior covariance as the bytes of its doubles, row by row; `Correction.covariance` reads them.
        trust: part of the correction that is applied, 0 to 1.
    """

    weights: list[float]
    covariance: bytes
    trust: float


class Correction:
    """Adds `trust * weights . features` to log-odds; each label moves weights, covariance and trust.

    The weights are learned with the experts' log-odds as an offset, by the extended Kalman filter: one Newton step
    from the belief so far, without a step size. The trust is the belief that the corrected opinion is better than the
    uncorrected one (`streams.trust`). There is no intercept: a mirrored market gives the mirrored correction.

    >>> correction = Correction(CorrectionParameters(variance=1.0), features=2)
    >>> state = correction.start()
    >>> correction.log_odds(state, [1.0, 0.0])
    0.0
    >>> correction.learn(state, [1.0, 0.0], offset=0.0, corrected=0.0, up=True, worth=1.0)
    >>> state.weights, correction.covariance(state).tolist()  # p (1 - p) = 1/4: 1 / (1 + 1/4), weight 0.8 * 0.5
    ([0.4, 0.0], [[0.8, 0.0], [0.0, 1.0]])

    References:
        Fahrmeir (1992), Posterior mode estimation by extended Kalman filtering for multivariate dynamic generalized
        linear models, equation 2.7.
    """

    def __init__(self, parameters: CorrectionParameters, features: int) -> None:
        self._parameters = parameters
        self._features = features

    def start(self) -> CorrectionState:
        """Weights of 0: the experts are taken as they are."""
        covariance = np.eye(self._features) * self._parameters.variance
        return CorrectionState([0.0] * self._features, covariance.tobytes(), self._parameters.trust)

    def covariance(self, state: CorrectionState) -> NDArray[np.float64]:
        """Posterior covariance, one row and column a feature; read only."""
        return np.ndarray((self._features, self._features), np.float64, state.covariance)

    def log_odds(self, state: CorrectionState, scaled: Sequence[float]) -> float:
        """Correction in full, before the trust; `scaled` may go on beyond the features."""
        total = 0.0
        for weight, value in zip(state.weights, scaled, strict=False):
            total += weight * value
        # NaN fails every comparison: features that are broken correct nothing.
        return total if -LIMIT < total < LIMIT else LIMIT if total > 0.0 else -LIMIT if total < 0.0 else 0.0

    def learn(
        self,
        state: CorrectionState,
        scaled: Sequence[float],
        offset: float,
        corrected: float,
        up: bool,
        worth: float,
    ) -> None:
        """Take one label.

        Args:
            state: to be moved.
            scaled: features as they were when it was predicted, scaled.
            offset: pooled log-odds of the experts at that time.
            corrected: correction in full at that time.
            up: whether the mid moved up.
            worth: of the label, see `Overlap`.
        """
        if self._parameters.variance == 0.0:
            return
        if not sum([value * value for value in scaled[: self._features]]) < 1e300:
            # NaN fails the comparison too: broken features teach nothing.
            return
        covariance = self.covariance(state)
        values = np.array(scaled[: self._features])
        # Down the rows, so that each sum adds up in the same order on every machine: the matrix is symmetric.
        gain = np.add.reduce(covariance * values[:, None], 0)
        gains = gain.tolist()
        along = 0.0
        for each, value in zip(gains, scaled, strict=False):
            along += each * value
        expected = probability(offset + self.log_odds(state, scaled))
        information = worth * expected * (1.0 - expected)
        divisor = 1.0 + information * max(0.0, along)
        step = worth * (up - expected) / divisor
        weights = state.weights
        for index, each in enumerate(gains):
            weights[index] += step * each
        learned = np.multiply.outer(gain, gain)
        learned *= information / divisor
        state.covariance = (covariance - learned).tobytes()
        parameters = self._parameters
        state.trust = believed(
            state.trust,
            probability(offset + corrected),
            probability(offset),
            up,
            worth,
            parameters.trust,
            parameters.share,
        )
