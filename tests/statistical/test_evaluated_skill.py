"""The evaluation finds skill where it exists, none in a random walk, and its intervals have their stated coverage."""

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest

from schemas.ticks import Quote, Trade
from streams.market.parameters import MarketParameters
from streams.parameters import Parameters
from streams.reports.prequential import run as prequential
from streams.reports.prequential.ablations import VARIANTS
from streams.reports.prequential.table import SkillReport, report
from streams.scoring import block_bootstrap
from streams.sources.synthetic import SyntheticParameters, synthetic_market

MS = 1_000_000
STRONG = SyntheticParameters(pull=4.0, imbalance=0.3, aggression=3.0, trades=0.4, rate=60.0)
"""Trades carry information that the book does not, so a model that uses both beats every baseline."""


def _report(ticks: Sequence[Quote | Trade], horizon_ms: int) -> SkillReport:
    market = MarketParameters(horizon_ns=horizon_ms * MS)
    runs = [prequential.run(ticks, Parameters(market), variant) for variant in VARIANTS]
    return report("synthetic", runs, resamples=500)


def _random_walk(count: int, seed: int) -> list[Quote | Trade]:
    random, steps, ticks = Random(seed), 100_000, []
    for number in range(count):
        steps += random.choice((-1, 1))
        sizes = random.choice((2.0, 8.0)), random.choice((2.0, 8.0))
        ticks.append(Quote("X", 1_000 * MS + number * 100 * MS, steps / 100, sizes[0], (steps + 1) / 100, sizes[1]))
    return list(ticks)


def test_skill_that_is_there_is_shown() -> None:
    found = _report(list(synthetic_market(seed=1, symbols=["ACORN"], ticks=12_000, parameters=STRONG)), 200)
    rows = {row.name: row for row in found.rows}
    assert found.skill.verdict == "shown"
    assert found.skill.low is not None
    assert found.skill.low > 0.01
    assert "improvement shown" in found.sentences[0]
    assert rows["online model"].log_loss < rows["rule imbalance"].log_loss - 0.1
    assert rows["online model"].accuracy_low > rows["majority"].accuracy_high
    assert rows[found.best_baseline].skill == 0.0
    assert all(row.log_loss_low < row.log_loss < row.log_loss_high for row in found.rows if row.name != "rule flat")
    assert 300 < found.independent < found.tested / 5


def test_no_skill_is_claimed_on_a_random_walk() -> None:
    found = _report(_random_walk(6_000, seed=1), 500)
    assert [each.verdict for each in (found.skill, found.gain, found.claim)] == ["not shown"] * 3
    assert "no improvement shown" in found.sentences[0]
    assert "no improvement shown" in found.sentences[1]
    assert found.sentences[2].endswith("not shown.")
    full = found.rows[-1]
    assert full.log_loss_low < np.log(2.0) + 0.002
    assert full.log_loss == pytest.approx(np.log(2.0), abs=0.004)


@pytest.mark.parametrize(
    ("cell", "block", "least", "most"), [(20, block_bootstrap.BLOCK, 0.87, 0.99), (1, 1, 0.0, 0.6)]
)
def test_intervals_hold_the_truth_as_often_as_they_promise_only_with_blocks(
    cell: int, block: int, least: float, most: float
) -> None:
    """The data are 2,000 means of 20 overlapping normal numbers with true mean 0. Coverage of 300 samples: +-0.025."""
    random = np.random.default_rng(7)
    held = 0
    for seed in range(300):
        sample = np.convolve(random.normal(size=2_019), np.ones(20) / 20, mode="valid")
        (means,) = block_bootstrap.resampled_means([sample], np.arange(2_000) // cell, 200, seed, block)
        low, high = block_bootstrap.interval(means)
        held += low <= 0.0 <= high
    assert least <= held / 300 <= most
