"""No output depends on later ticks, and no label is learned before it is known."""

from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Quote, Tick, Trade
from streams.engine.replay import replay_events
from streams.market.node import MarketNode
from tests.support.market_ticks import quick_node, real_ticks, seeded_ticks, written_by_offset


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.integers(0, 399), other=st.integers(0, 2**32))
def test_later_ticks_do_not_change_earlier_outputs(seed: int, cut: int, other: int) -> None:
    ticks = seeded_ticks(seed, 400)
    changed = ticks[:cut] + seeded_ticks(other, 400)[cut:]
    assert written_by_offset(quick_node(), changed)[:cut] == written_by_offset(quick_node(), ticks)[:cut]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.integers(20, 399), factor=st.floats(0.9, 1.1))
def test_one_changed_tick_changes_nothing_before_it(seed: int, at: int, factor: float) -> None:
    ticks = seeded_ticks(seed, 400, odd=0.0)
    changed = list(ticks)
    changed[at] = _moved(ticks[at], factor)
    assert written_by_offset(quick_node(), changed)[:at] == written_by_offset(quick_node(), ticks)[:at]


def test_a_changed_tick_does_change_what_follows() -> None:
    ticks = seeded_ticks(1, 400, odd=0.0)
    changed = list(ticks)
    changed[200] = _moved(ticks[200], 1.01)
    before, after = written_by_offset(quick_node(), ticks), written_by_offset(quick_node(), changed)
    assert before[200] != after[200]


def _moved(tick: Tick, factor: float) -> Tick:
    if isinstance(tick, Quote):
        return replace(tick, bid=tick.bid * factor, ask=tick.ask * factor)
    assert isinstance(tick, Trade)
    return replace(tick, price=tick.price * factor)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_learned_before_the_first_label_is_known(seed: int) -> None:
    node = quick_node()
    state = node.open("X")
    matured = 0
    for offset, tick in enumerate(seeded_ticks(seed, 400, odd=0.0)):
        records = node.step(state, tick, f"ticks:0:{offset}")
        matured += sum(isinstance(record, OutcomeMatured) and record.label != 0 for record in records)
        assert state.arms.arms[0].model.n_seen == matured
    assert matured > 20


def test_outcomes_are_computed_from_the_right_ticks() -> None:
    _check_outcomes(quick_node(), seeded_ticks(3, 3_000, odd=0.0), labels_per_horizon=5)


def test_outcomes_are_computed_from_the_right_real_ticks() -> None:
    _check_outcomes(MarketNode(), real_ticks("btcusdt-perp-20240808", 8_000), labels_per_horizon=20)


def _check_outcomes(node: MarketNode, ticks: list[Tick], labels_per_horizon: int) -> None:
    """Recompute every outcome from the predictions, each of which has the mid at its time."""
    records = list(replay_events(node, ticks))
    predictions = [record for record in records if isinstance(record, Prediction)]
    outcomes = [record for record in records if isinstance(record, OutcomeMatured)]
    by_id = {prediction.id: index for index, prediction in enumerate(predictions)}
    times = [prediction.ts_event for prediction in predictions]
    assert len(predictions) == len(ticks)
    assert len(outcomes) > 100
    for outcome in outcomes:
        prediction = predictions[by_id[outcome.prediction_id]]
        first_after = bisect_left(times, prediction.ts_event + prediction.horizon_ns)
        assert prediction.scored
        assert outcome.id.rpartition(":")[0] == predictions[first_after].id
        assert outcome.mid == prediction.mid
        assert outcome.mid_matured == predictions[first_after - 1].mid
        assert outcome.return_bps == pytest.approx(1e4 * (outcome.mid_matured / prediction.mid - 1.0))
        assert outcome.label == (outcome.mid_matured > prediction.mid) - (outcome.mid_matured < prediction.mid)
        assert outcome.arms[0].probability == prediction.probability
        assert outcome.arms[0].position_size == prediction.position_size
    scored = [prediction.ts_event for prediction in predictions if prediction.scored]
    apart = predictions[0].horizon_ns // labels_per_horizon
    assert all(later - earlier >= apart for earlier, later in pairwise(scored))
    assert len(outcomes) <= len(scored) <= len(outcomes) + labels_per_horizon
