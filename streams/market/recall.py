"""Recall: copies of a model from earlier times and a fast learner beside it, which help when the market changes.

The fast learner is a second model, with a higher learning rate.
"""

from dataclasses import dataclass, field
from math import sqrt
from typing import Final

from streams.market.models.parameters import SignedLogisticParameters
from streams.market.models.signed_logistic import SignedLogistic, SignedLogisticLearner
from streams.market.parameters import RecallParameters
from streams.scoring.logistic import HIGHEST, LOWEST, log_odds, probability

LEAST: Final = 0.01
"""Weight below which a copy is not evaluated at each tick; at labels all are."""

LEAST_QUICK: Final = 0.5
"""The same for the fast learner: it is noisy, and while nothing changes it costs accuracy."""


@dataclass
class RecallState:
    """Earlier copies of a model and a fast learner beside it, with the weights by which their predictions are averaged.

    Attributes:
        kept: the copies, oldest first; they do not learn.
        beliefs: weights, which add up to 1: of the model, then of the fast learner if there is one, then of each copy.
        labels: number of labels (known outcomes) since the last copy was made.
        quick: the fast learner, a model with a higher learning rate; None until the first copy is made.
    """

    kept: list[SignedLogistic] = field(default_factory=list)
    beliefs: list[float] = field(default_factory=lambda: [1.0])
    labels: int = 0
    quick: SignedLogistic | None = None

    @property
    def beside(self) -> list[SignedLogistic]:
        """The fast learner (a model with a higher learning rate), if there is one, then the copies of the model.

        Their weights in `beliefs` are in the same order, after the weight of the model itself.
        """
        return self.kept if self.quick is None else [self.quick, *self.kept]


