"""The e-process of batch means (engine 1): tests after every batch a mean whose variance is unknown.

The functions take the number `n` of batch means, their mean `mean`, and `sse`, the sum of squared deviations from
`mean`. Their parameter `g` says how large effects are expected to be: it is the prior variance of the true mean, in
units of the variance of one batch mean.
"""

from math import exp, inf, lgamma, log, log1p, pi, sqrt

from msgspec import Struct, field

from streams.experiments.engines import batches
from streams.experiments.engines.batches import Batches


def log_e_two_sided(n: int, mean: float, sse: float, g: float) -> float:
    """Log evidence (log e-value, nats) that the true mean is not 0, from the moments of batch means.

    The formula is `-log(1+ng)/2 + n/2 log[(sse + n mean^2) / (sse + n mean^2 / (1+ng))]`.

    >>> round(log_e_two_sided(n=20, mean=3.0, sse=20 * 19, g=1.0), 8)
    2.13233652

    Args:
        n: number of batch means.
        mean: mean of the batch means.
        sse: sum of their squared deviations from `mean`.
        g: prior variance of the true mean, in units of the variance of one batch mean.

    References:
        Lai (1976), On confidence sequences; Wang and Ramdas (2023), Anytime-valid t-tests and confidence sequences
        for Gaussian means with unknown variance, theorem 4.9.
    """
    spread = 1.0 + n * g
    reduced = sse + n * mean * mean / spread
    if reduced <= 0.0:
        return -0.5 * log(spread)
    return 0.5 * (n * log((sse + n * mean * mean) / reduced) - log(spread))


def log_e(n: int, mean: float, sse: float, g: float) -> float:
    """Log evidence (log e-value, nats) that the true mean is above 0, from the moments of batch means.

    The e-values are an e-process whenever the true mean is 0 or below, so they may be looked at after every batch. The
    formula is `log_e_two_sided + log 2 + log T_n(u)`, where `T_n` is Student's distribution function with n degrees of
    freedom and `u = (n mean / (n + 1/g)) / sqrt[(sse + n mean^2 / (1+ng)) / (n (n + 1/g))]`.

    >>> round(exp(log_e(n=20, mean=3.0, sse=20 * 19, g=1.0)), 7), round(log_e(n=20, mean=-3.0, sse=20 * 19, g=1.0), 3)
    (16.8053196, -2.752)

    Args:
        n: number of batch means.
        mean: mean of the batch means.
        sse: sum of their squared deviations from `mean`.
        g: prior variance of the true mean, in units of the variance of one batch mean.

    References:
        Wang and Ramdas (2023), section 4; the half-normal mixture of Robbins (1970), Statistical methods related to
        the law of the iterated logarithm, with the variance integrated out under the right-Haar prior.
    """
    if n == 0:
        return 0.0
    wide = n + 1.0 / g
    reduced = sse + n * mean * mean / (1.0 + n * g)
    if reduced <= 0.0:
        return -0.5 * log1p(n * g)
    below = n * mean / wide / sqrt(reduced / (n * wide))
    return log_e_two_sided(n, mean, sse, g) + log(2.0) + log_student(n, below)


def log_student(n: int, x: float) -> float:
    """Natural logarithm of Student's distribution function at `x`, with `n` degrees of freedom.

    Far in the lower tail SciPy's value underflows to 0; there an asymptotic expansion of the tail is used.

    >>> round(log_student(n=20, x=-1.0), 4), round(log_student(n=100_000, x=-60.0), 1)
    (-1.8041, -1773.4)

    References:
        Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions 2, chapter 28.
    """
    from scipy.special import stdtr

    probability = float(stdtr(n, x))
    if probability > 0.0:
        return log(probability)
    density = lgamma(0.5 * (n + 1)) - lgamma(0.5 * n) - 0.5 * log(n * pi) - 0.5 * (n + 1) * log1p(x * x / n)
    return density + log(-x / n - 1.0 / x)


