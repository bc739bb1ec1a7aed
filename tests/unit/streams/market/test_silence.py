"""Missing data are not zero: silence is not scored, old quotes are not used, and trades alone have a spread."""

from collections.abc import Sequence
from typing import Any

import pytest

from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Quote, Trade
from streams.engine.replay import replay_events
from streams.market.costs.traded_spread import FEWEST
from streams.market.node import MarketNode
from streams.parameters import load_parameters
from streams.scoring.prohibitive import PROHIBITIVE_BPS

MS = 1_000_000
MINUTE = 60_000 * MS
START = 1_700_000_000_000 * MS
MARKET = {"warmup_ticks": 5, "costs": {"fee_bps": 0.0, "slippage_bps": 0.0}}


def quote(at: int, mid: float = 100.0) -> Quote:
    return Quote("X", START + at, mid - 0.01, 5.0, mid + 0.01, 2.0)


def trade(at: int, price: float) -> Trade:
    return Trade("X", START + at, price, 1.0, "buy")


def loop(ticks: Sequence[Any], **market: Any) -> tuple[list[Prediction], list[OutcomeMatured]]:
    node = MarketNode(load_parameters({"market": MARKET | market}))
    records = list(replay_events(node, ticks))
    return (
        [each for each in records if isinstance(each, Prediction)],
        [each for each in records if isinstance(each, OutcomeMatured)],
    )


@pytest.mark.parametrize(
    ("silent", "scored"), [(10 * MINUTE, True), (10 * MINUTE + 1, False), (3 * 1_440 * MINUTE, False)]
)
def test_nothing_is_scored_across_silence(silent: int, scored: bool) -> None:
    before = [quote(30 * MS * number, 100.0 + 0.01 * (number % 3)) for number in range(40)]
    last = before[-1].ts_event - START
    predictions, outcomes = loop([*before, quote(last + silent), quote(last + silent + 10 * MS)])
    back = predictions[len(before)]
    waited = {each.id for each in predictions[: len(before)] if each.scored} - {
        each.prediction_id for each in outcomes if each.ts_event < back.ts_event
    }
    met = {each.prediction_id for each in outcomes if each.ts_event == back.ts_event}
    assert waited
    assert met == (waited if scored else set())
    dropped = f"feed (nothing came for {silent / 1e9:,.0f} s): {len(waited)} predictions stay unscored"
    assert (dropped in back.reason) == (not scored)
    assert "feed" not in predictions[-1].reason


def test_a_longer_horizon_bears_a_longer_silence() -> None:
    day = 1_440 * MINUTE
    ticks = [quote(day * number, 100.0 + number) for number in range(20)]
    predictions, outcomes = loop(ticks, horizon_ns=day, scored_per_horizon=1, warmup_ticks=0)
    assert len(predictions) == 20
    assert len(outcomes) > 15


def test_an_old_quote_is_not_used() -> None:
    quotes = [quote(30 * MS * number) for number in range(40)]
    trades = [trade(5_000 * MS + 3_000 * MS * number, 90.0 + 0.02 * (number % 2)) for number in range(400)]
    predictions, outcomes = loop([*quotes, *trades])
    mids = [each.mid for each in predictions[40:]]
    expired = next(number for number, mid in enumerate(mids) if mid != 100.0)
    assert (
        trades[expired].ts_event - quotes[-1].ts_event
        > 10 * MINUTE
        >= trades[expired - 1].ts_event - quotes[-1].ts_event
    )
    assert mids[expired:] == [each.price for each in trades[expired:]]
    assert "feed (no quote came for" in predictions[40 + expired].reason
    assert not [each for each in outcomes if each.mid == 100.0 and each.mid_matured != 100.0], "no move that nobody saw"
    assert predictions[-1].cost_bps == pytest.approx(0.02 / 90.0 * 1e4, rel=0.01)
    again, _ = loop([*quotes, *trades, quote(40 * MINUTE, 90.0)])
    assert again[-1].mid == 90.0, "a new quote stands at once"


def test_trades_alone_pay_the_spread_that_they_show() -> None:
    trades = [trade(200 * MS * number, 50.0 + 0.01 * (number % 2)) for number in range(60)]
    predictions, outcomes = loop(trades)
    costs = [each.cost_bps for each in predictions]
    assert costs[:FEWEST] == [PROHIBITIVE_BPS] * FEWEST, "no spread that is known is not a spread of 0"
    assert costs[FEWEST:] == pytest.approx([2.0] * (len(costs) - FEWEST), rel=0.001)
    assert {each.position_size for each in predictions[:FEWEST]} == {0.0}
    assert {round(each.cost_bps, 2) for each in outcomes} == {2.0, PROHIBITIVE_BPS}
    assert {each.arms[0].net_bps for each in outcomes if each.cost_bps == PROHIBITIVE_BPS} == {0.0}


def test_trades_beside_a_quote_that_stands_change_no_cost() -> None:
    ticks: list[Any] = [quote(0)]
    ticks += [trade(200 * MS * (1 + number), 100.0 + number % 2) for number in range(60)]
    predictions, _ = loop(ticks)
    assert {round(each.cost_bps, 6) for each in predictions} == {2.0}
    assert {each.mid for each in predictions} == {100.0}
