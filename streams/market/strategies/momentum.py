"""Strategy: the mid goes on in the direction of its last move."""

from collections.abc import Sequence
from math import sqrt
from typing import ClassVar, Final

from streams.market.regime import Regime
from streams.market.strategies.parameters import MomentumParameters
from streams.scoring.logistic import probability

USUAL_MOVE: Final = sqrt(50)


class Momentum:
    """Log-odds in proportion to the return over 50 quotes in units of the volatility.

    References:
        Moskowitz, Ooi and Pedersen (2012), Time series momentum: the return scaled by volatility.
    """

    needs: ClassVar = ("return_50", "ewma_volatility")

    def __init__(self, parameters: MomentumParameters) -> None:
        self._parameters = parameters

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """See `Strategy.opinion`."""
        change, volatility = features
        if volatility == 0.0:
            return 0.5
        parameters = self._parameters
        furthest = parameters.furthest
        move = max(-furthest, min(furthest, change / (volatility * USUAL_MOVE)))
        slope = parameters.slope if regime.trending else parameters.slope * parameters.in_range
        return probability(slope * move)
