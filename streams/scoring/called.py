"""What the baselines said when a prediction was made."""

from msgspec import Struct


class Called(Struct, frozen=True, array_like=True):
    """What the baselines said when a prediction was made.

    Attributes:
        opinions: probability of an upward move, in the order of `BASELINES`.
        sides: what each called: 1 up, -1 down, 0 nothing; the majority is scored as if it always called up.
    """

    opinions: tuple[float, float, float]
    sides: tuple[int, int, int]
