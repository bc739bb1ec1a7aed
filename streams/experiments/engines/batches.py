"""Moments of batch means, and the check that neighbouring batches are independent."""

from math import sqrt

from msgspec import Struct

FEWEST = 20
"""Fewest batches for the check of dependence and for any decision."""

STANDARD_ERRORS = 2.0
"""Of the autocorrelation of batch means that do not depend on each other, within which it must lie."""


class Batches(Struct, array_like=True):
    """Moments of the means of closed batches; a batch is a number of neighbouring scores.

    Attributes:
        n: closed batches.
        mean: mean of the batch means, in the unit of the scores.
        sse: sum of squared deviations of the batch means from `mean`.
        first: mean of the first batch. It is subtracted in `last` and `products`, so that a large mean costs no digits.
        last: mean of the last batch, less `first`.
        products: sum of the products of each two neighbouring batch means, both less `first`.
    """

    n: int = 0
    mean: float = 0.0
    sse: float = 0.0
    first: float = 0.0
    last: float = 0.0
    products: float = 0.0


def close(state: Batches, mean: float) -> None:
    """Add the mean of a complete batch to `state`.

    >>> state = Batches()
    >>> for mean in (1.0, 2.0, 3.0, 4.0):
    ...     close(state, mean)
    >>> state.n, state.mean, state.sse, autocorrelation(state)
    (4, 2.5, 5.0, 0.25)

    References:
        Welford (1962), Note on a method for calculating corrected sums of squares and products.
    """
    n = state.n
    if n:
        relative = mean - state.first
        state.products += relative * state.last
        state.last = relative
    else:
        state.first = mean
    state.n = n = n + 1
    delta = mean - state.mean
    state.mean += delta / n
    state.sse += delta * (mean - state.mean)


def autocorrelation(state: Batches) -> float:
    """Autocorrelation of neighbouring batch means (lag 1), -1 to 1; 0 while all means are equal.

    References:
        Box, Jenkins and Reinsel (1994), Time Series Analysis, equation 2.1.12.
    """
    if state.sse <= 0.0:
        return 0.0
    n, mean = state.n, state.mean - state.first
    return (state.products - mean * (2 * n * mean - state.last) + (n - 1) * mean * mean) / state.sse


def sound(state: Batches) -> bool:
    """Whether there are at least 20 batches, and neighbouring batch means look independent.

    Batch means look independent if their autocorrelation lies within two standard errors of 0.

    References:
        Bartlett (1946), On the theoretical specification and sampling properties of autocorrelated time-series.
    """
    return state.n >= FEWEST and independent(state)


def independent(state: Batches) -> bool:
    """Whether the autocorrelation of neighbouring batch means lies within two standard errors of 0."""
    return abs(autocorrelation(state)) * sqrt(state.n) <= STANDARD_ERRORS


def allowed(n: int) -> float:
    """Largest magnitude of the autocorrelation of `n` batch means that lies within two standard errors of 0.

    >>> allowed(100)
    0.2
    """
    return STANDARD_ERRORS / sqrt(max(1, n))
