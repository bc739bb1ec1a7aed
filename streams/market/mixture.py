"""Mixture of experts: logarithmic pool with weights by fixed share."""

from collections.abc import Sequence
from typing import Final

from schemas.errors import ConfigurationError
from streams.market.parameters import MixtureParameters
from streams.scoring.logistic import log_odds

SLACK: Final = 1e-6
"""Rounding error by which the sum of weights may exceed 1."""


class Mixture:
    """Pools the experts' probabilities with weights, and updates the weights at every label.

    The pooled log-odds are the weighted mean of the experts' log-odds. Weights go to
    `weight * likelihood ** (rate * u)`, normalised, then `(1 - share * u) * weight + share * u * prior`, with u the
    uniqueness of the label.

    >>> mixture = Mixture(MixtureParameters(rate=1.0, share=0.0), ("one", "other"))
    >>> weights = mixture.start()
    >>> _ = mixture.learn(weights, [0.9, 0.5], up=True)
    >>> [round(weight, 4) for weight in weights]  # 0.9 and 0.5, normalised
    [0.6429, 0.3571]
    >>> round(mixture.pool(weights, [0.9, 0.5]), 4)  # 0.6429 * log 9
    1.4125

    Raises:
        ConfigurationError: every expert is left out.

    References:
        Herbster and Warmuth (1998), Tracking the best expert: the fixed-share update.
        Genest and Zidek (1986), Combining probability distributions, section 3.3: the logarithmic pool.
    """

    def __init__(self, parameters: MixtureParameters, experts: Sequence[str]) -> None:
        self._rate = parameters.rate
        self._share = parameters.share
        beliefs = [parameters.prior.get(name, 1.0) for name in experts]
        if not sum(beliefs) > 0.0:
            raise ConfigurationError(f"[market.mixture]: expected a prior above 0 of one of {', '.join(experts)}")
        self._prior = [belief / sum(beliefs) for belief in beliefs]

    def start(self) -> list[float]:
        """Weights before the first label."""
        return self._prior.copy()

    def take_over(self, weights: Sequence[float]) -> list[float]:
        """Weights learned by another mixture of the same experts, renormalised without the experts left out here.

        >>> Mixture(MixtureParameters(prior={"other": 0.0}), ("one", "other", "last")).take_over([0.25, 0.5, 0.25])
        [0.5, 0.0, 0.5]
        """
        kept = [weight if prior else 0.0 for weight, prior in zip(weights, self._prior, strict=True)]
        if kept == list(weights):
            return kept
        total = sum(kept)
        return [weight / total for weight in kept] if total > 0.0 else self.start()

    def pool(self, weights: list[float], opinions: list[float]) -> float:
        """Weighted mean of the log-odds of the experts' probabilities."""
        pooled = 0.0
        for index, opinion in enumerate(opinions):
            pooled += weights[index] * log_odds(opinion)
        return pooled

    def learn(self, weights: list[float], opinions: list[float], up: bool, uniqueness: float = 1.0) -> bool:
        """Update `weights` by one label of a uniqueness (0 to 1), given the experts' probabilities at prediction time.

        Returns:
            Whether the weights are valid; if not, they have been reset to the prior.
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
