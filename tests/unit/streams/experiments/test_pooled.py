"""Combined evidence of several symbols does not depend on the order or repeats of records, and is not overstated."""

from math import exp, log
from random import Random

import pytest

from schemas.experiments import ExperimentMoved
from streams.experiments.node import ExperimentsNode
from streams.experiments.pooled import pooled
from tests.support.experiment_outcomes import CALMER, compared, run


def moves(symbol: str, edge: float, seed: int, count: int = 900) -> list[ExperimentMoved]:
    records = run(ExperimentsNode({"calmer": CALMER}), compared(0, count, edge, seed, symbol))
    return [record for record in records if isinstance(record, ExperimentMoved)]


@pytest.fixture(scope="module")
def records() -> list[ExperimentMoved]:
    return [*moves("X", 0.05, 1), *moves("Y", 0.0, 2), *moves("Z", -0.05, 3)]


def test_neither_order_nor_repeats_make_a_difference(records: list[ExperimentMoved]) -> None:
    expected = pooled(records)
    random = Random(1)
    for _ in range(20):
        shuffled = records + random.sample(records, len(records) // 2)
        random.shuffle(shuffled)
        assert pooled(shuffled) == expected


def test_later_records_replace_earlier_ones(records: list[ExperimentMoved]) -> None:
    latest = {record.symbol: record for record in records}
    whole, last = pooled(records), pooled(latest.values())
    assert whole is not None
    assert last is not None
    assert whole.log_e_better == last.log_e_better
    assert whole.batches == last.batches
    assert whole.effect == pytest.approx(last.effect, rel=1e-12)


def test_the_evidence_is_the_mean_of_the_e_values(records: list[ExperimentMoved]) -> None:
    latest = {record.symbol: record for record in records}
    mean = sum(exp(record.log_e_better) for record in latest.values()) / 3
    found = pooled(records)
    assert found is not None
    assert found.log_e_better == pytest.approx(log(mean))
    alone = pooled(records, planned=6)
    assert alone is not None
    assert exp(alone.log_e_better) == pytest.approx((3 * mean + 3) / 6), "what is planned and not there counts 1"


def test_a_market_that_is_seen_twice_is_no_more_evidence() -> None:
    once = moves("X", 0.1, 1)
    twice = [*once, *moves("Y", 0.1, 1)]
    one, two = pooled(once), pooled(twice)
    assert one is not None
    assert two is not None
    assert two.log_e_better == pytest.approx(one.log_e_better)
    assert one.error is not None
    assert two.error is not None
    assert two.error >= 0.95 * one.error, "the same pairs under another name make an estimate no surer"


def test_symbols_that_know_nothing_of_each_other_make_the_estimate_surer() -> None:
    one = pooled(moves("X", 0.0, 10))
    many = pooled([each for number in range(8) for each in moves(f"S{number}", 0.0, 20 + number)])
    assert one is not None
    assert many is not None
    assert one.error is not None
    assert many.error is not None
    assert many.error < 0.7 * one.error


def test_nothing_is_pooled_before_a_batch() -> None:
    assert pooled([]) is None
