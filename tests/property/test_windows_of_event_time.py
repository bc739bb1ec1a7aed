"""Features over durations of event time: exact after restores, blind to later ticks, and what they say they are."""

from collections.abc import Sequence
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import msgpack
from msgspec.structs import replace

from schemas.ticks import Quote, Tick, Trade
from streams.engine.faults import Faults
from streams.market.features import FEATURES, FeatureParameters, Features, FeatureState
from streams.market.features.checks import vectors
from streams.market.features.registry import every_feature
from tests.property.test_restore import _written
from tests.support.market_ticks import quick_node, real_ticks, seeded_ticks, written_by_offset

BRIEF = ("return_500us", "return_3ms", "return_7", "queue_imbalance_change_2ms", "order_flow_imbalance_2ms")
TRADES = ("trade_flow_imbalance_1ms", "trade_flow_imbalance_5", "quote_rate_5ms", "realised_volatility_4ms", "mid_age")
LISTED = [each.name for each in every_feature() if each.name not in FEATURES]
OVER_TIME = {
    "recorded": [*BRIEF, *TRADES, *LISTED],
    "order_flow_window": "2ms",
    "trade_window": "3ms",
    "volatility": {"realised_window": "1ms"},
}
"""Every feature over time, and the older ones over durations instead of numbers of quotes."""


def test_a_node_restored_before_every_event_gives_the_same_bytes() -> None:
    ticks = seeded_ticks(4, 500)
    every = set(range(len(ticks)))
    assert _written(quick_node(features=OVER_TIME), ticks, every) == _written(
        quick_node(features=OVER_TIME), ticks, set()
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.sets(st.integers(0, 300), max_size=5))
def test_a_node_restored_at_any_events_gives_the_same_bytes(seed: int, at: set[int]) -> None:
    ticks = seeded_ticks(seed, 300)
    once = _written(quick_node(features=OVER_TIME), ticks, at)
    assert once == _written(quick_node(features=OVER_TIME), ticks, set())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.integers(1, 299), factor=st.floats(0.9, 1.1))
def test_a_changed_tick_changes_nothing_before_it_not_even_at_its_own_time(seed: int, at: int, factor: float) -> None:
    """The tick gets the time stamp of the one before it, so that what must not change has the same stamp."""
    ticks = seeded_ticks(seed, 300, odd=0.0)
    ticks[at] = replace(ticks[at], ts_event=ticks[at - 1].ts_event)
    changed = list(ticks)
    changed[at] = _moved(ticks[at], factor)
    one = written_by_offset(quick_node(features=OVER_TIME), changed)
    other = written_by_offset(quick_node(features=OVER_TIME), ticks)
    assert one[:at] == other[:at]


def _moved(tick: Tick, factor: float) -> Tick:
    if isinstance(tick, Quote):
        return replace(tick, bid=tick.bid * factor, ask=tick.ask * factor)
    assert isinstance(tick, Trade)
    return replace(tick, price=tick.price * factor)


def _values(names: list[str], ticks: Sequence[Quote | Trade]) -> list[dict[str, float]]:
    features = Features(FeatureParameters(), names)
    return [dict(zip(features.names, vector, strict=True)) for vector in vectors(features, ticks)]


def test_returns_of_real_ticks_are_those_of_a_search_for_the_last_mid_as_old_as_the_window() -> None:
    """Of moves within one 32nd part of a window the last one is kept: the earlier mid may be older by that much."""
    ticks = [each for each in real_ticks("btcusdt-perp-20240808", 6_000) if isinstance(each, Quote | Trade)]
    names = {"return_100ms": 100_000_000, "return_2s": 2_000_000_000}
    found = _values(list(names), ticks)
    mids: list[tuple[int, float]] = []
    exact = dict.fromkeys(names, 0)
    for tick, values in zip(ticks, found, strict=True):
        if isinstance(tick, Quote):
            mids.append((tick.ts_event, 0.5 * (tick.bid + tick.ask)))
        if not mids:
            continue
        for name, span in names.items():
            when = tick.ts_event - span
            at = next((index for index in reversed(range(len(mids))) if mids[index][0] <= when), -1)
            candidates = [mids[max(at, 0)][1]]
            while at > 0 and mids[at][0] > when - -(-span // 32):
                at -= 1
                candidates.append(mids[at][1])
            returns = [(mids[-1][1] / past - 1.0) * 1e4 for past in candidates]
            exact[name] += values[name] == pytest.approx(returns[0], abs=1e-9)
            assert any(values[name] == pytest.approx(each, abs=1e-9) for each in returns)
    assert all(count > 0.9 * len(found) for count in exact.values()), exact


def test_ticks_of_two_quotes_a_second_and_of_two_thousand_are_seen_at_the_same_speed() -> None:
    """The same path of the mid, quoted a thousand times as often, has the same returns over time."""
    path = [100.0 + 0.01 * (number * 7 % 13) for number in range(40)]
    slow = [Quote("X", 1 + number * 500_000_000, mid - 0.01, 1.0, mid + 0.01, 1.0) for number, mid in enumerate(path)]
    fast = [replace(each, ts_event=each.ts_event + 500_000 * step) for each in slow for step in range(1_000)]
    names = ["return_1s", "return_5s", "quote_rate_10s"]
    last, other = _values(names, slow)[-1], _values(names, fast[:-999])[-1]
    assert [last[name] for name in names[:2]] == pytest.approx([other[name] for name in names[:2]])
    assert last["quote_rate_10s"] == pytest.approx(2.0, rel=0.05)
    assert other["quote_rate_10s"] == pytest.approx(2_000.0, rel=0.05)


@pytest.mark.parametrize(("price", "size"), [(1e-8, 1e9), (1e6, 1e-8)])
def test_a_satoshi_and_a_million_give_the_same_values(price: float, size: float) -> None:
    ticks = [each for each in islice(seeded_ticks(3, 400, odd=0.0), 400) if isinstance(each, Quote | Trade)]
    scaled = [_scaled(each, price, size) for each in ticks]
    for one, other in zip(_values(LISTED, ticks), _values(LISTED, scaled), strict=True):
        assert one == pytest.approx(other, rel=1e-6, abs=1e-6)


def _scaled(tick: Quote | Trade, price: float, size: float) -> Quote | Trade:
    if isinstance(tick, Trade):
        return replace(tick, price=tick.price * price, size=tick.size * size)
    return replace(
        tick,
        bid=tick.bid * price,
        ask=tick.ask * price,
        bid_size=tick.bid_size * size,
        ask_size=tick.ask_size * size,
    )


def test_a_burst_of_100_000_quotes_within_every_window_makes_no_state_larger_than_the_fullest() -> None:
    features, faults = Features(FeatureParameters(), LISTED), Faults()
    state = features.start(100.0)
    full = len(msgpack.encode(features.fullest(100.0)))
    largest = 0
    for number in range(100_000):
        mid = 100.0 + 0.01 * (number % 7)
        at = 1_700_000_000_000_000_000 + number * 450
        features.quote(state, Quote("X", at, mid - 0.01, 1.0 + number % 3, mid + 0.01, 2.0), faults)
        if number % 5_000 == 0 or number > 99_990:
            largest = max(largest, len(msgpack.encode(state)))
    assert 0.5 * full < largest <= full
    assert not faults.counts
    restored = msgpack.decode(msgpack.encode(state), type=FeatureState)
    features.revive(restored)
    assert restored == state
