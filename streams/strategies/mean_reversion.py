"""What is far from its mean comes back."""

from collections.abc import Sequence

from msgspec import Struct

from streams.logistic import probability
from streams.regime import Regime


class MeanReversionParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much to believe in the mean.

    Attributes:
        slope: log-odds for a distance of one standard deviation, in a range.
        in_trend: part of it that is left in a trend.
        furthest: standard deviations beyond which a distance says no more.
    """

    slope: float = 0.2
    in_trend: float = 0.25
    furthest: float = 4.0


class MeanReversion:
    """Log-odds against the z-score of the mid.

    References:
        Poterba and Summers (1988), Mean reversion in stock prices.
    """

    needs = ("zscore",)

    def __init__(self, parameters: MeanReversionParameters) -> None:
        self._parameters = parameters

    def opinion(self, features: Sequence[float], regime: Regime) -> float:
        """See `Strategy.opinion`."""
        parameters = self._parameters
        furthest = parameters.furthest
        distance = max(-furthest, min(furthest, features[0]))
        slope = parameters.slope * parameters.in_trend if regime.trending else parameters.slope
        return probability(-slope * distance)
