"""Batch means and the check that neighbouring batches are independent."""

from math import sqrt

from msgspec import Struct

FEWEST = 20
"""Fewest batches for the check of dependence and for any decision."""

STANDARD_ERRORS = 2.0
"""Of the autocorrelation of batch means that do not depend on each other, within which it must lie."""


class Batches(Struct, array_like=True):
    """Moments of batch means.

    Attributes:
        n: batches closed.
        mean: mean of the batch means, units of the score.
        sse: sum of squared deviations from `mean`.
        first: mean of the first batch; `last` and `products` are relative to it, so that a large mean costs no digits.
        last: mean of the last batch, less `first`.
        products: sum of products of neighbouring means, each less `first`.
    """

    n: int = 0
    mean: float = 0.0
    sse: float = 0.0
    first: float = 0.0
    last: float = 0.0
    products: float = 0.0


def close(state: Batches, mean: float) -> None:
    """Add the mean of a complete batch.

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
    """Lag-1 autocorrelation of the batch means; 0 while they are all the same.

    References:
        Box, Jenkins and Reinsel (1994), Time Series Analysis, equation 2.1.12.
    """
    if state.sse <= 0.0:
        return 0.0
    n, mean = state.n, state.mean - state.first
    return (state.products - mean * (2 * n * mean - state.last) + (n - 1) * mean * mean) / state.sse


def sound(state: Batches) -> bool:
    """Whether there are enough batches, and their autocorrelation lies within two standard errors of none.

    References:
        Bartlett (1946), On the theoretical specification and sampling properties of autocorrelated time-series.
    """
    return state.n >= FEWEST and independent(state)


def independent(state: Batches) -> bool:
    """Whether the autocorrelation of the batch means lies within two standard errors of none."""
    return abs(autocorrelation(state)) * sqrt(state.n) <= STANDARD_ERRORS


def allowed(n: int) -> float:
    """Largest magnitude of the autocorrelation of `n` batch means that is within two standard errors of none.

    >>> allowed(100)
    0.2
    """
    return STANDARD_ERRORS / sqrt(max(1, n))
