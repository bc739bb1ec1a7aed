"""Group-sequential test (engine 4): a few planned looks at the evidence.

The last look is at a number of predictions that was fixed beforehand. The test is the most powerful
choice if this number is certain to be reached. Each prediction gives a pair: the results of challenger
and champion. The test statistic z of all pairs so far is standard normal if there is no difference.
"""

from collections.abc import Sequence
from math import e, log1p, sqrt
from typing import Literal

Spending = Literal["obrien_fleming", "pocock"]


def crossing(times: Sequence[float], bounds: Sequence[float]) -> list[float]:
    """Probability, for each look, that |z| exceeds its bound there for the first time.

    z is the test statistic; there is no difference to find, so z is standard normal at each look. The
    sum of the probabilities is the error rate of the whole test: five looks with the bound of a 5 %
    test, 1.96, have 14 %.

    >>> five = [0.2, 0.4, 0.6, 0.8, 1.0]
    >>> round(sum(crossing(five, [1.959964] * 5)), 5)
    0.14169

    Args:
        times: fraction of all observations that are known at each look, ascending, 1 at the last.
        bounds: bound of |z| at each look.

    References:
        Armitage, McPherson and Rowe (1969), Repeated significance tests on accumulating data, equation
        2.
    """
    from streams.experiments.engines.score_density import ScoreDensity

    paths = ScoreDensity()
    return [paths.look(time, bound) for time, bound in zip(times, bounds, strict=True)]


def spent(time: float, alpha: float, spending: Spending) -> float:
    """Part of the error rate alpha that may be used by all looks up to and including the one at `time`.

    It is `4 - 4 Phi(z_{1-alpha/4} / sqrt t)` for the spending function `obrien_fleming` and `alpha log(1 + (e-1) t)`
    for `pocock`, both for two-sided tests.

    >>> [round(spent(t, 0.05, "obrien_fleming"), 6) for t in (0.2, 0.6, 1.0)]
    [1e-06, 0.007616, 0.05]

    Args:
        time: t, the fraction of all observations that are known at the look, above 0 and up to 1.
        alpha: error rate over all looks.
        spending: name of the spending function.

    References:
        Lan and DeMets (1983), Discrete sequential boundaries for clinical trials.
    """
    if spending == "pocock":
        return alpha * log1p((e - 1.0) * time)
    from scipy.special import ndtr, ndtri

    return float(4.0 * ndtr(ndtri(alpha / 4.0) / sqrt(time)))


def lan_demets(times: Sequence[float], alpha: float, spending: Spending = "obrien_fleming") -> list[float]:
    """Bounds of the test statistic |z| at each look, so that the error rate over all looks is `alpha`.

    The looks need not be equally spaced.

    >>> [round(bound, 4) for bound in lan_demets([0.2, 0.4, 0.6, 0.8, 1.0], 0.05)]
    [4.8769, 3.357, 2.6803, 2.2898, 2.031]

    Args:
        times: fraction of all observations that are known at each look, ascending.
        alpha: two-sided error rate over all looks.
        spending: how `alpha` is spread over the looks.

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
    """O'Brien and Fleming's bounds of the test statistic |z| at equally spaced looks.

    The bound at look k of K is `c sqrt(K/k)`, with c such that the two-sided error rate over all looks is `alpha`.
    `looks` is K.

    >>> [round(bound, 6) for bound in obrien_fleming(looks=5, alpha=0.05)]
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
    """The normal quantile z with the same tail probability as `t` has under Student's distribution.

    `degrees` is the number of degrees of freedom. The t statistic of batch means with an unknown
    variance can thus be compared with bounds of z.

    >>> round(z_of_t(t=2.5, degrees=19), 4)
    2.2949

    References:
        Jennison and Turnbull (2000), Group Sequential Methods, section 3.3: the significance-level
        approach.
    """
    from scipy.special import ndtri, stdtr

    return float(-ndtri(stdtr(degrees, -abs(t))) if t >= 0.0 else ndtri(stdtr(degrees, t)))
