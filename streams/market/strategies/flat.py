"""No opinion: the floor that every other strategy is weighed against."""

from collections.abc import Sequence
from typing import ClassVar

from streams.market.regime import Regime


class Flat:
    """One half, always."""

    needs: ClassVar[tuple[str, ...]] = ()

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """See `Strategy.opinion`."""
        return 0.5
