"""Protocols of strategies, which give a probability of an upward move from features and regime."""

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from streams.market.regime import Regime


class Strategy(Protocol):
    """A strategy: a probability of an upward move from the features that it needs and the regime.

    Its answers are weighted by how well earlier ones did (`streams.market.mixture`), so it need not know in which
    markets it is right, but its probability should be calibrated.

    """

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the features that it needs, which are then computed."""
        ...

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """Probability that the mid moves up within the horizon, given that it moves.

        Args:
            features: values of `needs`, in that order.
            regime: the regime as of this tick.
        """
        ...


class LearningStrategy(Protocol):
    """A strategy that learns, in a state apart from the object, so that it survives restarts.

    The state belongs to the symbol and is shared by all arms, which see the same labels.

    """

    @property
    def needs(self) -> tuple[str, ...]:
        """As in `Strategy`."""
        ...

    @property
    def state(self) -> type[Struct]:
        """Type of the state: of bounded size, all of its fields with defaults."""
        ...

    def opinion(self, features: Sequence[float], regime: Regime, state: Any) -> float:
        """As in `Strategy`, given what was learned."""
        ...

    def learn(self, state: Any, features: Sequence[float], up: bool) -> None:
        """Learn one label, with the features at prediction time."""
        ...
