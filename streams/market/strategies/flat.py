"""Strategy without an opinion: a constant probability of one half, to weigh the others against."""

from collections.abc import Sequence
from typing import ClassVar

from streams.market.regime import Regime


class Flat:
    """Probability of one half at every tick."""

    needs: ClassVar[tuple[str, ...]] = ()

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """See `Strategy.opinion`."""
        return 0.5
