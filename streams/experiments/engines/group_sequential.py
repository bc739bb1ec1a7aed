"""Engine 4: a few planned looks at a horizon that is fixed; the sharpest choice when the horizon is firm.

SciPy has the normal distribution and the search for a root; bounds of repeated looks it has not.
"""

from collections.abc import Sequence
from math import e, log1p, sqrt
from typing import Literal

Spending = Literal["obrien_fleming", "pocock"]


def crossing(times: Sequence[float], bounds: Sequence[float]) -> list[float]:
    """Under no difference, the probability that |z| first crosses its bound at each look.

    >>> five = [0.2, 0.4, 0.6, 0.8, 1.0]
    >>> round(sum(crossing(five, [1.959964] * 5)), 5)
    0.14169

    Args:
        times: information fraction at each look, rising to 1 at the last.
        bounds: bound of |z| at each look.

    References:
        Armitage, McPherson and Rowe (1969), Repeated significance tests on accumulating data, equation 2.
    """
    from streams.experiments.engines.score_density import ScoreDensity

    paths = ScoreDensity()
    return [paths.look(time, bound) for time, bound in zip(times, bounds, strict=True)]


def spent(time: float, alpha: float, spending: Spending) -> float:
    """Part of alpha that may be spent up to an information time.

    `4 - 4 Phi(z_{1-alpha/4} / sqrt t)` (O'Brien-Fleming type), `alpha log(1 + (e-1) t)` (Pocock type); two-sided.

    >>> [round(spent(t, 0.05, "obrien_fleming"), 6) for t in (0.2, 0.6, 1.0)]
    [1e-06, 0.007616, 0.05]

    References:
        Lan and DeMets (1983), Discrete sequential boundaries for clinical trials.
    """
    if spending == "pocock":
        return alpha * log1p((e - 1.0) * time)
    from scipy.special import ndtr, ndtri

    return float(4.0 * ndtr(ndtri(alpha / 4.0) / sqrt(time)))


def lan_demets(times: Sequence[float], alpha: float, spending: Spending = "obrien_fleming") -> list[float]:
    """Two-sided bounds of |z| at arbitrary information times.

    >>> [round(bound, 4) for bound in lan_demets([0.2, 0.4, 0.6, 0.8, 1.0], 0.05)]
    [4.8769, 3.357, 2.6803, 2.2898, 2.031]

    References:
        Lan and DeMets (1983).
    """
    from scipy.optimize import brentq

    from streams.experiments.engines.score_density import FARTHEST, ScoreDensity

    paths, before, bounds = ScoreDensity(), 0.0, []
    for time in times:
        wanted = spent(time, alpha, spending) - before
        bound = float(brentq(lambda z, time=time, wanted=wanted: paths.leaving(time, z) - wanted, 0.1, FARTHEST))
        paths.look(time, bound)
        bounds.append(bound)
        before += wanted
    return bounds


def obrien_fleming(looks: int, alpha: float) -> list[float]:
    """Classical bounds for equal steps, `c sqrt(K/k)`.

    >>> [round(bound, 6) for bound in obrien_fleming(5, 0.05)]
    [4.561742, 3.225639, 2.633723, 2.280871, 2.040073]

    References:
        O'Brien and Fleming (1979), A multiple testing procedure for clinical trials.
    """
    from scipy.optimize import brentq

    times = [look / looks for look in range(1, looks + 1)]

    def excess(c: float) -> float:
        return sum(crossing(times, [c / sqrt(time) for time in times])) - alpha

    c = float(brentq(excess, 0.5, 6.0, xtol=1e-10))
    return [c / sqrt(time) for time in times]


def z_of_t(t: float, degrees: int) -> float:
    """The z with the same tail as Student's t: bounds for z then serve for batch means with unknown variance.

    >>> round(z_of_t(2.5, 19), 4)
    2.2949

    References:
        Jennison and Turnbull (2000), Group Sequential Methods, section 3.3: the significance-level approach.
    """
    from scipy.special import ndtri, stdtr

    return float(-ndtri(stdtr(degrees, -abs(t))) if t >= 0.0 else ndtri(stdtr(degrees, t)))
