"""Wilson interval of a rate, such as the fraction of right predictions."""

from math import sqrt
from typing import Final

from msgspec import Struct

Z: Final = 1.959963984540054
"""Standard errors to either side of a normal interval of 95 %: `scipy.special.ndtri(0.975)`."""


class Proportion(Struct, frozen=True):
    """A rate with its 95 % interval.

    Attributes:
        value: the rate, 0 to 1.
        low, high: ends of the interval.
        count: number of independent cases. If cases overlap, it is smaller than the number of all cases,
            and need not be a whole number.
    """

    value: float
    low: float
    high: float
    count: float


def wilson_ends(rate: float, trials: float) -> tuple[float, float]:
    """Lower and upper end of the 95 % Wilson score interval of a rate.

    For rate `p` and `n` trials the ends are `(p + z^2/2n -+ z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n)`. SciPy's
    `binomtest` gives the same interval, but only for whole numbers of successes; an effective number of trials times
    the rate need not be whole.

    Args:
        rate: fraction of successes, 0 to 1.
        trials: number of independent trials, above 0, perhaps a fraction. If outcomes overlap, it is smaller than their
            number, which widens the interval.

    >>> tuple(round(end, 4) for end in wilson_ends(0.75, trials=20))
    (0.5313, 0.8881)
    >>> tuple(round(end, 3) for end in wilson_ends(0.6, trials=400))
    (0.551, 0.647)

    References:
        Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    square = Z * Z
    centre = (rate + square / (2 * trials)) / (1.0 + square / trials)
    half = Z / (1.0 + square / trials) * sqrt(rate * (1.0 - rate) / trials + square / (4 * trials * trials))
    return max(0.0, centre - half), min(1.0, centre + half)


def wilson(rate: float, trials: float) -> Proportion | None:
    """A rate with its 95 % Wilson interval; None if `trials` is 0.

    Args:
        rate: fraction of successes, 0 to 1.
        trials: number of independent trials, which need not be a whole number.

    >>> wilson(0.0, trials=10).low, wilson(0.5, trials=0)
    (0.0, None)
    """
    return Proportion(rate, *wilson_ends(rate, trials), trials) if trials > 0.0 else None
