"""How much the rule strategies believe what they see."""

from msgspec import Struct

from streams.engine.bounds import NotNegative, Signed


class ImbalanceParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much to believe the book.

    Attributes:
        slope: log-odds at a queue imbalance of 1.
    """

    slope: Signed = 2.0


class MomentumParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much to believe a move.

    Attributes:
        slope: log-odds for a move over 50 quotes of one standard deviation, in a trend.
        in_range: part of it that is left in a range.
        furthest: standard deviations beyond which a move says no more.
    """

    slope: Signed = 0.3
    in_range: Signed = 0.5
    furthest: NotNegative = 4.0


class MeanReversionParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much to believe in the mean.

    Attributes:
        slope: log-odds for a distance of one standard deviation, in a range.
        in_trend: part of it that is left in a trend.
        furthest: standard deviations beyond which a distance says no more.
    """

    slope: Signed = 0.2
    in_trend: Signed = 0.25
    furthest: NotNegative = 4.0
