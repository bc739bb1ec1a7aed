"""Every feature against its definition over the whole history, and against values computed by hand."""

import math
from itertools import pairwise
from random import Random
from statistics import fmean, pstdev

import pytest

from schemas.ticks import Quote, Trade
from streams.engine.faults import Faults
from streams.market.features import FEATURES, SIGNED, UNSIGNED, FeatureParameters, Features, FeatureState


def _history(count: int, seed: int = 1) -> list[Quote | Trade]:
    random = Random(seed)
    steps, ticks = 10_000, list[Quote | Trade]()
    for number in range(count):
        steps += random.choice((-1, 0, 0, 1))
        if random.random() < 0.4:
            side = random.choice(("buy", "sell", "?"))
            ticks.append(Trade("X", 1 + number, steps / 100, random.randrange(1, 80) / 8, side))
        else:
            sizes = random.randrange(1, 400) / 16, random.randrange(1, 400) / 16
            ticks.append(Quote("X", 1 + number, steps / 100, sizes[0], (steps + 1) / 100, sizes[1]))
    return [Quote("X", 1, 100.0, 1.0, 100.01, 1.0), *ticks]


def _run(ticks: list[Quote | Trade]) -> FeatureState:
    features = Features(FeatureParameters())
    first = ticks[0]
    state = features.start(0.5 * (first.bid + first.ask) if isinstance(first, Quote) else first.price)
    for tick in ticks:
        if isinstance(tick, Quote):
            features.quote(state, tick, Faults())
        else:
            features.trade(state, tick, Faults())
    return state


def _named(ticks: list[Quote | Trade]) -> dict[str, float]:
    return dict(zip(FEATURES, _run(ticks).vector, strict=True))


HISTORIES = [_history(count, seed) for seed, count in enumerate((1, 5, 60, 333, 900))]


