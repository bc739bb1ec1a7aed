"""Strategy `momentum`: predicts that the mid goes on in the direction in which it moved over the last 50 quotes."""

from collections.abc import Sequence
from math import sqrt
from typing import ClassVar, Final

from streams.market.regime import Regime
from streams.market.strategies.parameters import MomentumParameters
from streams.scoring.logistic import probability

USUAL_MOVE: Final = sqrt(50)


class Momentum:
    """Strategy whose log-odds of an upward move are in proportion to the return over the last 50 quotes.

    The return is divided by the standard deviation of returns over 50 quotes.

    References:
        Moskowitz, Ooi and Pedersen (2012), Time series momentum: the return scaled by volatility.
    """

    needs: ClassVar = ("return_50", "ewma_volatility")

    def __init__(self, parameters: MomentumParameters) -> None:
        self._parameters = parameters

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """Return the probability of an upward move; 0.5 while the volatility is 0.

        Args:
            features: return over 50 quotes (`return_50`) and volatility per quote (`ewma_volatility`), both in bps.
            regime: in a ranging market the log-odds are multiplied by `parameters.in_range`.
        """
        change, volatility = features
        if volatility == 0.0:
            return 0.5
        parameters = self._parameters
        furthest = parameters.furthest
        move = max(-furthest, min(furthest, change / (volatility * USUAL_MOVE)))
        slope = parameters.slope if regime.trending else parameters.slope * parameters.in_range
        return probability(slope * move)
