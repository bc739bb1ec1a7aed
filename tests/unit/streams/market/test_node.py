import re
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.breaks import ClockBroken
from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.errors import StateError
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Quote, Tick, Trade
from streams.engine.partition import Keyed, Partition
from streams.engine.replay import SourceRecord, by_topic, replay, replay_events
from streams.market.features import FEATURES
from streams.market.node import MarketNode
from streams.parameters import load_parameters

MS = 1_000_000
START = 1_700_000_000_000_000_000
USED = (
    *(name for name in FEATURES if name not in ("autocorrelation", "realised_volatility", "mid_age")),
    *("return_200ms", "return_1s", "return_5s"),
    *("queue_imbalance_change_100ms", "queue_imbalance_change_500ms", "order_flow_imbalance_200ms"),
    *("trade_flow_imbalance_200ms", "vwap_deviation_200ms", "trade_flow_imbalance_5s", "vwap_deviation_5s"),
)
"""Features that some default component uses, then those over event time that the trees of retrains may use."""


def _node(**market: Any) -> MarketNode:
    table = {"horizon_ns": 100 * MS, "scored_per_horizon": 4, "warmup_ticks": 2} | market
    return MarketNode(load_parameters({"market": table}))


def _quote(ms: int, mid: float, bid_size: float = 1.0, ask_size: float = 1.0) -> Quote:
    return Quote("X", START + ms * MS, mid - 0.5, bid_size, mid + 0.5, ask_size)


def _outcomes(records: list[Any]) -> list[OutcomeMatured]:
    return [record for record in records if isinstance(record, OutcomeMatured)]


def test_a_prediction_has_every_field() -> None:
    (prediction,) = replay_events(_node(), [_quote(0, 100.0, bid_size=3.0)])
    assert isinstance(prediction, Prediction)
    assert (prediction.id, prediction.symbol, prediction.ts_event) == ("ticks:0:0", "X", START)
    assert (prediction.mid, prediction.horizon_ns, prediction.direction) == (100.0, 100 * MS, "up")
    assert prediction.confidence == prediction.probability > 0.5
    assert (prediction.position_size, prediction.expected_edge_bps) == (0.0, 0.0)
    assert prediction.cost_bps == pytest.approx(1.1 + 100.0)
    assert prediction.features == USED
    assert (prediction.regime, prediction.strategy, prediction.scored) == ("calm-range", "imbalance", False)
    assert re.fullmatch("builtin-[0-9a-f]{8}", prediction.model_version)


def test_an_outcome_says_what_the_live_arm_believed_before_it_learned() -> None:
    node = _node()
    state, believed = node.open("X"), []
    for ms, mid in ((0, 100.0), (1, 100.0), (2, 100.0), (50, 101.0), (103, 101.0), (204, 102.0)):
        before = list(state.arms.arms[0].weights)
        for outcome in _outcomes(list(node.step(state, _quote(ms, mid), f"ticks:0:{ms}"))):
            assert list(outcome.weights) == list(outcome.experts)
            assert list(outcome.weights.values()) == before
            believed.append(before)
    assert len(believed) > 2
    assert believed[0] != believed[-1]


def test_a_prediction_matures_with_the_mid_at_the_end_of_its_horizon() -> None:
    times_and_mids = [(0, 100.0), (1, 100.0), (2, 100.0), (50, 101.0), (101, 102.0), (102, 90.0), (300, 95.0)]
    records = list(replay_events(_node(), [_quote(*each) for each in times_and_mids]))
    predictions = [record for record in records if isinstance(record, Prediction)]
    assert [prediction.scored for prediction in predictions] == [False, False, True, True, True, False, True]
    assert [
        (outcome.id, outcome.prediction_id, outcome.mid, outcome.mid_matured, outcome.label)
        for outcome in _outcomes(records)
    ] == [
        ("ticks:0:5:0", "ticks:0:2", 100.0, 90.0, -1),  # a tick at its very end
        ("ticks:0:6:0", "ticks:0:3", 101.0, 90.0, -1),
        ("ticks:0:6:1", "ticks:0:4", 102.0, 90.0, -1),
    ]
    assert [type(record) for record in records[-3:]] == [OutcomeMatured, OutcomeMatured, Prediction]
    first = _outcomes(records)[0]
    assert first.return_bps == pytest.approx(-1_000.0)
    assert (first.ts_prediction, first.ts_event) == (START + 2 * MS, START + 102 * MS)
    assert list(first.features) == list(USED)
    assert list(first.experts) == ["imbalance", "momentum", "mean_reversion", "flat", "signed_logistic"]


def test_a_move_of_nothing_is_not_learned_from() -> None:
    node = _node()
    state = node.open("X")
    records = [node.step(state, _quote(200 * number, 100.0), f"ticks:0:{number}") for number in range(10)]
    assert [outcome.label for outcome in _outcomes([each for some in records for each in some])] == [0] * 7
    assert state.arms.arms[0].model.n_seen == 0
    assert state.moves.seen == 7


