"""Mean of values of outcomes that overlap in time, with one-sided confidence bounds that allow for the overlap."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf, sqrt

from msgspec import Struct

HORIZONS = 1
"""Horizons in a batch: outcomes of one batch share ticks with those of its neighbours and with no others."""

FEWEST = 12
"""Fewest batches for valid bounds."""


class Mean(Struct, frozen=True):
    """Mean of values that overlap in time, with confidence bounds.

    Attributes:
        n: number of values.
        batches: number of batches (groups of values whose predictions were made within the same horizon) from which the
            bounds were computed.
        mean: mean of the values; 0 if there are none.
        low, high: one-sided lower and upper confidence bound of the mean; infinite with fewer than 2 batches.
    """

    n: int
    batches: int
    mean: float
    low: float
    high: float

    @property
    def enough(self) -> bool:
        """Whether there are enough batches (at least 12) for the bounds to be valid."""
        return self.batches >= FEWEST


def mean(values: Sequence[float], times: Sequence[int], horizons_ns: Sequence[int], level: float) -> Mean:
    """Mean of the values, with a lower and an upper bound, each of which holds with probability `1 - level`.

    Time is divided into batches, each one horizon long. The bounds are those of Student's t over the batches. Values of
    neighbouring batches may overlap in time, so the covariance of neighbouring batches is included in the error if that
    widens the bounds.

    >>> found = mean([1.0, 5.0, 2.0, 4.0, 3.0], [0, 300, 600, 900, 1_200], [100] * 5, level=0.05)
    >>> found.mean, found.batches, round(found.low, 2), round(found.high, 2)
    (3.0, 5, 1.49, 4.51)

    Args:
        values: one value for each outcome, in the order of time.
        times: event time of each outcome's prediction, ns.
        horizons_ns: horizon of each prediction, ns.
        level: error rate of each bound: probability that the true mean is beyond it, 0 to 1.

    References:
        Cochran (1977), Sampling Techniques, section 2.11: the ratio of two sums, for batches of unequal size.
        Hansen and Hodrick (1980), Forward exchange rates as optimal predictors of future spot rates: the error.
    """
    sums: list[float] = []
    counts: list[int] = []
    cell = None
    for value, ts, horizon in zip(values, times, horizons_ns, strict=True):
        if (ts // (HORIZONS * horizon), horizon) != cell:
            cell = ts // (HORIZONS * horizon), horizon
            sums.append(0.0)
            counts.append(0)
        sums[-1] += value
        counts[-1] += 1
    n, batches = len(values), len(sums)
    if not n:
        return Mean(0, 0, 0.0, -inf, inf)
    centre = sum(sums) / n
    if batches < 2:
        return Mean(n, batches, centre, -inf, inf)
    left = [total - centre * count for total, count in zip(sums, counts, strict=True)]
    squares = sum(each * each for each in left)
    neighbours = sum(one * other for one, other in pairwise(left))
    error = sqrt(max(squares, squares + 2.0 * neighbours) * batches / (batches - 1)) / n
    from scipy.special import stdtrit

    reach = float(stdtrit(batches - 1, 1.0 - level)) * error
    return Mean(n, batches, centre, centre - reach, centre + reach)
