"""Pearson correlation of two series, updated by one pair of values at a time."""

from dataclasses import dataclass
from math import sqrt


@dataclass
class Correlation:
    """State of a running correlation.

    Attributes:
        pairs: number of pairs of values so far.
        mean_x, mean_y: mean of each series.
        xx, yy, xy: sums over all pairs of `dx * dx`, `dy * dy` and `dx * dy`, where `dx` and `dy` are the deviations
            from the means.
    """

    pairs: int = 0
    mean_x: float = 0.0
    mean_y: float = 0.0
    xx: float = 0.0
    yy: float = 0.0
    xy: float = 0.0


def update(state: Correlation, x: float, y: float) -> None:
    """Add one pair of values to a running correlation, in constant time and without loss of digits by cancellation.

    References:
        Welford (1962), Note on a method for calculating corrected sums of squares and products, equations (4) and (5).
    """
    state.pairs += 1
    from_x = x - state.mean_x
    from_y = y - state.mean_y
    state.mean_x += from_x / state.pairs
    state.mean_y += from_y / state.pairs
    state.xx += from_x * (x - state.mean_x)
    state.yy += from_y * (y - state.mean_y)
    state.xy += from_x * (y - state.mean_y)


def coefficient(state: Correlation) -> float:
    """Pearson's correlation coefficient of the pairs so far, -1 to 1; 0 as long as either series is constant.

    >>> state = Correlation()
    >>> for x, y in [(1.0, 2.0), (2.0, 1.0), (3.0, 4.0)]:
    ...     update(state, x, y)
    >>> round(coefficient(state), 4)
    0.6547
    """
    spread = sqrt(state.xx) * sqrt(state.yy)
    return max(-1.0, min(1.0, state.xy / spread)) if spread > 0.0 else 0.0
