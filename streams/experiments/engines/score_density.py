"""Density of a score between planned looks, by numerical integration.

It is imported only for plans with looks: computing the nodes takes as long as the rest of a worker's start.

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
    """Density of the score `sqrt(t) z` at the last look, over the paths that have not crossed a bound yet."""

    def __init__(self) -> None:
        self._time = 0.0
        self._at: NDArray[np.float64] = np.zeros(1)
        self._mass: NDArray[np.float64] = np.ones(1)

    def leaving(self, time: float, bound: float) -> float:
        """Probability that the score first exceeds the bound at this look."""
        edge, step = bound * sqrt(time), sqrt(time - self._time)
        beyond = ndtr((self._at - edge) / step) + ndtr((-edge - self._at) / step)
        return float(self._mass @ beyond)

    def look(self, time: float, bound: float) -> float:
        """Advance to this look; return the probability that the score first exceeds the bound at it."""
        crossed = self.leaving(time, bound)
        edge, step = min(bound, FARTHEST) * sqrt(time), sqrt(time - self._time)
        at = edge * NODES
        steps = np.exp(-0.5 * ((at[:, None] - self._at) / step) ** 2) / (step * sqrt(2.0 * pi))
        self._mass = edge * WEIGHTS * (steps @ self._mass)
        self._at, self._time = at, time
        return crossed
