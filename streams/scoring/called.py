"""Forecasts of the baselines at the time of one prediction."""

from msgspec import Struct


class Called(Struct, frozen=True, array_like=True):
    """Forecasts of the baselines at the time of one prediction, in the order of `BASELINES`.

    Attributes:
        opinions: probability of an upward move, by each baseline.
        sides: predicted direction: 1 up, -1 down, 0 none. That of `majority` is always 1; its probability says how
            often moves went up.
    """

    opinions: tuple[float, float, float]
    sides: tuple[int, int, int]
