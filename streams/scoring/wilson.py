"""Wilson interval of a rate, such as a share of wins or of right calls."""

from math import sqrt
from typing import Final

from msgspec import Struct

Z: Final = 1.959963984540054
"""Standard errors to either side of a normal interval of 95 %: `scipy.special.ndtri(0.975)`."""


class Proportion(Struct, frozen=True):
    """A rate with its interval.

    Attributes:
        value: estimate, 0 to 1.
        low, high: ends of the interval of 95 %.
        count: independent cases that it rests on; may be less than were counted.
    """

    value: float
    low: float
    high: float
    count: float


def wilson_ends(rate: float, trials: float) -> tuple[float, float]:
    """Ends of the score interval of 95 % of a rate.

    `(p + z^2/2n -+ z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n)`; SciPy's `binomtest` gives the same, for whole
    numbers of wins only, which overlapping outcomes do not have.

    Args:
        rate: part of the cases that came, 0 to 1.
        trials: independent cases, above 0; for overlapping outcomes fewer than were counted, which widens the interval.

    >>> tuple(round(end, 4) for end in wilson_ends(0.75, 20)), tuple(round(end, 3) for end in wilson_ends(0.6, 400))
    ((0.5313, 0.8881), (0.551, 0.647))

    References:
        Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    square = Z * Z
    centre = (rate + square / (2 * trials)) / (1.0 + square / trials)
    half = Z / (1.0 + square / trials) * sqrt(rate * (1.0 - rate) / trials + square / (4 * trials * trials))
    return max(0.0, centre - half), min(1.0, centre + half)


def wilson(rate: float, trials: float) -> Proportion | None:
    """A rate with its interval, see `wilson_ends`; none without a case.

    >>> wilson(0.0, 10).low, wilson(0.5, 0)
    (0.0, None)
    """
    return Proportion(rate, *wilson_ends(rate, trials), trials) if trials > 0.0 else None
