"""Mixture of experts: pools the probabilities of several experts (strategies and a model) by weights.

The better an expert's probabilities were so far, the larger its weight.
"""

from collections.abc import Sequence
from typing import Final

from schemas.errors import ConfigurationError
from streams.market.parameters import MixtureParameters
from streams.scoring.logistic import log_odds

SLACK: Final = 1e-6
"""Rounding error by which the sum of weights may exceed 1."""


class Mixture:
    """Pools the experts' probabilities of an upward move by weights, and updates these weights at every label.

    The result of pooling is the weighted mean of the experts' log-odds. A label is the known outcome of a prediction;
    its uniqueness u, 0 to 1, is smaller where labels overlap in time. A label changes the experts' weights in two
    steps. First each weight is multiplied by `likelihood ** (rate * u)`, where the likelihood is the probability that
    the expert gave to what happened; then all weights are divided by their sum. Second, each weight moves by the
    fraction `share * u` towards its starting value, so that no weight becomes 0 (fixed share).

    Args:
        parameters: rate, share and starting weights.
        experts: names of the experts. Lists of weights have the same order.

    Raises:
        ConfigurationError: the starting weight of every expert is 0.

    >>> mixture = Mixture(MixtureParameters(rate=1.0, share=0.0), ("one", "other"))
    >>> weights = mixture.start()
    >>> _ = mixture.learn(weights, [0.9, 0.5], up=True)
    >>> [round(weight, 4) for weight in weights]  # 0.9 and 0.5, divided by their sum
    [0.6429, 0.3571]
    >>> round(mixture.pool(weights, [0.9, 0.5]), 4)  # 0.6429 * log(0.9 / 0.1) + 0.3571 * log(0.5 / 0.5)
    1.4125

    References:
        Herbster and Warmuth (1998), Tracking the best expert: the fixed-share update.
        Genest and Zidek (1986), Combining probability distributions, section 3.3: the logarithmic pool.
    """

    def __init__(self, parameters: MixtureParameters, experts: Sequence[str]) -> None:
        self._rate = parameters.rate
        self._share = parameters.share
        self._experts = tuple(experts)
        beliefs = [parameters.prior.get(name, 1.0) for name in experts]
        if not sum(beliefs) > 0.0:
            raise ConfigurationError(f"[market.mixture]: expected a prior above 0 of one of {', '.join(experts)}")
        self._prior = [belief / sum(beliefs) for belief in beliefs]

    def start(self) -> list[float]:
        """Return the experts' weights before the first label, which add up to 1."""
        return self._prior.copy()

    def take_over(self, weights: Sequence[float], experts: Sequence[str]) -> list[float]:
        """Return the weights that another mixture has learned, fitted to the experts of this mixture.

        Starting weights come from the parameter `prior`, which counts 1 for an expert that it does not
        name; they are divided by their sum. An expert whose starting weight is 0 in this mixture gets
        the weight 0. An expert that the other mixture did not have gets its starting weight. The
        remaining experts share what is left in the proportions that they had; if they had no weight at
        all, the starting weights of all experts are returned.

        Args:
            weights: weights of the other mixture.
            experts: names of the other mixture's experts, in the order of `weights`.

        >>> mixture = Mixture(MixtureParameters(prior={"other": 0.0}), ("one", "other", "last"))
        >>> mixture.take_over([0.25, 0.5, 0.25], experts=("one", "other", "last"))
        [0.5, 0.0, 0.5]
        >>> wider = Mixture(MixtureParameters(prior={"new": 2.0}), ("one", "last", "new"))
        >>> wider.take_over([0.8, 0.2], experts=("one", "last"))
        [0.4, 0.1, 0.5]
        """
        learned = dict(zip(experts, weights, strict=True))
        of_new = sum(prior for name, prior in zip(self._experts, self._prior, strict=True) if name not in learned)
        kept = [
            (learned[name] if prior else 0.0) if name in learned else None
            for name, prior in zip(self._experts, self._prior, strict=True)
        ]
        if kept == list(weights):
            return [each for each in kept if each is not None]
        total = sum(each for each in kept if each is not None)
        if not total > 0.0:
            return self.start()
        return [
            prior if each is None else each * (1.0 - of_new) / total
            for each, prior in zip(kept, self._prior, strict=True)
        ]

    def pool(self, weights: list[float], opinions: list[float]) -> float:
        """Return the weighted mean of the log-odds of the experts' probabilities.

        Args:
            weights: weight of each expert; they add up to 1.
            opinions: each expert's probability of an upward move, in the order of the weights.
        """
        pooled = 0.0
        for index, opinion in enumerate(opinions):
            pooled += weights[index] * log_odds(opinion)
        return pooled

    def learn(self, weights: list[float], opinions: list[float], up: bool, uniqueness: float = 1.0) -> bool:
        """Update the experts' weights by one label, the known outcome of a prediction.

        Args:
            weights: weight of each expert; this list is changed.
            opinions: each expert's probability of an upward move when the prediction was made.
            up: whether the mid then moved up.
            uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat each other.

        Returns:
            True if the new weights are valid; False if they were not and have been reset to those before the first
            label.
        """
        rate = self._rate * uniqueness
        total = 0.0
        for index, opinion in enumerate(opinions):
            weights[index] *= (opinion if up else 1.0 - opinion) ** rate
            total += weights[index]
        share = self._share * uniqueness
        if not (0.0 < total <= 1.0 + SLACK and 0.0 <= share <= 1.0):
            weights[:] = self._prior
            return False
        kept = (1.0 - share) / total
        for index, prior in enumerate(self._prior):
            weights[index] = weights[index] * kept + share * prior
        return True
