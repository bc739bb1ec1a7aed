"""Difference of two Sharpe ratios (engine 3), estimated batch by batch, with a standard error from the batch means."""

from math import inf, sqrt

from msgspec import Struct

FEWEST = 10
"""Fewest batches for an estimate of the covariance."""

NOTHING = (0.0, 0.0, 0.0)
"""Ratio and gradient of constant returns."""

SMALLEST = 1e-200
"""Smallest variance; below it the derivatives of the ratio exceed the range of doubles."""


class SharpeState(Struct, array_like=True):
    """Moments of the batch means of (a, b, a^2, b^2), where a and b are the returns of challenger A and champion B.

    Attributes:
        n: closed batches.
        mean: mean of the batch means, four numbers.
        moments: sums of products of the deviations from `mean`: the upper triangle of a 4 x 4 matrix, row by row.
    """

    n: int = 0
    mean: list[float] = []
    moments: list[float] = []


class SharpeDifference:
    """Estimates the Sharpe ratio of A less that of B, batch by batch; moments are kept in a `SharpeState`.

    M1 to M4 are the means of (a, b, a^2, b^2), where a and b are the returns of A and of B. The difference is
    `M1/sqrt(M3-M1^2) - M2/sqrt(M4-M2^2)`. By the delta method its squared error is `SE^2 = grad' [C/(K-1)] grad / K`,
    where `grad` is the gradient of the difference and `C/(K-1)` the sample covariance of the K batch means. So
    dependence within batches is accounted for.

    >>> from math import cos, sin
    >>> engine = SharpeDifference()
    >>> state = engine.start()
    >>> for k in range(40):
    ...     a, b = [0.2 + sin(7 * k + i) for i in range(5)], [0.1 + cos(3 * k * i) for i in range(5)]
    ...     engine.close(state, [sum(column) / 5 for column in (a, b, [x * x for x in a], [x * x for x in b])])
    >>> difference, error = engine.estimate(state)
    >>> round(difference, 4), round(error, 4)
    (-0.1078, 0.0738)

    References:
        Ledoit and Wolf (2008), Robust performance hypothesis testing with the Sharpe ratio, equations 2-5; batch
        means in place of their kernel estimate of the covariance.
    """

    def start(self) -> SharpeState:
        """State before the first batch."""
        return SharpeState(0, [0.0] * 4, [0.0] * 10)

    def close(self, state: SharpeState, means: list[float]) -> None:
        """Add a complete batch to `state`.

        `means` are the batch's means of a, b, a^2 and b^2, where a and b are the returns of challenger and champion.
        """
        state.n = n = state.n + 1
        mean, moments = state.mean, state.moments
        before = [new - old for new, old in zip(means, mean, strict=True)]
        state.mean = mean = [old + delta / n for old, delta in zip(mean, before, strict=True)]
        after = [new - old for new, old in zip(means, mean, strict=True)]
        at = 0
        for row in range(4):
            for column in range(row, 4):
                moments[at] += before[row] * after[column]
                at += 1

    def estimate(self, state: SharpeState) -> tuple[float, float]:
        """Sharpe ratio of challenger A less that of champion B, and the standard error of this difference.

        The ratios are those of the return on one prediction, not of a year. With fewer than two batches, or if neither
        return varies, the difference is 0 and its error infinite.
        """
        n = state.n
        if n < 2:
            return 0.0, inf
        a, b, a2, b2 = state.mean
        var_a, var_b = a2 - a * a, b2 - b * b
        if var_a <= SMALLEST and var_b <= SMALLEST:
            return 0.0, inf
        ratio_a, by_a, by_a2 = _ratio(a, a2, var_a)
        ratio_b, by_b, by_b2 = _ratio(b, b2, var_b)
        gradient = (by_a, -by_b, by_a2, -by_b2)
        total, at = 0.0, 0
        for row in range(4):
            for column in range(row, 4):
                weight = 1.0 if row == column else 2.0
                total += weight * gradient[row] * gradient[column] * state.moments[at]
                at += 1
        return ratio_a - ratio_b, sqrt(max(0.0, total) / (n - 1) / n)

    def moments(self, state: SharpeState) -> tuple[int, float, float]:
        """Moments (n, mean, sse) with which the e-process of batch means tests the Sharpe ratios.

        n is the number of batches, mean the difference of the Sharpe ratios. The difference itself has
        no batch means whose squared deviations could be summed. So sse is chosen to give the standard
        error that `estimate` returns. All three are 0 with fewer than 10 batches, and while neither
        return varies.
        """
        n = state.n
        difference, error = self.estimate(state)
        if n < FEWEST or error == inf:
            return 0, 0.0, 0.0
        return n, difference, error * error * n * (n - 1)


def _ratio(mean: float, square: float, variance: float) -> tuple[float, float, float]:
    """Sharpe ratio of one arm and its derivatives by mean and mean square; 0 without error for constant returns."""
    if variance <= SMALLEST:
        return NOTHING
    return mean / sqrt(variance), square / variance**1.5, -mean / (2.0 * variance**1.5)
