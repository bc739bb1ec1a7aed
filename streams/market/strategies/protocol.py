"""What a strategy is: an opinion on the next move from the features that it needs and the regime."""

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from streams.market.regime import Regime


class Strategy(Protocol):
    """Something with an opinion.

    Whatever it answers is weighed by how well its opinions did (`streams.market.mixture`), so a strategy need not know
    when to keep silent; it should know how sure it is.

    """

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the features that it looks at; they are computed because of it."""
        ...

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """Probability that the mid moves up within the horizon, given that it moves.

        Args:
            features: values of `needs`, in that order.
            regime: the regime as of this tick.
        """
        ...


class LearningStrategy(Protocol):
    """A strategy that learns. What it learned stands in a state that survives restarts, not in the object.

    The state belongs to the symbol: every arm sees the same labels, so that a copy for each would be the same.

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
        """Take one label, with the features as they were when it was predicted."""
        ...
