"""How often a retrain that cannot find anything better proposes a candidate, by the number of models it chooses from.

`python -m tests.statistical.test_choice_among_contenders` prints the table of docs/retraining.md.
"""

from math import sqrt
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import binom

from streams.market.models import signed_logistic
from streams.retraining.beginning import Beginning
from streams.retraining.gates import HeldOut, gates
from streams.retraining.labels import Labelled
from streams.retraining.parameters import RetrainParameters

OUTCOMES, HORIZON = 500, 4
"""Outcomes of a hold-out that moved, and how many neighbours share noise."""

STRENGTH, ASTRAY = 0.6, 0.5
"""Strength of the relation, and how far each forecaster errs from it in a direction of its own."""

APART_NS = 25
PARAMETERS = RetrainParameters()
FITTED = Beginning(signed_logistic.fresh())


def smooth(random: np.random.Generator, rows: int, outcomes: int) -> NDArray[np.float64]:
    """Standard normal series in which `HORIZON` neighbours share noise."""
    noise = random.standard_normal((rows, outcomes + HORIZON - 1))
    total = np.cumsum(np.pad(noise, ((0, 0), (1, 0))), axis=1)
    return np.asarray((total[:, HORIZON:] - total[:, :-HORIZON]) / sqrt(HORIZON))


def proposes(
    seed: int, contenders: int, *, closer: float = 0.0, divided: bool = True, outcomes: int = OUTCOMES
) -> bool:
    """Whether the best of several forecasters passes all gates against a live one.

    The relation is a probit in one feature. The live version and every contender add an error of the same size in
    another direction each, so none of them is better than another.

    Args:
        seed: of the features and the noise.
        contenders: number of forecasters that the best one is chosen from.
        closer: fraction of the first forecaster's error that is taken off; above 0 it is better than the live one.
        divided: whether the level of the gates is divided by the number of contenders, as retrains do.
        outcomes: outcomes of the hold-out.
    """
    random = np.random.default_rng([seed, contenders])
    series = smooth(random, contenders + 3, outcomes)
    score, up = STRENGTH * series[0], STRENGTH * series[0] + series[1] > 0.0
    live = ndtr(score + ASTRAY * series[2])
    told = [ndtr(score + ASTRAY * (1.0 - closer * (not number)) * each) for number, each in enumerate(series[3:])]
    best = min(told, key=lambda each: -float(np.log(np.where(up, each, 1.0 - each)).mean()))
    log = [
        Labelled(
            ts=(at + 1) * APART_NS,
            matured=(at + 1 + HORIZON) * APART_NS,
            label=1 if rose else -1,
            features=[],
            rules=[],
            live=said,
            version="live",
            baselines=[0.5, 0.5, 0.5],
            regime="calm-range",
            return_bps=1.0 if rose else -1.0,
            cost_bps=0.1,
            uniqueness=1.0 / HORIZON,
            horizon_ns=HORIZON * APART_NS,
        )
        for at, (rose, said) in enumerate(zip(up.tolist(), live.tolist(), strict=True))
    ]
    held = HeldOut(log, best.tolist(), 1.0)
    return all(row.passed for row in gates(held, FITTED, PARAMETERS, contenders if divided else 1))


def rate(runs: int, contenders: int, **asked: Any) -> float:
    return sum(proposes(seed, contenders, **asked) for seed in range(runs)) / runs


@pytest.mark.parametrize("contenders", [1, 2, 3, 5])
def test_however_many_contenders_there_are_a_useless_one_is_proposed_no_more_often_than_promised(
    contenders: int,
) -> None:
    """If the rate were at the level, 0.1, more than this would be proposed in one of 1,000 such tests."""
    runs = 300
    assert rate(runs, contenders) * runs <= binom.ppf(0.999, runs, PARAMETERS.level)


def test_without_a_level_divided_by_their_number_the_rate_grows_beyond_it() -> None:
    runs = 150
    assert rate(runs, 5, divided=False) * runs > binom.ppf(0.999, runs, PARAMETERS.level)


def test_one_that_is_better_is_proposed_also_beside_others_but_less_often() -> None:
    alone, beside = rate(150, 1, closer=0.5), rate(150, 5, closer=0.5)
    assert 0.2 < beside < alone


def gain(closer: float, runs: int = 2_000) -> float:
    """Expected gain in log-loss, nats, of a forecaster that took off a fraction `closer` of its error."""
    random, total = np.random.default_rng(1), 0.0
    for _ in range(runs):
        series = smooth(random, 4, OUTCOMES)
        truth = ndtr(STRENGTH * series[0])
        losses = [
            -(truth * np.log(said) + (1.0 - truth) * np.log(1.0 - said)).mean()
            for said in (
                ndtr(STRENGTH * series[0] + ASTRAY * series[2]),
                ndtr(STRENGTH * series[0] + (1.0 - closer) * ASTRAY * series[3]),
            )
        ]
        total += losses[0] - losses[1]
    return total / runs


if __name__ == "__main__":
    asked = ((500, 0.25), (500, 0.5), (500, 1.0), (2_000, 0.1), (2_000, 0.25), (2_000, 0.5))
    print("gains", {closer: f"{gain(closer):.4f}" for _, closer in asked})
    for number in (1, 2, 3, 5, 12):
        found = [rate(2_000, number), rate(2_000, number, divided=False)]
        found += [rate(1_000, number, closer=closer, outcomes=outcomes) for outcomes, closer in asked]
        print(f"| {number} | " + " | ".join(f"{each:.3f}" for each in found) + " |", flush=True)
