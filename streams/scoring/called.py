"""Forecasts of the baselines at the time of one prediction."""

from msgspec import Struct


class Called(Struct, frozen=True, array_like=True):
    """Forecasts of the baselines at the time of one prediction: `majority`, `last_move` and `imbalance_sign`.

    Attributes:
        opinions: probability of an upward move, by each baseline.
        sides: predicted direction, by each baseline: 1 up, -1 down, 0 none. For `majority` it is always 1, even if the
            probability is below 0.5.
    """

    opinions: tuple[float, float, float]
    sides: tuple[int, int, int]
