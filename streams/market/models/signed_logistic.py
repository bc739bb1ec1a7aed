"""Logistic regression for the direction of the next price move, treating up and down alike.

The regression has no intercept, and its features change their sign in a mirrored market, where rises are falls and bids
are asks. So a mirrored market always gets the opposite probability: 0.6 becomes 0.4.
"""

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
    """The learned numbers of one logistic regression; each list is in the order of the regression's features.

    Attributes:
        weights: weight of each feature, in log-odds of an upward move per unit of the scaled feature.
        mean_squares: running mean square of each feature. The mean of the feature is not subtracted, since that would
            treat up and down differently.
        scales: factor by which each feature is multiplied: 1 over the root of its mean square; 0 for a feature that was
            always 0.
        n_seen: number of labels (known outcomes, up or down) learned from.
    """

    weights: list[float]
    mean_squares: list[float]
    scales: list[float]
    n_seen: int = 0

    @property
    def sound(self) -> bool:
        """Whether every weight and every mean square is finite.

        A model with a number that is not finite gives the probability 0.5 and no longer learns.
        """
        total = 0.0
        for each in self.weights:
            total += each
        for each in self.mean_squares:
            total += each
        # A sum that is NaN or infinite differs from itself less itself; each number is then looked at alone.
        return total - total == 0.0 or all(map(isfinite, (*self.weights, *self.mean_squares)))


def fresh(features: Sequence[str] = SIGNED) -> SignedLogistic:
    """Return a model over `features` that has learned nothing: all weights, mean squares and scales are 0."""
    zeros = [0.0] * len(features)
    return SignedLogistic(zeros, list(zeros), list(zeros))


def start(parameters: SignedLogisticParameters) -> SignedLogistic:
    """Return a model with the starting weights `parameters.prior`, which has not learned from any outcome yet.

    >>> model = start(SignedLogisticParameters(features=("return_10", "queue_imbalance")))
    >>> model.weights, model.n_seen  # by default only `queue_imbalance` has a starting weight
    ([0.0, 1.2], 0)
    """
    model = fresh(parameters.features)
    model.weights = [parameters.prior.get(name, 0.0) for name in parameters.features]
    return model


def from_wire(state: SignedLogisticState, features: tuple[str, ...] = SIGNED) -> SignedLogistic:
    """Return the model that a record holds, ready to predict and learn.

    Args:
        state: the model's numbers as they were sent or stored.
        features: names of the features that the model must have, in this order.

    Raises:
        ValueError: `state` has other features, or numbers that are missing or out of range; the message says which.
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
    """Return a model's numbers as a record that can be sent or stored.

    `from_wire` turns the record back into the same model, bit for bit.

    Args:
        model: the model.
        features: names of the model's features, in the order of its weights.
    """
    return SignedLogisticState(features, tuple(model.weights), tuple(model.mean_squares), model.n_seen)


class SignedLogisticLearner:
    """Predicts with `SignedLogistic` models and teaches these models; the learner itself holds no learned numbers.

    A learning step equals that of River's `LogisticRegression` with `SGD` and `InverseScaling` to the last bit; a test
    compares the two. The step is written out here so that a model is plain lists of numbers to store, send and compare.

    Args:
        parameters: how models learn.
        times: factor on `parameters.learning_rate`, for a learner that learns faster or more slowly.

    >>> learner, model = SignedLogisticLearner(SignedLogisticParameters(learning_rate=0.1)), fresh()
    >>> features = [1.0] * len(SIGNED)
    >>> learner.opinion(model, features)  # all weights are 0
    0.5
    >>> learner.learn(model, features, up=True)
    >>> round(learner.opinion(model, features), 4)  # each of the 12 weights is now 0.1 * (1 - 0.5)
    0.6457
    >>> round(learner.opinion(model, [-each for each in features]), 4)  # all signs changed: 1 - 0.6457
    0.3543
    """

    def __init__(self, parameters: SignedLogisticParameters, times: float = 1.0) -> None:
        self._learns = parameters.learns
        self._memory = parameters.scale_memory
        self._rate = times * parameters.learning_rate
        self._decay = parameters.learning_rate_decay

    def opinion(self, model: SignedLogistic, features: list[float]) -> float:
        """Return the model's probability of an upward move, 0 to 1; 0.5 if its numbers are not finite.

        Args:
            model: the model.
            features: unscaled values of the model's features in the model's order, then any others, which are ignored.
        """
        return self.opinion_on(model, self.scaled(model, features))

    def scaled(self, model: SignedLogistic, features: list[float]) -> list[float]:
        """Return the inputs of the regression: each feature divided by its root mean square and clipped to -5 to 5.

        A feature that was always 0 while the model learned gives 0.

        Args:
            model: the model, which holds the mean squares.
            features: unscaled values of the model's features in the model's order, then any others, which are ignored.
        """
        return [
            CLIP if (scaled := features[index] * scale) > CLIP else -CLIP if scaled < -CLIP else scaled
            for index, scale in enumerate(model.scales)
        ]

    def opinion_on(self, model: SignedLogistic, scaled: list[float]) -> float:
        """Return the model's probability of an upward move, 0 to 1, from features that are already scaled.

        Args:
            model: the model; with numbers that are not finite it gives 0.5.
            scaled: the return value of the method `scaled` for this model.
        """
        log_odds = 0.0
        for index, weight in enumerate(model.weights):
            log_odds += weight * scaled[index]
        # NaN fails every comparison: broken weights give no opinion.
        return probability(log_odds) if -1e300 < log_odds < 1e300 else 0.5

    def learn(self, model: SignedLogistic, features: list[float], up: bool, uniqueness: float = 1.0) -> None:
        """Learn from one label, the known outcome of a prediction.

        The mean squares of the features are updated first, then the weights by one step of gradient descent. Nothing
        happens if `parameters.learns` is False, or if a number of the model is not finite.

        Args:
            model: the model, which is changed.
            features: unscaled values of the model's features when the prediction was made, in the model's order, then
                any others, which are ignored.
            up: whether the mid then moved up.
            uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat each other.
        """
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
    """Return the derivative of the log-loss with respect to the log-odds, -1 to 1."""
    sign = 1.0 if up else -1.0
    towards = log_odds * sign
    if towards > 18.0:
        return exp(-towards) * -sign
    if towards < -18.0:
        return -sign
    return -sign / (exp(towards) + 1.0)


def _scale(mean_square: float) -> float:
    return 1.0 / sqrt(mean_square) if mean_square > 1e-30 else 0.0
