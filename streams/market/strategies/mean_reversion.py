"""Strategy `mean_reversion`: predicts that the mid returns to the mean of the last 200 mids."""

from collections.abc import Sequence
from typing import ClassVar

from streams.market.regime import Regime
from streams.market.strategies.parameters import MeanReversionParameters
from streams.scoring.logistic import probability


class MeanReversion:
    """Strategy whose log-odds of a downward move are in proportion to the z-score of the mid.

    The z-score is the mid less the mean of the last 200 mids, divided by the standard deviation of these mids.

    References:
        Poterba and Summers (1988), Mean reversion in stock prices.
    """

    needs: ClassVar = ("zscore",)

    def __init__(self, parameters: MeanReversionParameters) -> None:
        self._parameters = parameters

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """Return the probability of an upward move.

        Args:
            features: one number, the z-score of the mid.
            regime: in a trending market the log-odds are multiplied by `parameters.in_trend`.
        """
        parameters = self._parameters
        furthest = parameters.furthest
        distance = max(-furthest, min(furthest, features[0]))
        slope = parameters.slope * parameters.in_trend if regime.trending else parameters.slope
        return probability(-slope * distance)
