"""What the baselines said when a prediction was made."""

from msgspec import Struct


class Called(Struct, frozen=True, array_like=True):
    """Forecasts of the baselines when a prediction was made.

    Attributes:
        opinions: probability of an upward move, in the order of `BASELINES`.
        sides: side that each called: 1 up, -1 down, 0 none; the majority is scored as if it always called up.
    """

    opinions: tuple[float, float, float]
    sides: tuple[int, int, int]
