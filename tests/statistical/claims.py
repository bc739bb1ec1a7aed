"""The claims about experiments: the rows of docs/statistics.md with their bounds."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf

import numpy as np

from streams.experiments.engines.fixed_horizon import hac_t
from streams.experiments.engines.resampling import drawdown_test, sharpe_test
from streams.experiments.parameters import ExperimentParameters
from tests.statistical import error_rates as rates
from tests.statistical import pooled_symbols as pooled

Count = Callable[[np.random.Generator, int], int]
Measure = Callable[[np.random.Generator, int], float]


@dataclass(frozen=True)
class Claim:
    """One row: a rate over replications, or a number, that must lie between two bounds.

    Attributes:
        group, name: heading and name of the row.
        count: function that returns in how many of a number of replications something happens; or else
        measure: function that returns the number.
        low, high: bounds.
        full, short: numbers of replications in the document and in tests.
        control: whether this is a wrong rule that must fail.
    """

    group: str
    name: str
    low: float
    high: float
    full: int
    short: int
    count: Count | None = None
    measure: Measure | None = None
    control: bool = False


def _of(rule: Callable[..., int], scores: Callable[..., rates.Table], **options: int) -> Count:
    return lambda random, rows: rule(scores(random, rows), **options)


def _median_stop(random: np.random.Generator, rows: int, mean: float) -> float:
    return float(
        np.median([stop for part in rates.chunks(rows) for stop in rates.stops(rates.normal(random, part) + mean)])
    )


def _winners(random: np.random.Generator, rows: int, scores: Callable[..., rates.Table]) -> int:
    parameters = ExperimentParameters(
        primary="returns", beta=0.0, batch=50, expected=2_000.0, longest=9_800, warmup=200
    )
    zero = np.zeros((rows, rates.EVENTS))
    return rates.experiments(scores(random, rows), zero, parameters).count("winner")


def _equal_arms(random: np.random.Generator, rows: int) -> int:
    parameters = ExperimentParameters(batch=50, expected=2_000.0, longest=2_800, warmup=200)
    one = rates.normal(random, rows, 3_000)
    return rates.experiments(one, one, parameters).count("no_difference")


def _bounded(random: np.random.Generator, rows: int) -> int:
    return rates.fooled_certificate(rates.crashes(random, rows), bound=1.0)


def _clipped(random: np.random.Generator, rows: int) -> int:
    return rates.fooled_certificate(np.maximum(rates.crashes(random, rows), -0.05), bound=0.05)


def _sharpe(random: np.random.Generator, rows: int, rule: Callable[[rates.Table, rates.Table], int]) -> int:
    return sum(rule(*rates.equal_sharpe(random, part)) for part in (rows // 2, rows - rows // 2) if part)


def _hac(random: np.random.Generator, rows: int) -> int:
    return sum(hac_t(row, lags=20).p < 0.05 for row in rates.autoregressive(0.3)(random, rows, 2_000))


def _ledoit_wolf(random: np.random.Generator, rows: int) -> int:
    pairs = zip(*rates.equal_sharpe(random, rows, 500), strict=True)
    return sum(sharpe_test(a, b, block=5, resamples=199, seed=at).p <= 0.05 for at, (a, b) in enumerate(pairs))


def _drawdown(random: np.random.Generator, rows: int) -> int:
    pairs = zip(rates.normal(random, rows, 500), rates.normal(random, rows, 500), strict=True)
    return sum(drawdown_test(a, b, block=5.0, resamples=199, seed=at).p <= 0.05 for at, (a, b) in enumerate(pairs))


def _planned(random: np.random.Generator, rows: int) -> int:
    return rates.fooled_looks(rates.normal(random, rows, 805) + 0.1, batch=7)


def _always_valid(random: np.random.Generator, rows: int) -> int:
    scores = rates.normal(random, rows, 805) + 0.1
    return sum(stop < inf for stop in rates.stops(scores, batch=7, expected=805.0, alpha=0.025))


def _mean_alarm(random: np.random.Generator, rows: int, shift: float, limit: int) -> float:
    return float(np.mean(rates.alarms(random, rows, shift, limit)))


def _rate(rule: Callable[..., int], **options: float) -> Count:
    return lambda random, rows: rule(random, rows, **options)


NULLS = rates.NULLS
POOLED = "Eight symbols that move together"
ONE = "Engine 1, t-mixture of batch means (b = 50): decides without a difference"
CONTROL = "Negative controls: must be fooled"
CLAIMS = [
    *(Claim(ONE, name, 0.0, 0.057, 10_000, 600, _of(rates.fooled, null)) for name, null in NULLS.items()),
    *(
        Claim(
            "Engine 1: its 95 % confidence sequence holds the truth after all batches",
            name,
            0.95,
            1.0,
            4_000,
            300,
            _of(rates.covered, NULLS[name]),
        )
        for name in ("normal", "AR .3", "t3")
    ),
    *(
        Claim(
            f"Engine 1: median pairs to a decision, within 7 % of {median:,}",
            f"mean {mean}",
            0.93 * median,
            1.07 * median,
            4_000,
            500,
            measure=partial(_median_stop, mean=mean),
        )
        for mean, median in ((0.05, 2_550), (0.1, 900), (0.2, 500))
    ),
    *(
        Claim(
            CONTROL,
            f"t-test looked at after every event, {name}",
            low,
            1.0,
            2_000,
            200,
            _of(rates.peeking_t, NULLS[name]),
            control=True,
        )
        for name, low in (("normal", 0.6), ("AR .3", 0.85), ("overlap 10", 0.95))
    ),
    *(
        Claim(
            CONTROL,
            f"t-test looked at once, {name}",
            low,
            1.0,
            2_000,
            300,
            _of(rates.one_look_t, NULLS[name]),
            control=True,
        )
        for name, low in (("AR .3", 0.12), ("overlap 10", 0.45))
    ),
    Claim(
        CONTROL,
        "engine 1 without batches (b = 1), AR .3",
        0.12,
        1.0,
        1_500,
        200,
        _of(rates.fooled, NULLS["AR .3"], batch=1),
        control=True,
    ),
    Claim(CONTROL, "engine 2 on crashes clipped away", 0.95, 1.0, 1_000, 100, _clipped, control=True),
    Claim(
        CONTROL,
        "Jobson-Korkie-Memmel test looked at after every event",
        0.3,
        1.0,
        1_000,
        100,
        partial(_sharpe, rule=rates.peeking_sharpe),
        control=True,
    ),
    Claim(
        "Engine 2, certificate: decides without a difference",
        "100 gains of 0.01, one loss of 1",
        0.0,
        0.05,
        4_000,
        400,
        _bounded,
    ),
    Claim(
        "Engine 3, sequential Ledoit-Wolf: decides without a difference",
        "t5, correlation .5, Sharpe .1",
        0.0,
        0.057,
        2_000,
        200,
        partial(_sharpe, rule=rates.fooled_sharpe),
    ),
    Claim(
        "Engine 4, group sequential, 5 looks",
        "decides without a difference, normal",
        0.043,
        0.057,
        10_000,
        1_000,
        lambda random, rows: rates.fooled_looks(rates.normal(random, rows, 1_000), batch=10),
    ),
    Claim(
        "Engine 4, group sequential, 5 looks", "power, mean .1, at most 805 pairs", 0.76, 0.83, 10_000, 1_000, _planned
    ),
    Claim("Engine 4, group sequential, 5 looks", "power of engine 1 there", 0.5, 0.6, 10_000, 1_000, _always_valid),
    *(
        Claim(
            "The whole experiment, with its guards: A wins without a difference",
            name,
            0.0,
            0.057,
            1_000,
            40,
            partial(_winners, scores=NULLS[name]),
        )
        for name in ("normal", "AR .5", "overlap 10")
    ),
    Claim(
        "The whole experiment, with its guards: A wins without a difference",
        "the same arm twice: no difference",
        1.0,
        1.0,
        500,
        40,
        _equal_arms,
    ),
    *(
        Claim(
            f"{POOLED}, decided together: A wins without a difference",
            f"correlation {correlation}",
            0.0,
            0.057,
            4_000,
            100,
            _rate(pooled.won, correlation=correlation),
        )
        for correlation in (0.0, 0.8)
    ),
    Claim(
        f"{POOLED}: negative controls, must be fooled",
        "product of the symbols' e-values, correlation 0.8",
        0.12,
        1.0,
        1_500,
        200,
        _rate(pooled.fooled_by_products, correlation=0.8),
        control=True,
    ),
    Claim(
        f"{POOLED}: negative controls, must be fooled",
        "each symbol's windows as observations of their own, correlation 0.8",
        0.12,
        1.0,
        1_500,
        200,
        _rate(pooled.fooled_by_counting, correlation=0.8),
        control=True,
    ),
    Claim(
        f"{POOLED}: A wins, when it is better by 0.3 (correlation 0.3)",
        "decided together",
        0.75,
        1.0,
        1_500,
        60,
        _rate(pooled.won, correlation=0.3, mean=0.3),
    ),
    Claim(
        f"{POOLED}: A wins, when it is better by 0.3 (correlation 0.3)",
        "the mean of their e-values",
        0.35,
        0.65,
        1_500,
        200,
        _rate(pooled.won_by_means, correlation=0.3, mean=0.3),
    ),
    Claim(
        f"{POOLED}: A wins, when it is better by 0.3 (correlation 0.3)",
        "one of them by itself",
        0.2,
        0.4,
        1_500,
        200,
        _rate(pooled.won_alone, correlation=0.3, mean=0.3),
    ),
    Claim(
        "One look at the end: says 5 % without a difference", "HAC t, AR .3, 2,000 pairs", 0.03, 0.075, 2_000, 300, _hac
    ),
    Claim(
        "One look at the end: says 5 % without a difference",
        "Ledoit-Wolf bootstrap, t5, 500 pairs",
        0.03,
        0.075,
        1_000,
        60,
        _ledoit_wolf,
    ),
    Claim(
        "One look at the end: says 5 % without a difference",
        "drawdown bootstrap, 500 pairs",
        0.0,
        0.075,
        1_000,
        60,
        _drawdown,
    ),
    Claim(
        "E-detector: events to the alarm, run of 20,000",
        "nothing changed, mean",
        18_500.0,
        inf,
        600,
        60,
        measure=partial(_mean_alarm, shift=0.0, limit=200_000),
    ),
    Claim(
        "E-detector: events to the alarm, run of 20,000",
        "worse by .1 sigma, mean",
        800.0,
        1_000.0,
        2_000,
        300,
        measure=partial(_mean_alarm, shift=0.1, limit=50_000),
    ),
    Claim(
        "E-detector: events to the alarm, run of 20,000",
        "worse by .2 sigma, mean",
        320.0,
        400.0,
        2_000,
        300,
        measure=partial(_mean_alarm, shift=0.2, limit=50_000),
    ),
]
