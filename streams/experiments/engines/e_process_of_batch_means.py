"""Engine 1: an e-process for a mean with unknown variance, from batch means; valid after every batch.

All functions take the moments of n batch means (their mean, and the sum of squared deviations from it), and
`g = rho^2 b`: how large effects are expected to be, as the variance of their prior in standard errors of one batch.
"""

from math import exp, inf, lgamma, log, log1p, pi, sqrt

from msgspec import Struct, field

from streams.experiments.engines import batches
from streams.experiments.engines.batches import Batches


def log_e_two_sided(n: int, mean: float, sse: float, g: float) -> float:
    """Log evidence that the mean is not 0: `-log(1+ng)/2 + n/2 log[(sse + n mean^2) / (sse + n mean^2 / (1+ng))]`.

    >>> round(log_e_two_sided(20, 3.0, 20 * 19, 1.0), 8), round(log_e_two_sided(100, 3.0, 100 * 99, 0.01), 8)
    (2.13233652, 1.78140713)

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
    """Log evidence that the mean is above 0, an e-process whenever it is 0 or below.

    `log_e_two_sided + log 2 + log T_n(u)`, `T_n` Student's distribution function with n degrees of freedom,
    `u = (n mean / (n + 1/g)) / sqrt[(sse + n mean^2 / (1+ng)) / (n (n + 1/g))]`.

    >>> round(exp(log_e(20, 3.0, 20 * 19, 1.0)), 7), round(log_e(20, -3.0, 20 * 19, 1.0), 3)
    (16.8053196, -2.752)

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
    """Log of Student's distribution function with n degrees of freedom; its tail's expansion where SciPy underflows.

    >>> round(log_student(20, -1.0), 4), round(log_student(100_000, -60.0), 1)
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
    """Confidence sequence: holds the mean at every n at once with probability 1 - alpha.

    `mean +- sqrt(s^2/n) sqrt[(n-1) (k-1) / (1 - k/(1+ng))]`, `k = [(1+ng)/alpha^2]^(1/n)`; the whole line while
    `k >= 1+ng`: where `log_e_two_sided` of the mean less a candidate stays below `log(1/alpha)`.

    >>> [round(end, 4) for end in interval(100, 0.2, 99.0, 0.05, 0.05)]
    [-0.1126, 0.5126]
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
    """Variance rho^2 of the prior that serves best when a one-sided decision is expected after so many events.

    `(-2 ln a + ln(1 - 2 ln a)) / expected`, `a = 2 alpha`.

    >>> round(prior(0.05, 2_000.0), 8)
    0.00316443

    References:
        Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021), Time-uniform central limit theory and asymptotic
        confidence sequences, version 7, equation 161.
    """
    a = 2.0 * alpha
    return (-2.0 * log(a) + log(1.0 - 2.0 * log(a))) / expected


class TMixtureState(Struct, array_like=True):
    """State of engine 1, the mixture t-test: the open batch, and the moments of the closed ones.

    Attributes:
        part: sum of the scores of the open batch, each less the margin.
        count: scores in the open batch.
        batches: moments of the closed batches.
        best: largest log evidence so far.
        rejected: scores that were not finite.
    """

    part: float = 0.0
    count: int = 0
    batches: Batches = field(default_factory=Batches)
    best: float = 0.0
    rejected: int = 0


class TMixture:
    """Advances a `TMixtureState`: tests whether the mean score is above the margin.

    Args:
        batch: scores a batch.
        expected: events after which a decision is expected.
        alpha: error rate: probability of ever calling a mean at or below the margin above it.
        margin: value that the mean must exceed, units of the score.

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
        """Take one score; returns whether it closed a batch."""
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
        """Add the mean of a complete batch, less the margin."""
        batches.close(state.batches, mean)
        state.best = max(state.best, self.log_e(state))

    def log_e(self, state: TMixtureState) -> float:
        """Log evidence at the last closed batch; a decision is due at `threshold`."""
        found = state.batches
        return log_e(found.n, found.mean, found.sse, self._g)

    def p(self, state: TMixtureState) -> float:
        """Anytime-valid p-value: `min(1, exp(-best))`."""
        return min(1.0, exp(-state.best))

    def interval(self, state: TMixtureState) -> tuple[float, float]:
        """Two-sided confidence sequence for the mean less the margin."""
        found = state.batches
        return interval(found.n, found.mean, found.sse, self._g, self.alpha)