def interval(n: int, mean: float, sse: float, g: float, alpha: float) -> tuple[float, float]:
    """Interval of a confidence sequence: with probability 1 - alpha the true mean lies in it for every n at once.

    A value v lies in the interval if `log_e_two_sided`, with `mean - v` in place of `mean`, is below `log(1/alpha)`.
    The ends are `mean +- sqrt(s^2/n) sqrt[(n-1) (k-1) / (1 - k/(1+ng))]`, with `s^2 = sse / (n-1)` and
    `k = [(1+ng)/alpha^2]^(1/n)`. With too few batches (n < 2 or `k >= 1+ng`) the ends are infinite.

    >>> [round(end, 4) for end in interval(n=100, mean=0.2, sse=99.0, g=0.05, alpha=0.05)]
    [-0.1126, 0.5126]

    Args:
        n: number of batch means.
        mean: mean of the batch means.
        sse: sum of their squared deviations from `mean`.
        g: prior variance of the true mean, in units of the variance of one batch mean.
        alpha: probability that the interval does not hold the true mean at some time.
    """
    spread = 1.0 + n * g
    if n < 2:
        return -inf, inf
    k = exp((log(spread) - 2.0 * log(alpha)) / n)
    if k >= spread:
        return -inf, inf
    half = sqrt(sse / n * (k - 1.0) / (1.0 - k / spread))
    return mean - half, mean + half


def prior(alpha: float, expected: float) -> float:
    """Best prior variance of the mean for a one-sided test that is expected to decide after `expected` scores.

    The result is in units of the variance of one score: `(-2 ln a + ln(1 - 2 ln a)) / expected`, `a = 2 alpha`, where
    `alpha` is the error rate of the decision.

    >>> round(prior(alpha=0.05, expected=2_000.0), 8)
    0.00316443

    References:
        Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021), Time-uniform central limit theory and asymptotic
        confidence sequences, version 7, equation 161.
    """
    a = 2.0 * alpha
    return (-2.0 * log(a) + log(1.0 - 2.0 * log(a))) / expected


class TMixtureState(Struct, array_like=True):
    """State of the e-process of batch means: the open batch, and the moments of the closed ones.

    Attributes:
        part: sum of the scores in the open batch, each less the margin.
        count: scores in the open batch.
        batches: moments of the means of the closed batches.
        best: largest log evidence so far that the mean is above the margin, nats.
        rejected: scores that were not finite; they are left out.
    """

    part: float = 0.0
    count: int = 0
    batches: Batches = field(default_factory=Batches)
    best: float = 0.0
    rejected: int = 0


class TMixture:
    """Tests after every batch whether the mean of the scores is above a margin.

    It is a t-test as a mixture over effect sizes. Its evidence is the e-process of batch means; sums
    are kept in a `TMixtureState`.

    Args:
        batch: number of scores in a batch.
        expected: number of scores after which a decision is expected; the test is most powerful there.
        alpha: probability of ever reporting a mean above the margin if the true mean is not above it.
        margin: value that the mean must exceed, in the unit of the scores.

    In the example 1,000 scores close 100 batches, and their log evidence is 58.

    >>> from math import cos, sin
    >>> engine = TMixture(batch=10, expected=500.0, alpha=0.05)
    >>> state = engine.start()
    >>> closed = [engine.update(state, 0.1 + 0.3 * sin(i) + 0.2 * cos(0.37 * i * i)) for i in range(1, 1001)]
    >>> sum(closed), round(engine.log_e(state), 7), engine.p(state) < 1e-25
    (100, 58.0228069, True)
    """

    def __init__(self, batch: int, expected: float, alpha: float, margin: float = 0.0) -> None:
        self._batch = batch
        self._g = prior(alpha, expected) * batch
        self._margin = margin
        self.alpha = alpha
        self.threshold = -log(alpha)

    def start(self) -> TMixtureState:
        """State before the first score."""
        return TMixtureState()

    def update(self, state: TMixtureState, score: float) -> bool:
        """Add one score to `state`; returns whether this closed a batch."""
        score -= self._margin
        if score - score != 0.0:
            state.rejected += 1
            return False
        state.part += score
        state.count += 1
        if state.count < self._batch:
            return False
        self.close(state, state.part / state.count)
        state.part, state.count = 0.0, 0
        return True

    def close(self, state: TMixtureState, mean: float) -> None:
        """Add `mean`, the mean of a complete batch less the margin, to `state`."""
        batches.close(state.batches, mean)
        state.best = max(state.best, self.log_e(state))

    def log_e(self, state: TMixtureState) -> float:
        """Log evidence (log e-value, nats) that the mean is above the margin, after the last closed batch.

        The mean is found to be above the margin once this value reaches `threshold`.
        """
        found = state.batches
        return log_e(found.n, found.mean, found.sse, self._g)

    def p(self, state: TMixtureState) -> float:
        """P-value for "the mean is not above the margin", valid at any time: `min(1, exp(-state.best))`."""
        return min(1.0, exp(-state.best))

    def interval(self, state: TMixtureState) -> tuple[float, float]:
        """Ends of a two-sided confidence sequence for the mean less the margin; infinite with too few batches."""
        found = state.batches
        return interval(found.n, found.mean, found.sse, self._g, self.alpha)
