"""Baseline forecasts by hand and inside the market node: they learn from labels only once these are known."""

from math import log

import pytest

from schemas.outcomes import OutcomeMatured
from streams.engine.replay import replay_events
from streams.scoring import baselines
from streams.scoring.baselines import BASELINES
from tests.support.market_ticks import quick_node, seeded_ticks


def test_each_is_as_sure_of_itself_as_its_record() -> None:
    state = baselines.start()
    assert baselines.call(state, 0.9).opinions == (0.5, 0.5, 0.5)
    first = baselines.call(state, -0.9)
    baselines.learn(state, first, up=True)  # the imbalance was wrong; there was no last move to go by
    second = baselines.call(state, 0.9)
    assert second.opinions == pytest.approx((2 / 3, 1 / 2, 1 / 3))
    assert second.sides == (1, 1, 1)
    baselines.learn(state, second, up=False)
    assert baselines.call(state, 0.0).opinions == pytest.approx((2 / 4, 1 - 1 / 3, 1 / 2))


def test_in_the_market_node_they_know_what_had_matured_and_nothing_else() -> None:
    ticks = seeded_ticks(7, 3_000, odd=0.0)
    outcomes = [each for each in replay_events(quick_node(), ticks) if isinstance(each, OutcomeMatured)]
    assert len([each for each in outcomes if each.label]) > 300
    for number, outcome in enumerate(outcomes):
        known = [each.label for each in outcomes[:number] if each.label and each.ts_event <= outcome.ts_prediction]
        ups = sum(label > 0 for label in known)
        assert list(outcome.baselines) == list(BASELINES)
        assert outcome.baselines["majority"] == pytest.approx((1 + ups) / (2 + len(known)))
        if not known:
            assert outcome.baselines["last_move"] == 0.5
    losses = [
        -log(each.baselines["majority"] if each.label > 0 else 1 - each.baselines["majority"]) for each in outcomes
    ]
    assert sum(losses) / len(losses) < 0.75
