"""Plug-in with a model that leans on what one feature said before falls and rises."""

from collections.abc import Sequence

from msgspec import Struct

from streams.market.models import own
from streams.scoring.logistic import probability

LEANING = "leaning"


class Lean(Struct):
    """What the model has learned: the mean of the features, those of falls with the opposite sign."""

    means: list[float]


class Leaning:
    """A model of a plug-in that learns from every label; mirrored features give the mirrored probability."""

    state = Lean
    symmetric = True

    def start(self, features: Sequence[str]) -> Lean:
        """See `LearningModel.start`."""
        return Lean([0.0] * len(features))

    def opinion(self, state: Lean, features: Sequence[float]) -> float:
        """See `LearningModel.opinion`."""
        return probability(5.0 * sum(mean * each for mean, each in zip(state.means, features, strict=True)))

    def learn(self, state: Lean, features: Sequence[float], up: bool, uniqueness: float) -> None:
        """See `LearningModel.learn`."""
        for place, each in enumerate(features):
            towards = each if up else -each
            state.means[place] += 0.01 * uniqueness * (towards - state.means[place])


own.register(LEANING, Leaning)
