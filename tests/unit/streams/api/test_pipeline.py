"""The pipeline as a Python object gives the same bytes as the market node."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import asdict

from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.errors import Refused
from schemas.ticks import Directive, Quote, Tick, Trade
from streams.api.pipeline import PipelinePrediction, UnifiedMLPipeline
from streams.engine.replay import replay_events
from streams.parameters import load_parameters
from tests.support.market_ticks import quick_node, real_ticks, seeded_ticks

QUICK: dict[str, Any] = {
    "horizon_ns": 2_000_000,
    "scored_per_horizon": 5,
    "warmup_ticks": 10,
    "costs": {"fee_bps": 0.0},
}


def _quick() -> UnifiedMLPipeline:
    return UnifiedMLPipeline(load_parameters({"market": QUICK}))


def _answers(pipeline: UnifiedMLPipeline, ticks: list[Tick]) -> list[bytes]:
    written = []
    for tick in ticks:
        assert not isinstance(tick, Directive)
        try:
            prediction = pipeline.predict(tick.symbol, tick)
        except Refused:
            continue
        written += [*map(encode, pipeline.outcomes), encode(prediction.record)]
    return written


def test_it_gives_the_records_of_the_market_node() -> None:
    ticks = [tick for tick in seeded_ticks(1, 1_500) if not isinstance(tick, Directive)]
    other = [tick for tick in seeded_ticks(2, 1_500, "Y") if not isinstance(tick, Directive)]
    mixed: list[Tick] = [tick for pair in zip(ticks, other, strict=False) for tick in pair]
    node = [record for record in replay_events(quick_node(), mixed) if not isinstance(record, DeadLetter)]
    assert len(node) > 3_000
    assert _answers(_quick(), mixed) == [encode(record) for record in node]


def test_it_gives_the_records_of_the_market_node_on_real_ticks() -> None:
    ticks = real_ticks("btcusdt-perp-20240808", 5_000)
    pipeline = UnifiedMLPipeline()
    records = [record for record in replay_events(pipeline.node, ticks) if not isinstance(record, DeadLetter)]
    assert _answers(pipeline, ticks) == [encode(record) for record in records]


def test_the_prediction_is_its_record() -> None:
    pipeline, last = _quick(), None
    for tick in seeded_ticks(3, 500, odd=0.0):
        assert not isinstance(tick, Directive)
        last = pipeline.predict("X", tick)
    assert last is not None
    record = last.record
    assert (last.symbol, last.strategy, last.regime) == ("X", record.strategy, record.regime)
    assert (last.position_size, last.confidence, last.timestamp) == (
        record.position_size,
        record.confidence,
        record.ts_event,
    )
    assert tuple(last.features_used) == record.features
    assert last.metrics["probability"] == record.probability
    assert last.metrics["matured"] > 100
    assert 0.4 < last.metrics["accuracy"] < 0.9
    assert 0.3 < last.metrics["log_loss"] < 1.0
    assert pipeline.faults("X") == {}


def test_a_mapping_is_as_good_as_a_record() -> None:
    quote = Quote("X", 5, 99.0, 3.0, 101.0, 1.0)
    trade = Trade("X", 6, 101.0, 2.0, "buy")
    plain, mapped, framed = _quick(), _quick(), _quick()
    for tick in (quote, trade):
        fields = {name: value for name, value in asdict(tick).items() if name != "symbol"}
        numpy = {name: np.asarray(value)[()] if name != "seq" else None for name, value in fields.items()}
        expected = plain.predict("X", tick)
        assert mapped.predict("X", fields) == expected
        assert encode(framed.predict("X", numpy).record) == encode(expected.record)


@pytest.mark.parametrize(
    ("market_data", "reason"),
    [
        ({"ts_event": 1, "bid": 1.0}, "malformed"),
        ({"ts_event": 1, "price": "dear", "size": 1.0}, "malformed"),
        ({"kind": "directive", "id": "d", "ts_event": 1, "action": "stop_arm", "arm": "b", "cause": ""}, "malformed"),
        ({"ts_event": 1, "price": float("nan"), "size": 1.0, "side": "buy"}, "bad_price"),
        ({"symbol": "Y", "ts_event": 1, "price": 1.0, "size": 1.0, "side": "buy"}, "bad_symbol"),
        (Quote("X", 1, 9.0, 1.0, 8.0, 1.0), "crossed_quote"),
    ],
)
def test_an_impossible_tick_is_refused_and_changes_nothing(market_data: Any, reason: str) -> None:
    pipeline, untouched = _quick(), _quick()
    with pytest.raises(Refused) as caught:
        pipeline.predict("X", market_data)
    assert caught.value.reason == reason
    tick = Quote("X", 2, 99.0, 3.0, 101.0, 1.0)
    assert pipeline.predict("X", tick).metrics == untouched.predict("X", tick).metrics


def test_every_size_is_explained_by_the_numbers_that_led_to_it() -> None:
    quick = {**QUICK, "costs": {"enabled": []}, "sizing": {"confidence_floor": 0.5}}
    pipeline = UnifiedMLPipeline(load_parameters({"market": quick}))
    decided: set[str] = set()
    last: PipelinePrediction | None = None
    for tick in seeded_ticks(3, 1_500):
        if isinstance(tick, Directive):
            continue
        try:
            prediction = pipeline.predict(tick.symbol, tick)
        except Refused:
            continue
        explained = pipeline.explain(prediction)
        assert (explained.position, explained.decided_by) == (prediction.position_size, prediction.record.sizing)
        assert explained.edge_bps == prediction.metrics["expected_edge_bps"]
        decided.add(explained.decided_by)
        if last is not None:
            with pytest.raises(ValueError, match="expected the last prediction"):
                pipeline.explain(last)
        last = prediction
    assert decided > {"cost", "stand_aside"}