@pytest.mark.parametrize("ticks", HISTORIES, ids=len)
def test_returns_and_zscore_agree_with_their_definitions(ticks: list[Quote | Trade]) -> None:
    mids = [0.5 * (tick.bid + tick.ask) for tick in ticks if isinstance(tick, Quote)]
    mids = [mids[0]] * 201 + mids[1:]
    named = _named(ticks)
    for lag in (1, 10, 50, 200):
        assert named[f"return_{lag}"] == pytest.approx(1e4 * (mids[-1] / mids[-1 - lag] - 1), abs=1e-9)
    last = mids[-200:]
    expected = (mids[-1] - fmean(last)) / pstdev(last) if pstdev(last) else 0.0
    assert named["zscore"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("ticks", HISTORIES, ids=len)
def test_features_of_the_book_agree_with_their_definitions(ticks: list[Quote | Trade]) -> None:
    quotes = [tick for tick in ticks if isinstance(tick, Quote)]
    flows = []
    for before, now in pairwise(quotes):
        bought = now.bid_size * (now.bid >= before.bid) - before.bid_size * (now.bid <= before.bid)
        sold = now.ask_size * (now.ask <= before.ask) - before.ask_size * (now.ask >= before.ask)
        flows.append(bought - sold)
    named, last = _named(ticks), quotes[-1]
    mid = 0.5 * (last.bid + last.ask)
    micro = (last.bid * last.ask_size + last.ask * last.bid_size) / (last.bid_size + last.ask_size)
    activity = sum(map(abs, flows[-50:]))
    assert named["queue_imbalance"] == (last.bid_size - last.ask_size) / (last.bid_size + last.ask_size)
    assert named["microprice_deviation"] == pytest.approx(1e4 * (micro / mid - 1), abs=1e-9)
    assert named["order_flow_imbalance"] == pytest.approx(sum(flows[-50:]) / activity if activity else 0.0, abs=1e-12)
    assert named["spread"] == pytest.approx(1e4 * (last.ask - last.bid) / mid)


@pytest.mark.parametrize("ticks", HISTORIES, ids=len)
def test_features_of_trade_flow_agree_with_their_definitions(ticks: list[Quote | Trade]) -> None:
    trades = [tick for tick in ticks if isinstance(tick, Trade)][-50:]
    mid = _run(ticks).now.mid
    signs = {"buy": 1, "sell": -1}
    volume = sum(trade.size for trade in trades)
    signed = sum(signs.get(trade.side, 0) * trade.size for trade in trades)
    average = sum(trade.price * trade.size for trade in trades) / volume if volume else mid
    named = _named(ticks)
    assert named["trade_flow_imbalance"] == pytest.approx(signed / volume if volume else 0.0, abs=1e-12)
    assert named["vwap_deviation"] == pytest.approx(1e4 * (1 - average / mid), abs=1e-8)


@pytest.mark.parametrize("ticks", HISTORIES, ids=len)
def test_oscillators_and_volatility_agree_with_their_definitions(ticks: list[Quote | Trade]) -> None:
    mids = [0.5 * (tick.bid + tick.ask) for tick in ticks if isinstance(tick, Quote)]
    gains = losses = variance = products = squares = last = 0.0
    fast = slow = mids[0]
    changes = [0.0]
    for before, now in pairwise(mids):
        gains = (49 * gains + max(now - before, 0.0)) / 50
        losses = (49 * losses + max(before - now, 0.0)) / 50
        fast = fast * 11 / 13 + now * 2 / 13
        slow = slow * 25 / 27 + now * 2 / 27
        change = 1e4 * (now / before - 1)
        variance = 0.97 * variance + 0.03 * change**2
        products = 0.99 * products + 0.01 * change * last
        squares = 0.99 * squares + 0.01 * change**2
        changes.append(change)
        last = change
    named = _named(ticks)
    relative_strength = 100 * gains / (gains + losses) if gains + losses else 50.0
    assert named["rsi"] == pytest.approx(2 * relative_strength / 100 - 1, abs=1e-9)
    assert named["macd"] == pytest.approx(1e4 * (fast - slow) / mids[-1], abs=1e-6)
    assert named["ewma_volatility"] == pytest.approx(math.sqrt(variance), abs=1e-9)
    assert named["realised_volatility"] == pytest.approx(math.sqrt(sum(c * c for c in changes[-50:])), abs=1e-9)
    assert named["autocorrelation"] == pytest.approx(products / squares if squares else 0.0, abs=1e-9)


def test_a_mirrored_market_flips_the_signed_features_only() -> None:
    """The mirrored market has each price p replaced by 200 - p, and the sides of quotes and trades exchanged."""

    def mirrored(tick: Quote | Trade) -> Quote | Trade:
        if isinstance(tick, Quote):
            return Quote("X", tick.ts_event, 200 - tick.ask, tick.ask_size, 200 - tick.bid, tick.bid_size)
        side = {"buy": "sell", "sell": "buy"}.get(tick.side, "?")
        return Trade("X", tick.ts_event, 200 - tick.price, tick.size, side)

    ticks = _history(500)
    plain, flipped = _named(ticks), _named([mirrored(tick) for tick in ticks])
    for name in SIGNED:
        assert flipped[name] == pytest.approx(-plain[name], rel=0.01, abs=1e-6), name
    for name in UNSIGNED:
        assert flipped[name] == pytest.approx(plain[name], rel=0.01), name


def test_trades_alone_move_the_price_until_a_quote_comes() -> None:
    features = Features(FeatureParameters())
    state, faults = features.start(100.0), Faults()
    assert features.trade(state, Trade("X", 1, 100.0, 1.0, "buy"), faults)
    assert features.trade(state, Trade("X", 2, 101.0, 1.0, "buy"), faults)
    assert state.now.mid == 101.0
    assert state.vector[FEATURES.index("return_1")] == pytest.approx(100.0)
    features.quote(state, Quote("X", 3, 101.0, 1.0, 103.0, 1.0), faults)
    assert state.now.mid == 102.0
    assert not features.trade(state, Trade("X", 4, 103.0, 1.0, "buy"), faults)
    assert not faults.counts
    assert state.now.mid == 102.0


def test_without_sizes_and_moves_every_feature_but_spread_and_age_is_zero() -> None:
    named = _named([Quote("X", 1 + number, 1.3, 0.0, 1.4, 0.0) for number in range(450)])
    assert named.pop("spread") == pytest.approx(1e4 * 0.1 / 1.35)
    assert named.pop("mid_age") == pytest.approx(449e-6, rel=1e-3)
    assert set(named.values()) == {0.0}
