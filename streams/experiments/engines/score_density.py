"""Density of a test's score from one planned look to the next, by numerical integration.

It is imported only for tests with planned looks, because its import is slow: computing the nodes of the Gauss-Legendre
quadrature takes as long as the rest of a worker's start.

References:
    Armitage, McPherson and Rowe (1969), Repeated significance tests on accumulating data, equation 2.
"""

from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

NODES, WEIGHTS = np.polynomial.legendre.leggauss(300)
FARTHEST = 9.0
"""Standard deviations at which the integration ends."""


class ScoreDensity:
    """Density of the score `sqrt(t) z` at the last look, restricted to tests that have crossed no bound so far.

    z is the test statistic, standard normal at each look if there is no difference; t is the fraction of all
    observations that are known at the look. A test crosses a bound at a look if |z| exceeds it.
    """

    def __init__(self) -> None:
        self._time = 0.0
        self._at: NDArray[np.float64] = np.zeros(1)
        self._mass: NDArray[np.float64] = np.ones(1)

    def leaving(self, time: float, bound: float) -> float:
        """Probability that |z| exceeds `bound` for the first time at a look at `time`; the density is left as it is.

        `time` is the fraction of all observations that are known at the look.
        """
        edge, step = bound * sqrt(time), sqrt(time - self._time)
        beyond = ndtr((self._at - edge) / step) + ndtr((-edge - self._at) / step)
        return float(self._mass @ beyond)

    def look(self, time: float, bound: float) -> float:
        """Advance the density to a look at `time`, the fraction of all observations that are known at the look.

        Returns the probability that |z| exceeds `bound` for the first time at this look.
        """
        crossed = self.leaving(time, bound)
        edge, step = min(bound, FARTHEST) * sqrt(time), sqrt(time - self._time)
        at = edge * NODES
        steps = np.exp(-0.5 * ((at[:, None] - self._at) / step) ** 2) / (step * sqrt(2.0 * pi))
        self._mass = edge * WEIGHTS * (steps @ self._mass)
        self._at, self._time = at, time
        return crossed
