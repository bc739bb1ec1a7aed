"""What a rule strategy is: an opinion on the next move from the features and the regime, without a state."""

from collections.abc import Sequence
from typing import Protocol

from streams.regime import Regime


class Strategy(Protocol):
    """A rule with an opinion.

    Whatever it answers is weighed by how well its opinions did (`streams.mixture`), so a rule need not know when to
    keep silent; it should know how sure it is.
    """

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """Probability that the mid moves up within the horizon, given that it moves.

        Args:
            features: values in the order of `streams.features.FEATURES`.
            regime: the regime as of this tick.
        """
        ...
