"""What ticks say about the price: at the end of a horizon, across a jump, within a packet, with size zero."""

from collections.abc import Sequence
from typing import Any

import pytest

from schemas.breaks import ClockBroken
from schemas.dead_letters import DeadLetter
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Quote, Tick, Trade
from streams.engine.replay import replay_events
from streams.market.node import MarketNode
from streams.parameters import load_parameters

START, MS, S = 1_723_161_600_000_000_000, 1_000_000, 1_000_000_000
NO_WARM_UP = {"warmup_ticks": 0, "horizon_ns": 100 * MS, "scored_per_horizon": 100}


def quote(ms: float, mid: float, seq: int | None = None, size: float = 3.0) -> Quote:
    return Quote("X", START + round(ms * MS), mid * 0.9999, size, mid * 1.0001, size, seq)


def run(ticks: Sequence[Tick], **parameters: Any) -> list[Any]:
    node = MarketNode(load_parameters({"market": NO_WARM_UP | parameters}))
    return list(replay_events(node, ticks))


def of(kind: type, records: Sequence[Any]) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


def test_bars_a_minute_apart_can_be_predicted_a_minute_ahead() -> None:
    bars = [Trade("X", START + 60 * S * number, 100.0 + 0.1 * number, 1.0) for number in range(50)]
    outcomes = of(OutcomeMatured, run(bars, horizon_ns=60 * S))
    assert [outcome.label for outcome in outcomes] == [1] * 49
    assert {outcome.ts_event - outcome.ts_prediction for outcome in outcomes} == {60 * S}
    assert {round(outcome.mid_matured - outcome.mid, 6) for outcome in outcomes} == {0.1}


def test_of_several_ticks_at_the_end_of_a_horizon_the_first_counts() -> None:
    records = run([quote(0, 100.0), quote(40, 101.0), quote(100, 102.0), quote(100, 103.0), quote(200, 104.0)])
    found = {outcome.prediction_id: outcome.mid_matured for outcome in of(OutcomeMatured, records)}
    assert found == pytest.approx({"ticks:0:0": 102.0, "ticks:0:1": 103.0, "ticks:0:2": 104.0})


def crash(fallen: float, gap_ms: float = 10.0) -> list[Tick]:
    before: list[Tick] = [quote(10 * number, 100.0) for number in range(20)]
    return before + [quote(190 + gap_ms + 10 * number, fallen) for number in range(40)]


def test_predictions_before_a_crash_meet_it() -> None:
    records = run(crash(70.0))
    (jumped,) = of(ClockBroken, records)
    assert (jumped.reason, jumped.generation, jumped.dropped, jumped.jumps, jumped.refused) == ("price", 0, 0, 1, 19)
    outcomes = of(OutcomeMatured, records)
    assert {outcome.generation for outcome in outcomes} == {outcomes[0].generation}, "the clock went on"
    # What was due before the first tick of the crash ended before it; what was due from then on met it.
    fell_at = START + 200 * MS
    for outcome in outcomes:
        due = outcome.ts_prediction + 100 * MS
        across = outcome.ts_prediction < fell_at <= due
        assert outcome.return_bps == pytest.approx(-3_000.0 if across else 0.0, abs=1e-6)
    assert sum(outcome.label < 0 for outcome in outcomes) == 10
    assert len({outcome.id for outcome in outcomes}) == len(outcomes)
    # All predictions before the crash have their outcome, each once.
    made = {record.id for record in of(Prediction, records) if record.scored and record.ts_event < fell_at}
    assert made == {outcome.prediction_id for outcome in outcomes if outcome.ts_prediction < fell_at}


def test_what_is_due_while_a_crash_is_not_yet_believed_meets_the_prices_of_then() -> None:
    ticks: list[Tick] = [quote(10 * number, 100.0) for number in range(20)]
    ticks += [quote(200 + 10 * number, 70.0 - 0.1 * number) for number in range(20)]
    outcomes = of(OutcomeMatured, run(ticks))
    met = {(outcome.ts_prediction - START) // MS: outcome.mid_matured for outcome in outcomes}
    assert [met[ms] for ms in (90, 100, 110, 190)] == pytest.approx([100.0, 70.0, 69.9, 69.1])


def test_no_prediction_is_scored_across_a_jump_after_a_silence() -> None:
    records = run(crash(70.0, gap_ms=700_000))
    assert min(outcome.return_bps for outcome in of(OutcomeMatured, records)) == 0.0
    (jumped,) = of(ClockBroken, records)
    assert jumped.reason == "price"


def test_a_price_in_another_unit_is_no_crash() -> None:
    records = run(crash(0.001))
    (broken,) = of(ClockBroken, records)
    assert (broken.reason, broken.generation, broken.dropped) == ("scale", 1, 10)
    assert min(outcome.return_bps for outcome in of(OutcomeMatured, records)) == 0.0


def test_a_packet_keeps_its_newest_state() -> None:
    ticks = [quote(number // 3, 100.0 + number, seq=500 + number // 3) for number in range(18)]
    assert len(of(Prediction, run(ticks))) == 18
    again = [*ticks[:15], *ticks[12:15], *ticks[15:]]
    records = run(again)
    assert [letter.reason for letter in of(DeadLetter, records)] == ["duplicate"] * 3, "a packet that is sent twice"
    assert [record.mid for record in of(Prediction, records)] == [record.mid for record in of(Prediction, run(ticks))]


def test_a_packet_of_any_length_is_remembered_as_far_as_there_is_room() -> None:
    ticks = [quote(0, 100.0 + number / 100, seq=7) for number in range(500)]
    node = MarketNode()
    state = node.open("X")
    for number, tick in enumerate(ticks):
        node.step(state, tick, f"ticks:0:{number}")
    assert len(state.admission.packet) == 64
    node.step(state, quote(1, 100.0, seq=8), "ticks:0:500")
    assert state.admission.packet == []


def test_a_trade_of_nothing_moves_nothing() -> None:
    ticks: list[Tick] = [Trade("X", START + 10 * MS * number, 100.0 + number % 2, 1.0, "buy") for number in range(30)]
    nothing = Trade("X", START + 295 * MS, 85.0, 0.0, "sell")
    records = run([*ticks, nothing, Trade("X", START + 300 * MS, 100.0, 1.0, "buy")])
    predictions = of(Prediction, records)
    assert (predictions[30].mid, predictions[30].cost_bps) == (predictions[29].mid, predictions[29].cost_bps)
    assert {outcome.mid_matured for outcome in of(OutcomeMatured, records)} <= {100.0, 101.0}


def test_a_feed_without_sizes_moves_all_the_same() -> None:
    ticks = [Trade("X", START + 10 * MS * number, 100.0 + number, 0.0) for number in range(5)]
    assert [record.mid for record in of(Prediction, run(ticks))] == [100.0, 101.0, 102.0, 103.0, 104.0]


def test_a_jump_is_no_spread() -> None:
    ticks: list[Tick] = [
        Trade("X", START + 10 * MS * number, 100.0 + 0.01 * (number % 2), 1.0, "buy") for number in range(30)
    ]
    ticks += [
        Trade("X", START + 10 * MS * (30 + number), 70.0 + 0.01 * (number % 2), 1.0, "buy") for number in range(30)
    ]
    predictions = of(Prediction, run(ticks, costs={"enabled": ["half_spread"]}))
    assert predictions[-1].mid == 70.01
    assert predictions[-1].cost_bps == pytest.approx(0.01 / 70.0 * 1e4, rel=0.001)
