"""A share of wins, calls or anything else that came or did not, with its interval."""

from math import sqrt

from msgspec import Struct
from scipy.special import ndtri

LEVEL = 0.95


class Proportion(Struct, frozen=True):
    """Part that came.

    Attributes:
        value: estimate, 0 to 1.
        low, high: ends of the interval.
        count: independent cases that it rests on; may be less than were counted.
    """

    value: float
    low: float
    high: float
    count: float


def wilson(part: float, count: float, level: float = LEVEL) -> Proportion | None:
    """Score interval of a proportion; none without a case.

    `(p + z^2/2n -+ z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n)`

    Args:
        part: of the cases that came, 0 to 1.
        count: independent cases; for overlapping outcomes fewer than were counted, which widens the interval.
        level: of the interval.

    >>> found = wilson(0.75, 20)
    >>> round(found.low, 4), round(found.high, 4)
    (0.5313, 0.8881)
    >>> wilson(0.0, 10).low
    0.0

    References:
        Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if count <= 0.0:
        return None
    z = float(ndtri(0.5 + 0.5 * level))
    middle = part + z * z / (2.0 * count)
    half = z * sqrt(part * (1.0 - part) / count + z * z / (4.0 * count * count))
    whole = 1.0 + z * z / count
    return Proportion(part, max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole), count)
