"""Parameters of the built-in strategies, mostly slopes of their log-odds."""

from msgspec import Struct

from streams.engine.bounds import NotNegative, Signed


class ImbalanceParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the strategy `imbalance`.

    Attributes:
        slope: log-odds of an upward move at a queue imbalance of 1.
    """

    slope: Signed = 2.0


class MomentumParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the strategy `momentum`.

    Attributes:
        slope: log-odds of an upward move after a rise of one standard deviation over 50 quotes, in a trending market.
        in_range: factor on the slope in a ranging market.
        furthest: largest move that counts in full, in standard deviations; a larger move counts as if it were this
            large.
    """

    slope: Signed = 0.3
    in_range: Signed = 0.5
    furthest: NotNegative = 4.0


class MeanReversionParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the strategy `mean_reversion`.

    Attributes:
        slope: log-odds of a downward move when the mid is one standard deviation above its mean, in a ranging market.
        in_trend: factor on the slope in a trending market.
        furthest: largest distance from the mean that counts in full, in standard deviations; a larger distance counts
            as if it were this large.
    """

    slope: Signed = 0.2
    in_trend: Signed = 0.25
    furthest: NotNegative = 4.0
