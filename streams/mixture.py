"""Whom to believe: a fixed-share mixture of experts, weighed by how probable they called what happened."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct


class MixtureParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How quickly belief moves.

    Attributes:
        rate: power of each likelihood; below 1 because labels of neighbouring predictions overlap.
        share: part of the belief that is spread evenly at each label, so that no expert is ever beyond recall.
    """

    rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.1
    share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.002


class Mixture:
    """Mixes opinions by weights and moves the weights on labels.

    Weights go to `weight * likelihood ** rate`, normalised, then `(1 - share) * weight + share / n`.

    >>> mixture = Mixture(MixtureParameters(rate=1.0, share=0.0))
    >>> weights = mixture.start(2)
    >>> mixture.learn(weights, [0.9, 0.5], up=True)
    >>> [round(weight, 4) for weight in weights]  # 0.9 and 0.5, normalised
    [0.6429, 0.3571]
    >>> round(mixture.mix(weights, [0.9, 0.5]), 4)
    0.7571

    References:
        Herbster and Warmuth (1998), Tracking the best expert: the fixed-share update.
        Vovk (1990), Aggregating strategies: log-loss is mixable at rate 1 by the weighted mean of probabilities.
    """

    def __init__(self, parameters: MixtureParameters) -> None:
        self._rate = parameters.rate
        self._share = parameters.share

    def start(self, experts: int) -> list[float]:
        """Equal weights."""
        return [1.0 / experts] * experts

    def mix(self, weights: Sequence[float], opinions: Sequence[float]) -> float:
        """Weighted mean of the opinions."""
        mixed = 0.0
        for weight, opinion in zip(weights, opinions, strict=True):
            mixed += weight * opinion
        return mixed

    def learn(self, weights: list[float], opinions: Sequence[float], up: bool) -> None:
        """Move `weights` on one label, given the opinions as they were when it was predicted."""
        rate = self._rate
        total = 0.0
        for index, opinion in enumerate(opinions):
            weights[index] *= (opinion if up else 1.0 - opinion) ** rate
            total += weights[index]
        kept = (1.0 - self._share) / total
        spread = self._share / len(weights)
        for index, weight in enumerate(weights):
            weights[index] = weight * kept + spread
