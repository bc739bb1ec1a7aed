"""Antisymmetric logistic regression: mirrored features give the mirrored probability, by construction."""

from collections.abc import Sequence
from math import isfinite, sqrt
from typing import Annotated

from msgspec import Meta, Struct, field
from river.linear_model import LogisticRegression
from river.optim import SGD
from river.optim.schedulers import InverseScaling
from river.utils import VectorDict

from schemas.models import SignedLogisticState
from streams.features import SIGNED
from streams.logistic import probability

CLIP = 5.0
"""Scaled features beyond this magnitude count as this: one outlier must not move the weights for good."""

LARGEST = 1e6
"""Weights beyond this are no model: one standard deviation would be worth a million log-odds."""


class SignedLogisticParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the model learns.

    Attributes:
        features: names of the signed features that it looks at.
        learning_rate: first step of the stochastic gradient, for features scaled to a mean square of 1.
        learning_rate_decay: label n is learned with `learning_rate / n ** learning_rate_decay`, times its worth.
        prior: weights that it starts from, log-odds for each scaled feature; 0 for those that are not named.
        scale_memory: labels that the mean square of each feature looks back on.
        learns: whether labels change it while it runs; if not, only a directive brings another model.
    """

    features: tuple[str, ...] = SIGNED
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.2
    learning_rate_decay: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.25
    prior: dict[str, float] = field(default_factory=lambda: {"queue_imbalance": 1.2})
    scale_memory: Annotated[int, Meta(ge=1)] = 5_000
    learns: bool = True


class SignedLogistic(Struct, array_like=True):
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
        return all(map(isfinite, self.weights)) and all(map(isfinite, self.mean_squares))


def fresh(features: Sequence[str] = SIGNED) -> SignedLogistic:
    """Model over these features that has learned nothing."""
    zeros = [0.0] * len(features)
    return SignedLogistic(zeros, list(zeros), list(zeros))


def start(parameters: SignedLogisticParameters) -> SignedLogistic:
    """Model that knows its prior and has seen nothing.

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
        ValueError: with a sentence, when the numbers cannot be those of a model over `features`.
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

    River takes the gradient step. Its object is filled with a model's weights for each step, so that the model stays
    a list of numbers that can be stored, sent and compared.

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

    def __init__(self, parameters: SignedLogisticParameters) -> None:
        self._features = parameters.features
        self._learns = parameters.learns
        self._memory = parameters.scale_memory
        schedule = InverseScaling(parameters.learning_rate, parameters.learning_rate_decay)
        self._river = LogisticRegression(SGD(schedule), intercept_lr=0.0)

    def opinion(self, model: SignedLogistic, features: Sequence[float]) -> float:
        """Probability of an upward move; `features` may go on beyond those of the model."""
        return self.opinion_on(model, self.scaled(model, features))

    def scaled(self, model: SignedLogistic, features: Sequence[float]) -> list[float]:
        """Features as the model sees them, in units of their root mean square and clipped."""
        return [
            CLIP if (scaled := value * scale) > CLIP else -CLIP if scaled < -CLIP else scaled
            for scale, value in zip(model.scales, features, strict=False)
        ]

    def opinion_on(self, model: SignedLogistic, scaled: Sequence[float]) -> float:
        """Probability of an upward move, given what `scaled` answered."""
        log_odds = 0.0
        for weight, value in zip(model.weights, scaled, strict=True):
            log_odds += weight * value
        # NaN fails every comparison: broken weights give no opinion.
        return probability(log_odds) if -1e300 < log_odds < 1e300 else 0.5

    def learn(self, model: SignedLogistic, features: Sequence[float], up: bool, worth: float = 1.0) -> None:
        """Take one label with the features as they were when it was predicted, and what it is worth (`Overlap`)."""
        if not self._learns or not model.sound:
            return
        model.n_seen += 1
        fresh = 1.0 / min(model.n_seen, self._memory)
        mean_squares = model.mean_squares
        scales = model.scales
        scaled = {}
        for index, name in enumerate(self._features):
            value = features[index]
            mean_squares[index] = mean = mean_squares[index] + fresh * (value * value - mean_squares[index])
            scales[index] = scale = _scale(mean)
            scaled[name] = max(-CLIP, min(CLIP, value * scale))
        river = self._river
        # River has no public way to set weights; a test holds this one equal to a River model that was never emptied.
        river._weights = VectorDict(dict(zip(self._features, model.weights, strict=True)))
        river.optimizer.n_iterations = model.n_seen - 1
        river.learn_one(scaled, up, w=worth)
        model.weights = list(river.weights.values())


def _scale(mean_square: float) -> float:
    return 1.0 / sqrt(mean_square) if mean_square > 1e-30 else 0.0
