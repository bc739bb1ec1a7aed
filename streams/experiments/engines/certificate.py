"""E-process of bounded scores (engine 2): tests a mean of scores that have a known lower bound.

It assumes neither normal tails nor batches. It guards against strategies that a t-test misjudges: those with a small
gain nearly always and a rare large loss. Its assumption on dependence is stronger than that of the e-process of batch
means: if the challenger is not better, the expected value of every score, given the earlier ones, is 0 or below.
"""

from math import exp, inf, lgamma, log

from msgspec import Struct


class CertificateState(Struct, array_like=True):
    """Sums of the e-process of bounded scores.

    Attributes:
        n: scores taken.
        total: sum of the scores, each less the margin.
        variance: sum of squared deviations of each score from the running mean before it.
        violated: whether a score was below the declared lower bound; later scores are not taken.
        rejected: scores that were not finite; they are left out.
    """

    n: int = 0
    total: float = 0.0
    variance: float = 0.0
    violated: bool = False
    rejected: int = 0


class Certificate:
    """E-process of bounded scores: tests after every score whether their mean is above a margin.

    It is the empirical-Bernstein gamma-exponential mixture; sums are kept in a `CertificateState`.

    Args:
        bound: c, where every score less the margin is at least -c.
        optimal: value of `CertificateState.variance` at which the test is most powerful.
        alpha: probability of ever reporting a mean above the margin if the true mean is not above it.
        margin: value that the mean must exceed, in the unit of the scores.

    In the example the log evidence, 34.8, is far above `log(1 / alpha)`, 3.0: the mean is found to be
    above 0.

    >>> from math import cos, sin
    >>> engine, state = Certificate(bound=1.0, optimal=100.0, alpha=0.05), CertificateState()
    >>> for i in range(1, 1001):
    ...     engine.update(state, 0.1 + 0.3 * sin(i) + 0.2 * cos(0.37 * i * i))
    >>> round(state.variance, 7), round(engine.log_e(state), 7)
    (76.3983751, 34.7852026)

    References:
        Howard, Ramdas, McAuliffe and Sekhon (2021), Time-uniform, nonparametric, nonasymptotic
        confidence sequences, proposition 9 (gamma-exponential mixture) and theorem 4 (empirical
        Bernstein).
        Choe and Ramdas (2024), Comparing sequential forecasters, section 4: scores of two forecasters.
    """

    def __init__(self, bound: float, optimal: float, alpha: float, margin: float = 0.0) -> None:
        from scipy.special import gammainc, hyp1f1

        self._gammainc, self._hyp1f1 = gammainc, hyp1f1
        a = -2.0 * log(2.0 * alpha)
        self._c = bound
        self._margin = margin
        self._r = r = optimal / (a + log(1.0 + a))
        self._shape = r / (bound * bound)
        shape = self._shape
        self._first = shape * log(shape) - lgamma(shape) - log(float(gammainc(shape, shape)))
        self.threshold = -log(alpha)

    def update(self, state: CertificateState, score: float) -> None:
        """Add one score to `state`.

        A score below `margin - bound` is not added. It marks the state as violated, and no later score is added either.
        """
        score -= self._margin
        if score - score != 0.0:
            state.rejected += 1
            return
        if score < -self._c:
            state.violated = True
        if state.violated:
            return
        predicted = state.total / state.n if state.total < 0.0 else 0.0
        deviation = score - predicted
        state.n += 1
        state.variance += deviation * deviation
        state.total += score

    def log_e(self, state: CertificateState) -> float:
        """Log evidence (log e-value, nats) that the mean is above the margin; minus infinity if `state.violated`.

        The mean is found to be above the margin once this value reaches `threshold`, which is `log(1 / alpha)`.
        """
        if state.violated:
            return -inf
        c2 = self._c * self._c
        shape = (state.variance + self._r) / c2
        y = (self._c * state.total + state.variance + self._r) / c2
        if y <= 0.0:
            return self._first - self._shape - log(shape)
        below = float(self._gammainc(shape, y))
        if below > 0.0:
            return self._first + lgamma(shape) + log(below) - shape * log(y) + y - self._shape
        # P(a, y) underflows far below its mean: P = y^a exp(-y) 1F1(1; a+1; y) / Gamma(a+1), Tricomi (1950).
        return self._first - self._shape - log(shape) + log(float(self._hyp1f1(1.0, shape + 1.0, y)))

    def p(self, state: CertificateState) -> float:
        """P-value for "the mean is not above the margin", from the scores in `state`; 1 if `state.violated`."""
        return min(1.0, exp(-self.log_e(state)))
