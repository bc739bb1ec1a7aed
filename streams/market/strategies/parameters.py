"""Parameters of the rule strategies: slopes of their log-odds."""

from msgspec import Struct

from streams.engine.bounds import NotNegative, Signed


class ImbalanceParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the imbalance strategy.

    Attributes:
        slope: log-odds at a queue imbalance of 1.
    """

    slope: Signed = 2.0


class MomentumParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the momentum strategy.

    Attributes:
        slope: log-odds for a move over 50 quotes of one standard deviation, in a trend.
        in_range: fraction of the slope that applies in a range.
        furthest: standard deviations to which a move is clipped.
    """

    slope: Signed = 0.3
    in_range: Signed = 0.5
    furthest: NotNegative = 4.0


class MeanReversionParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the mean-reversion strategy.

    Attributes:
        slope: log-odds for a distance of one standard deviation, in a range.
        in_trend: fraction of the slope that applies in a trend.
        furthest: standard deviations to which a distance is clipped.
    """

    slope: Signed = 0.2
    in_trend: Signed = 0.25
    furthest: NotNegative = 4.0
