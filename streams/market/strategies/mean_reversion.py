"""Strategy: the mid returns to its mean."""

from collections.abc import Sequence
from typing import ClassVar

from streams.market.regime import Regime
from streams.market.strategies.parameters import MeanReversionParameters
from streams.scoring.logistic import probability


class MeanReversion:
    """Log-odds in proportion to the negative z-score of the mid.

    References:
        Poterba and Summers (1988), Mean reversion in stock prices.
    """

    needs: ClassVar = ("zscore",)

    def __init__(self, parameters: MeanReversionParameters) -> None:
        self._parameters = parameters

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """See `Strategy.opinion`."""
        parameters = self._parameters
        furthest = parameters.furthest
        distance = max(-furthest, min(furthest, features[0]))
        slope = parameters.slope * parameters.in_trend if regime.trending else parameters.slope
        return probability(-slope * distance)
