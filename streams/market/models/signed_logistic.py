"""Antisymmetric logistic regression: mirrored features give the mirrored probability, by construction."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, sqrt
from typing import Final

from schemas.models import SignedLogisticState
from streams.market.features import SIGNED
from streams.market.models.parameters import SignedLogisticParameters
from streams.scoring.logistic import probability

CLIP: Final = 5.0
"""Magnitude to which scaled features are clipped, so that one outlier does not move the weights for good."""

LARGEST: Final = 1e6
"""Largest weight of a valid model, log-odds for a feature of one standard deviation."""


@dataclass
class SignedLogistic:
    """A model's numbers, in the order of `SignedLogisticParameters.features`.

    Attributes:
        weights: log-odds for each scaled feature.
        mean_squares: mean square of each feature; its root is the scale. Not centred: that would break the symmetry.
        scales: reciprocals of those roots, 0 for a feature that was always 0.
        n_seen: labels learned from.
    """

    weights: list[float]
    mean_squares: list[float]
    scales: list[float]
    n_seen: int = 0

    @property
    def sound(self) -> bool:
        """Whether every number is finite; a model that is not has no opinion and learns no more."""
        total = 0.0
        for each in self.weights:
            total += each
        for each in self.mean_squares:
            total += each
        # A sum that is NaN or infinite differs from itself less itself; each number is then looked at alone.
        return total - total == 0.0 or all(map(isfinite, (*self.weights, *self.mean_squares)))


def fresh(features: Sequence[str] = SIGNED) -> SignedLogistic:
    """Model over these features with weights of 0."""
    zeros = [0.0] * len(features)
    return SignedLogistic(zeros, list(zeros), list(zeros))


def start(parameters: SignedLogisticParameters) -> SignedLogistic:
    """Model with its prior weights, before the first label.

    >>> model = start(SignedLogisticParameters(features=("return_10", "queue_imbalance")))
    >>> model.weights, model.n_seen
    ([0.0, 1.2], 0)
    """
    model = fresh(parameters.features)
    model.weights = [parameters.prior.get(name, 0.0) for name in parameters.features]
    return model


def from_wire(state: SignedLogisticState, features: tuple[str, ...] = SIGNED) -> SignedLogistic:
    """Model over `features` from its state on the wire.

    Raises:
        ValueError: the numbers are not those of a valid model over `features`; the message says why.
    """
    if state.features != features:
        raise ValueError(f"expected the features {', '.join(features)}, was {', '.join(state.features) or 'none'}")
    if not len(state.weights) == len(state.mean_squares) == len(features):
        raise ValueError(
            f"expected {len(features)} weights and mean squares, was {len(state.weights)} and {len(state.mean_squares)}"
        )
    model = SignedLogistic(
        list(state.weights), list(state.mean_squares), [_scale(each) for each in state.mean_squares], state.n_seen
    )
    if not (
        all(abs(weight) <= LARGEST for weight in state.weights)
        and all(0.0 <= mean_square <= LARGEST**4 for mean_square in state.mean_squares)
        and 0 <= state.n_seen < 2**62
    ):
        raise ValueError(
            f"expected weights from -{LARGEST:g} to {LARGEST:g}, mean squares from 0 to {LARGEST**4:g} and a count "
            "of labels from 0 on, was something else"
        )
    return model


def to_wire(model: SignedLogistic, features: tuple[str, ...] = SIGNED) -> SignedLogisticState:
    """State on the wire of a model over `features`; `from_wire` gives the same model back, bit for bit."""
    return SignedLogisticState(features, tuple(model.weights), tuple(model.mean_squares), model.n_seen)


class SignedLogisticLearner:
    """Opinions and learning steps of `SignedLogistic` models; it holds no numbers of its own.

    Args:
        parameters: how models learn.
        times: factor on the learning rate.

    The step is that of River's `LogisticRegression` with `SGD` and `InverseScaling`, written out because a model here
    is a list of numbers that can be stored, sent and compared; a test holds both equal to the last bit.

    >>> learner, model = SignedLogisticLearner(SignedLogisticParameters(learning_rate=0.1)), fresh()
    >>> features = [1.0] * len(SIGNED)
    >>> learner.opinion(model, features)
    0.5
    >>> learner.learn(model, features, up=True)
    >>> round(learner.opinion(model, features), 4)  # every weight went from 0 to 0.1 * (1 - 0.5)
    0.6457
    >>> round(learner.opinion(model, [-each for each in features]), 4)
    0.3543
    """

    def __init__(self, parameters: SignedLogisticParameters, times: float = 1.0) -> None:
        self._learns = parameters.learns
        self._memory = parameters.scale_memory
        self._rate = times * parameters.learning_rate
        self._decay = parameters.learning_rate_decay

    def opinion(self, model: SignedLogistic, features: list[float]) -> float:
        """Probability of an upward move; `features` may go on beyond those of the model."""
        return self.opinion_on(model, self.scaled(model, features))

    def scaled(self, model: SignedLogistic, features: list[float]) -> list[float]:
        """Features in units of their root mean square, clipped: the input of the regression."""
        return [
            CLIP if (scaled := features[index] * scale) > CLIP else -CLIP if scaled < -CLIP else scaled
            for index, scale in enumerate(model.scales)
        ]

    def opinion_on(self, model: SignedLogistic, scaled: list[float]) -> float:
        """Probability of an upward move from scaled features, as the method `scaled` returns them."""
        log_odds = 0.0
        for index, weight in enumerate(model.weights):
            log_odds += weight * scaled[index]
        # NaN fails every comparison: broken weights give no opinion.
        return probability(log_odds) if -1e300 < log_odds < 1e300 else 0.5

    def learn(self, model: SignedLogistic, features: list[float], up: bool, uniqueness: float = 1.0) -> None:
        """Learn one label, weighted by its uniqueness (0 to 1), with the features at prediction time."""
        if not self._learns or not model.sound:
            return
        model.n_seen += 1
        fresh = 1.0 / min(model.n_seen, self._memory)
        mean_squares = model.mean_squares
        scales = model.scales
        weights = model.weights
        scaled = []
        log_odds = 0.0
        for index in range(len(weights)):
            value = features[index]
            mean_squares[index] = mean = mean_squares[index] + fresh * (value * value - mean_squares[index])
            scales[index] = scale = _scale(mean)
            value = max(-CLIP, min(CLIP, value * scale))
            scaled.append(value)
            log_odds += weights[index] * value
        gradient = uniqueness * _gradient(log_odds, up)
        rate = self._rate / float(model.n_seen) ** self._decay
        for index in range(len(weights)):
            weights[index] -= rate * (gradient * scaled[index])


def _gradient(log_odds: float, up: bool) -> float:
    """Derivative of the log-loss with respect to the log-odds."""
    sign = 1.0 if up else -1.0
    towards = log_odds * sign
    if towards > 18.0:
        return exp(-towards) * -sign
    if towards < -18.0:
        return -sign
    return -sign / (exp(towards) + 1.0)


def _scale(mean_square: float) -> float:
    return 1.0 / sqrt(mean_square) if mean_square > 1e-30 else 0.0
