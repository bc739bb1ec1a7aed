"""Strategy `flat`: always gives the probability 0.5; its weight grows when the other strategies are wrong."""

from collections.abc import Sequence
from typing import ClassVar

from streams.market.regime import Regime


class Flat:
    """Strategy that gives an upward move the probability 0.5 at every tick."""

    needs: ClassVar[tuple[str, ...]] = ()

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """Return 0.5, whatever the features and the regime."""
        return 0.5
