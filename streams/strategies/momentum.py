"""What moved goes on moving."""

from collections.abc import Sequence
from math import sqrt

from msgspec import Struct

from streams.logistic import probability
from streams.regime import Regime

USUAL_MOVE = sqrt(50)


class MomentumParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much to believe a move.

    Attributes:
        slope: log-odds for a move over 50 quotes of one standard deviation, in a trend.
        in_range: part of it that is left in a range.
        furthest: standard deviations beyond which a move says no more.
    """

    slope: float = 0.3
    in_range: float = 0.5
    furthest: float = 4.0


class Momentum:
    """Log-odds in proportion to the return over 50 quotes in units of the volatility.

    References:
        Moskowitz, Ooi and Pedersen (2012), Time series momentum: the return scaled by volatility.
    """

    needs = ("return_50", "ewma_volatility")

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
