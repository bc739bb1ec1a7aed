"""The whole pipeline learns what there is to learn, and claims no skill where there is none."""

import csv
import gzip
from collections.abc import Iterable, Iterator
from random import Random

import pytest

from schemas.outcomes import OutcomeMatured
from schemas.ticks import Quote, Trade
from streams.engine.replay import replay_events
from streams.market.node import MarketNode
from streams.market.parameters import MarketParameters
from streams.scoring.skill import Skill, skill
from tests.support.places import DATA

MS = 1_000_000


def _skill(ticks: Iterable[Quote | Trade], horizon_ns: int = 500 * MS) -> Skill:
    records = replay_events(MarketNode(MarketParameters(horizon_ns=horizon_ns)), ticks)
    return skill(record for record in records if isinstance(record, OutcomeMatured))


def _book_led_market(count: int, seed: int, told: float, run: int) -> Iterator[Quote]:
    """Quotes whose mid moves a step every 100 ms, in runs to one side.

    Args:
        count: number of quotes.
        seed: seed of the random numbers.
        told: probability that the larger size of the book is on the side of the next move.
        run: number of moves to one side.
    """
    random = Random(seed)
    steps, up = 100_000, True
    for number in range(count):
        if number % run == 0:
            up = random.random() < 0.5
        steps += 1 if up else -1
        shown = up if random.random() < told else not up
        sizes = (8.0, 2.0) if shown else (2.0, 8.0)
        yield Quote("X", 1_000 * MS + number * 100 * MS, steps / 100, sizes[0], (steps + 1) / 100, sizes[1])


def test_the_pipeline_learns_a_relation_that_no_rule_knows() -> None:
    """Bid and ask sizes are exchanged, so that the lighter side wins: the imbalance rule is always wrong."""
    found = _skill(_book_led_market(12_000, seed=1, told=0.1, run=5), horizon_ns=200 * MS)
    experts = {score.name: score for score in found.experts}
    assert experts["imbalance"].log_loss > 0.75
    assert experts["signed_logistic"].log_loss < 0.6
    assert found.pipeline.log_loss < 0.6
    assert found.pipeline.accuracy > 0.7


def test_a_random_walk_gives_no_skill() -> None:
    found = _skill(_book_led_market(12_000, seed=2, told=0.5, run=1))
    assert found.pipeline.log_loss == pytest.approx(0.6931, abs=0.003)
    assert found.skill < 0.01


@pytest.mark.parametrize(
    ("name", "horizon_ms", "log_loss", "accuracy"),
    [
        ("btcusdt-perp-20240808", 500, 0.53, 0.73),
        ("ethusdt-perp-20240808", 500, 0.535, 0.725),
        ("btcusdt-spot-20240808", 500, 0.34, 0.85),
        ("bac-20131007", 500, 0.25, 0.88),
    ],
)
def test_real_ticks_have_skill(name: str, horizon_ms: int, log_loss: float, accuracy: float) -> None:
    found = _skill(_real_ticks(name), horizon_ms * MS)
    assert found.pipeline.log_loss < log_loss
    assert found.pipeline.accuracy > accuracy
    assert found.low is not None
    assert found.low > 0.0
    assert found.pipeline.log_loss <= min(score.log_loss for score in found.experts)


def test_no_skill_is_claimed_on_a_currency_without_sizes() -> None:
    found = _skill(_real_ticks("eurusd-20140507"), 60_000 * MS)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.0 < found.high
    assert found.pipeline.log_loss <= min(score.log_loss for score in found.experts)
    assert found.positions == 0


def _real_ticks(name: str) -> Iterator[Quote | Trade]:
    path = DATA / f"{name}.csv.gz"
    if not path.is_file():
        pytest.skip(f"real ticks are absent: {path.name} is not beside this checkout")
    with gzip.open(path, "rt") as lines:
        for row in csv.reader(lines):
            if row[2] == "quote":
                yield Quote(row[1], int(row[0]), float(row[3]), float(row[4]), float(row[5]), float(row[6]))
            elif row[2] == "trade":
                yield Trade(row[1], int(row[0]), float(row[7]), float(row[8]), row[9])
