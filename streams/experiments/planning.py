"""Planning: how many pairs an experiment needs, and how many days that takes at the rate of the stream.

A pair is the results of two versions on one prediction.
"""

from math import sqrt

import numpy as np
from msgspec import Struct
from scipy.special import ndtri

from schemas.errors import ConfigurationError
from streams.experiments.engines.e_process_of_batch_means import TMixture


def pairs_for_t(effect: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Number of independent pairs that a two-sided paired t-test needs, by the noncentral t distribution.

    A pair is the results of two versions on one prediction.

    >>> round(pairs_for_t(0.5), 5), round(pairs_for_t(0.2), 5)
    (33.36713, 198.15082)

    Args:
        effect: mean difference that the test shall find, in standard deviations of the difference in a pair.
        alpha: probability of finding a difference where there is none.
        power: probability of finding the difference `effect`.

    References:
        Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, section 12.8.
    """
    from scipy.optimize import brentq
    from scipy.stats import nct, t

    def lacking(n: float) -> float:
        critical = float(t.isf(alpha / 2.0, n - 1.0))
        shift = abs(effect) * sqrt(n)
        return power - float(nct.sf(critical, n - 1.0, shift) + nct.cdf(-critical, n - 1.0, shift))

    return float(brentq(lacking, 2.0, max(20.0, 4.0 * pairs(effect, alpha, power)), xtol=1e-9))


def pairs(effect: float, alpha: float = 0.05, power: float = 0.8, inflation: float = 1.0) -> float:
    """Number of pairs that a two-sided test with one look needs, by the normal distribution.

    A pair is the results of two versions on one prediction. The number is
    `(z_{1-alpha/2} + z_{power})^2 / effect^2 x inflation`.

    >>> round(pairs(0.1, inflation=1.5), 1)
    1177.3

    Args:
        effect: mean difference that the test shall find, in standard deviations of the difference in a pair.
        alpha: probability of finding a difference where there is none.
        power: probability of finding the difference `effect`.
        inflation: long-run variance / variance of the difference; the number of pairs grows by this factor if pairs
            depend on each other.

    References:
        Cohen (1988), section 12.8, for large samples.
    """
    return float((ndtri(1.0 - alpha / 2.0) + ndtri(power)) ** 2) / (effect * effect) * inflation


def detectable(count: float, alpha: float = 0.05, power: float = 0.8, inflation: float = 1.0) -> float:
    """Smallest effect that a test with one look at `count` pairs finds: the inverse of `pairs`.

    A pair is the results of two versions on one prediction. The effect is the mean difference of the two, in standard
    deviations of the difference in a pair.

    >>> round(detectable(1177.3, inflation=1.5), 4)
    0.1

    Args:
        count: number of pairs.
        alpha: probability of finding a difference where there is none.
        power: probability of finding the effect.
        inflation: long-run variance / variance of the difference in a pair.
    """
    return sqrt(pairs(1.0, alpha, power, inflation) / count)


def expected_run(
    effect: float, batch: int, expected: float, alpha: float, limit: int, inflation: float = 1.0, seed: int = 1
) -> tuple[float, float]:
    """Median pairs to the decision of a sequential test, and the fraction of tests that decide, both by simulation.

    The test is the e-process of batch means; it looks at the evidence after every batch. A pair is the results of two
    versions on one prediction.

    >>> median, power = expected_run(0.1, batch=50, expected=2_000.0, alpha=0.05, limit=10_000)
    >>> 800 <= median <= 1_000, power
    (True, 1.0)

    Args:
        effect: true mean difference, in standard deviations of the difference in a pair.
        batch: pairs in a batch.
        expected: pairs after which a decision is expected; the test is most powerful there.
        alpha: probability of ever deciding where there is no difference.
        limit: pairs after which a simulated test ends undecided; such a test counts in the median as `limit + 1` pairs.
        inflation: long-run variance / variance of the difference.
        seed: seed of the simulation.
    """
    random, engine = np.random.default_rng(seed), TMixture(batch, expected, alpha)
    stops = []
    for means in random.normal(effect, sqrt(inflation / batch), size=(SIMULATED, limit // batch)).tolist():
        state = engine.start()
        for number, mean in enumerate(means, start=1):
            engine.close(state, mean)
            if state.best >= engine.threshold:
                stops.append(number * batch)
                break
        else:
            stops.append(limit + 1)
    power = sum(stop <= limit for stop in stops) / SIMULATED
    return float(np.median(stops)), power


SIMULATED = 200


class ExperimentPlan(Struct, frozen=True):
    """Length and power of a planned experiment.

    A pair is the results of two versions on one prediction.

    Attributes:
        pairs, days: length of a test with one look at the end, with the given dependence of pairs.
        independent_pairs: pairs that this test would need if they were independent.
        pairs_unpaired: predictions of each version that a test would need if each version made its own predictions.
        gain: `pairs_unpaired / pairs`.
        sequential_pairs, sequential_days: median length of the e-process of batch means, which looks after every batch.
        sequential_power: fraction of these sequential experiments that decide within `limit_days`.
        detectable: smallest difference that one look after `limit_days` finds, in the unit of `plan`'s `difference`.
        limit_days: longest duration of the experiment, days.
        sentence: the plan as a sentence for a person.
    """

    pairs: float
    days: float
    independent_pairs: float
    pairs_unpaired: float
    gain: float
    sequential_pairs: float
    sequential_days: float
    sequential_power: float
    detectable: float
    limit_days: float
    sentence: str


def plan(
    difference: float,
    sd_a: float,
    sd_b: float,
    correlation: float,
    pairs_a_day: float,
    limit_days: float,
    batch: int = 50,
    alpha: float = 0.05,
    power: float = 0.8,
    inflation: float = 1.0,
) -> ExperimentPlan:
    """Length and power of an experiment that compares two versions on the same predictions.

    A pair is the results of both versions on one prediction. The variance of their difference is
    `sd_a^2 + sd_b^2 - 2 correlation sd_a sd_b`.

    In the example the `gain` is 5: a test in which each version made its own predictions would need
    five times as many predictions of each version.

    >>> found = plan(0.05, sd_a=1.0, sd_b=1.0, correlation=0.8, pairs_a_day=20_000.0, limit_days=1.0, inflation=2.0)
    >>> round(found.pairs), round(found.days, 3), round(found.gain, 2)
    (2512, 0.126, 5.0)

    Args:
        difference: smallest mean difference that is worth finding, for example in bps.
        sd_a, sd_b: standard deviation of each version's return on one prediction, in the unit of
            `difference`.
        correlation: correlation of the returns of the two versions, -1 to 1.
        pairs_a_day: number of pairs a day, at the rate of the stream.
        limit_days: longest duration of the experiment, days.
        batch: pairs in a batch.
        alpha: probability of finding a difference where there is none, in either direction.
        power: probability of finding `difference`.
        inflation: long-run variance / variance of the difference, above 1 where pairs depend on each
            other or overlap.

    Raises:
        ConfigurationError: no experiment can be planned with these numbers.
    """
    variance = sd_a * sd_a + sd_b * sd_b - 2.0 * correlation * sd_a * sd_b
    if not (variance > 0.0 and difference != 0.0 and pairs_a_day > 0.0 and limit_days * pairs_a_day >= batch):
        raise ConfigurationError(
            f"plan: expected a difference that is not 0, arms that differ and at least one batch of {batch} pairs, "
            f"was a difference of {difference} with variance {variance} and {limit_days * pairs_a_day:.0f} pairs; "
            "fix: the numbers, or a longer run"
        )
    sd = sqrt(variance)
    effect = abs(difference) / sd
    alone, needed = pairs(effect, alpha, power), pairs(effect, alpha, power, inflation)
    gain = (sd_a * sd_a + sd_b * sd_b) / variance
    limit = int(limit_days * pairs_a_day)
    median, decided = expected_run(effect, batch, needed, alpha / 2.0, min(limit, MOST_SIMULATED * batch), inflation)
    found = detectable(limit, alpha, power, inflation) * sd
    rate = pairs_a_day
    sentence = (
        f"{needed:,.0f} pairs ({needed / rate:.2g} days) find a difference of {difference:g} with power {power:g}; "
        f"without pairing {gain:.1f} times as many. Looked at all the time half of the experiments end within "
        f"{median:,.0f} pairs ({median / rate:.2g} days), {decided:.0%} within the limit. "
        f"Within the limit {found:.2g} and more is found."
    )
    return ExperimentPlan(
        needed,
        needed / rate,
        alone,
        needed * gain,
        gain,
        median,
        median / rate,
        decided,
        found,
        limit_days,
        sentence,
    )


MOST_SIMULATED = 2_000
"""Batches after which a simulated experiment ends undecided."""