class Recall:
    """Keeps earlier copies of a model, and a fast learner; if one of them fits better, it replaces the model.

    The fast learner is a second model with a higher learning rate.

    A model that goes on learning forgets. When a market returns to an earlier state, the copy from that
    time fits at once, long before the model has learned the same again. When a market changes to something
    new, the fast learner fits first, but its high learning rate keeps its weights noisy. So the model takes
    over these weights and goes on learning at its own lower rate.

    A new copy begins with a small weight (the parameter `share`, by default 0.001), so at first the opinion
    is that of the model alone. With each label (known outcome) that the copy predicts better than the
    model, its weight grows, until the copy replaces the model.

    Args:
        parameters: parameters of recall.
        model: parameters of the model.

    >>> parameters = SignedLogisticParameters(features=("a",), prior={"a": 2.0})
    >>> recall = Recall(RecallParameters(every=10, rate=1.0), parameters)
    >>> model, state = SignedLogistic([2.0], [1.0], [1.0], 100), RecallState()
    >>> for _ in range(10):  # feature `a` is 1 and the mid moves up, as expected; then the model is copied
    ...     recall.learn(state, model, features=[1.0], up=True, uniqueness=1.0)
    >>> model.weights = [-1.0]  # the model forgets
    >>> round(recall.opinion(state, own=0.27, features=[1.0]), 2)
    0.27
    >>> for _ in range(10):
    ...     recall.learn(state, model, features=[1.0], up=True, uniqueness=1.0)
    >>> model.weights  # those of the copy
    [2.0]

    References:
        Herbster and Warmuth (1998), Tracking the best expert: the fixed-share update.
        Bousquet and Warmuth (2002), Tracking a small set of experts by mixing past posteriors: why the past
        is kept.
    """

    def __init__(self, parameters: RecallParameters, model: SignedLogisticParameters) -> None:
        self._parameters = parameters
        self._learner = SignedLogisticLearner(model)
        self._quick = SignedLogisticLearner(model, parameters.quick)

    def opinion(self, state: RecallState, own: float, features: list[float]) -> float:
        """Return the probability of an upward move by the model, its copies and the fast learner together.

        The copies are from earlier times; the fast learner is a model with a higher learning rate. The log-odds of
        model, copies and fast learner are averaged by their weights. A copy with a weight below 0.01 is left out, and
        so is the fast learner with a weight below 0.5.

        Args:
            state: copies, fast learner and weights.
            own: probability by the model.
            features: values of the model's features in the model's order, then any others, which are ignored.
        """
        beliefs = state.beliefs
        if len(beliefs) == 1:
            return own
        belief = beliefs[0]
        pooled = belief * log_odds(own)
        for index, model in enumerate(state.beside, 1):
            least = LEAST_QUICK if index == 1 and state.quick is not None else LEAST
            if beliefs[index] >= least:
                pooled += beliefs[index] * log_odds(self._learner.opinion(model, features))
                belief += beliefs[index]
        return probability(pooled / belief) if 0.0 < belief < 1e300 else own

    def learn(
        self, state: RecallState, model: SignedLogistic, features: list[float], up: bool, uniqueness: float
    ) -> None:
        """Learn from one label, the known outcome of a prediction; a copy or the fast learner may replace the model.

        The weights of the model, its copies and the fast learner (a model with a higher learning rate) are updated. The
        fast learner learns the label; the model itself must learn it afterwards. From time to time the model is copied.

        Args:
            state: copies, fast learner and weights, which are changed.
            model: the model. If a copy or the fast learner has enough weight, the model takes over its numbers.
            features: values of the model's features when the prediction was made, in the model's order, then any
                others, which are ignored.
            up: whether the mid then moved up.
            uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat each other.
        """
        parameters = self._parameters
        if not parameters.most:
            return
        if len(state.beliefs) > 1:
            self._believe(state, model, features, up, uniqueness)
            self._take_up(state, model)
        if state.quick is not None:
            self._quick.learn(state.quick, features, up, uniqueness)
        state.labels += 1
        if state.labels >= parameters.every and model.sound:
            state.labels = 0
            if parameters.quick > 0.0 and state.quick is None:
                state.quick = _copy(model)
                state.beliefs = [1.0 - parameters.share, parameters.share, *state.beliefs[1:]]
            self._keep(state, model)

    def succeeded(self, state: RecallState, model: SignedLogistic) -> RecallState:
        """Return the state for a successor of `model`: the stored copies, a copy of `model`, and the fast learner.

        The fast learner is a model with a higher learning rate. The state is empty if copies are switched off.
        """
        if not self._parameters.most:
            return RecallState()
        share = self._parameters.share
        quick = None if state.quick is None else _copy(state.quick)
        passed_on = RecallState(list(state.kept), [1.0, *([share] * len(state.beside))], quick=quick)
        if model.sound:
            self._keep(passed_on, model)
        return passed_on

    def _believe(
        self, state: RecallState, model: SignedLogistic, features: list[float], up: bool, uniqueness: float
    ) -> None:
        beliefs = state.beliefs
        rate, quick_rate, total = self._parameters.rate * uniqueness, self._parameters.quick_rate * uniqueness, 0.0
        own = 0.0
        for index, each in enumerate((model, *state.beside)):
            likelihood = self._learner.opinion(each, features)
            likelihood = min(max(likelihood if up else 1.0 - likelihood, LOWEST), HIGHEST)
            if index == 0:
                own = likelihood
            if index == 1 and state.quick is not None:
                beliefs[index] *= likelihood**quick_rate * own ** (rate - quick_rate)
            else:
                beliefs[index] *= likelihood**rate
            total += beliefs[index]
        share = self._parameters.share
        even = share / len(beliefs)
        if not 0.0 < total <= 1e300:
            # All likelihoods vanished, or a number has left its range: equal weights.
            state.beliefs = [1.0 / len(beliefs)] * len(beliefs)
            return
        state.beliefs = [(1.0 - share) * belief / total + even for belief in beliefs]

    def _take_up(self, state: RecallState, model: SignedLogistic) -> None:
        beliefs = state.beliefs
        best = beliefs.index(max(beliefs))
        if best and beliefs[best] > self._parameters.taken_up:
            copy = _copy(state.beside[best - 1])
            model.weights, model.mean_squares, model.scales = copy.weights, copy.mean_squares, copy.scales
            beliefs[0], beliefs[best] = beliefs[best], beliefs[0]

    def _keep(self, state: RecallState, model: SignedLogistic) -> None:
        copy = _copy(model)
        likenesses = [_cosine(model.weights, each.weights) for each in state.kept]
        if likenesses and max(likenesses) >= self._parameters.alike:
            state.kept[likenesses.index(max(likenesses))] = copy
            return
        if len(state.kept) >= self._parameters.most:
            first = len(state.beliefs) - len(state.kept)
            gone = min(range(len(state.kept)), key=lambda index: state.beliefs[first + index])
            state.beliefs[0] += state.beliefs.pop(first + gone)
            del state.kept[gone]
        share = self._parameters.share
        state.kept.append(copy)
        state.beliefs = [(1.0 - share) * belief for belief in state.beliefs] + [share]


def _copy(model: SignedLogistic) -> SignedLogistic:
    return SignedLogistic(list(model.weights), list(model.mean_squares), list(model.scales), model.n_seen)


def _cosine(one: list[float], other: list[float]) -> float:
    """Return the cosine between two vectors of weights; 1 if one of them is 0."""
    # Loops: `sum` begins with an integer, which is another type to a compiler.
    product, ones, others = 0.0, 0.0, 0.0
    for a, b in zip(one, other, strict=True):
        product += a * b
        ones += a * a
        others += b * b
    lengths = sqrt(ones * others)
    return product / lengths if lengths > 0.0 else 1.0
