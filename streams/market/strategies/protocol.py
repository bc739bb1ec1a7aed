"""Protocols of strategies, which give a probability of an upward move from features and regime."""

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from streams.market.regime import Regime


class Strategy(Protocol):
    """A strategy that does not learn: gives a probability of an upward move from features and the regime.

    The probability should be calibrated: of the moves to which a strategy gives 0.6, 60% should be upward. A strategy
    need not know in which markets it is right: how good its earlier probabilities were decides its weight.
    """

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the features that `opinion` takes, in that order.

        Naming a feature here makes the pipeline compute it.
        """
        ...

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """Return the probability that the mid moves up within the prediction horizon, given that it moves at all.

        Args:
            features: values of the features that `needs` names, in that order, at this tick.
            regime: the present regime (calm or volatile, ranging or trending).
        """
        ...


class LearningStrategy(Protocol):
    """A strategy that learns from the outcomes of predictions; what it has learned is in a state outside the object.

    There is one state for each symbol, shared by all variants of the pipeline that run side by side on the symbol.
    """

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the features that `opinion` and `learn` take, in that order.

        Naming a feature here makes the pipeline compute it.
        """
        ...

    @property
    def state(self) -> type[Struct]:
        """Type of the state, which is kept over restarts: a `msgspec.Struct` of bounded size with defaults."""
        ...

    def opinion(self, features: Sequence[float], regime: Regime, state: Any) -> float:
        """Return the probability that the mid moves up within the prediction horizon, given that it moves at all.

        Args:
            features: values of the features that `needs` names, in that order, at this tick.
            regime: the present regime (calm or volatile, ranging or trending).
            state: what was learned on this symbol.
        """
        ...

    def learn(self, state: Any, features: Sequence[float], up: bool) -> None:
        """Learn the outcome of one prediction, whose horizon has passed.

        Args:
            state: what was learned on this symbol, which is changed.
            features: values of the features that `needs` names, in that order, when the prediction was made.
            up: whether the mid then moved up; outcomes without a move are left out.
        """
        ...