def test_a_position_is_taken_when_the_edge_pays_and_its_outcome_is_net_of_cost() -> None:
    """In this market the side with the larger size always wins, in runs up and down, and there is no fee."""
    ticks: list[Tick] = []
    mid = 100.0
    for number in range(4_000):
        up = number // 40 % 2 == 0
        mid *= 1.001 if up else 1 / 1.001
        sizes = (9.0, 1.0) if up else (1.0, 9.0)
        ticks.append(Quote("X", START + number * 50 * MS, mid * 0.99999, sizes[0], mid * 1.00001, sizes[1]))
    node = _node(costs={"fee_bps": 0.0, "slippage_bps": 0.0})
    outcomes = _outcomes(list(replay_events(node, ticks)))[-500:]
    held = [outcome for outcome in outcomes if outcome.arms[0].position_size]
    assert len(held) > 400
    for outcome in held:
        arm = outcome.arms[0]
        assert abs(arm.position_size) <= 1.0
        assert arm.gross_bps == pytest.approx(arm.position_size * outcome.return_bps)
        assert arm.gross_bps - arm.net_bps == pytest.approx(abs(arm.position_size) * 0.2, rel=1e-6)
    assert sum(outcome.arms[0].net_bps for outcome in held) > 0


def test_trades_alone_are_enough() -> None:
    trades = [Trade("X", START + number * 60 * MS, 100.0 + number % 3, 1.0, "buy") for number in range(50)]
    records = list(replay_events(_node(), trades))
    assert len([record for record in records if isinstance(record, Prediction)]) == 50
    assert {outcome.label for outcome in _outcomes(records)} == {-1, 1}


def test_a_resynchronised_symbol_starts_anew_but_keeps_what_it_learned() -> None:
    node = _node(admission={"resync_after": 3})
    state = node.open("X")
    for number in range(200):
        node.step(state, _quote(30 * number, 100.0 + number % 2), f"ticks:0:{number}")
    learned = list(state.arms.arms[0].model.weights)
    assert any(learned)
    partition = Partition(node, 0)
    partition.keys["X"] = Keyed(state, born=0, offset=299)
    answers: list[Any] = []
    for offset, tick in enumerate([_quote(number, 100.0) for number in range(6)], start=300):
        answers.extend(partition.apply(offset, b"X", encode(tick)))
    assert [type(answer) for answer in answers] == [DeadLetter] * 2 + [ClockBroken] + [Prediction] * 4
    assert [answer.reason for answer in answers[:2]] == ["late", "late"]
    broken = answers[2]
    assert (broken.reason, broken.generation, broken.refused, broken.id) == ("set_back", 1, 2, "ticks:0:302:0")
    assert broken.dropped > 0
    assert state.arms.arms[0].model.weights == learned
    assert not answers[3].scored
    assert [answer.generation for answer in answers[3:]] == [1] * 4
    assert state.admission.clock == START + 5 * MS


def test_symbols_have_their_own_parameters() -> None:
    node = MarketNode(load_parameters({"symbols": {"Y": {"market": {"horizon_ns": 7}}}}))
    ticks = [_quote(0, 100.0), replace(_quote(0, 100.0), symbol="Y")]
    predictions: list[Any] = list(replay_events(node, ticks))
    assert [prediction.horizon_ns for prediction in predictions] == [500 * MS, 7]


def test_a_policy_of_one_symbol_is_its_own() -> None:
    node = MarketNode(load_parameters({"symbols": {"Y": {"market": {"validation": {"accept_locked": False}}}}}))
    locked = Quote("X", START, 100.0, 1.0, 100.0, 1.0)
    records = list(replay_events(node, [locked, replace(locked, symbol="Y")]))
    assert [type(record) for record in records] == [Prediction, DeadLetter]


@pytest.mark.parametrize("snapshot", [b"", b"\x90", b"rumour", b"\xc1"])
def test_a_damaged_snapshot_is_an_error(snapshot: bytes) -> None:
    with pytest.raises(StateError, match="expected a snapshot of the market node"):
        _node().load(snapshot)


def test_a_snapshot_of_other_parameters_is_an_error() -> None:
    node, other = _node(), _node(warmup_ticks=3)
    with pytest.raises(StateError, match="expected a snapshot of the market node computed with the parameters"):
        other.load(node.dump(node.open("X")))
    with pytest.raises(StateError, match="expected a snapshot of the market node computed with the parameters"):
        other.step(node.open("X"), _quote(0, 100.0), "ticks:0:0")


def test_replay_is_what_the_partitions_write() -> None:
    values = [encode(_quote(number, 100.0)) for number in range(3)]
    source = [SourceRecord(number % 2, number // 2, b"X", value) for number, value in enumerate((*values, b"{"))]
    found = by_topic(replay(_node(), source))
    assert [(partition, record_id) for partition, record_id, _ in found["predictions"]] == [
        *((0, "ticks:0:0"), (1, "ticks:1:0"), (0, "ticks:0:1")),
    ]
    ((partition, record_id, value),) = found["dead-letters"]
    assert (partition, record_id) == (1, "ticks:1:1")
    assert b'"reason":"not_json"' in value
