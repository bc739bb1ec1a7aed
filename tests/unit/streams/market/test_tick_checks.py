import math
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.errors import Refused
from schemas.limits import HIGHEST_PRICE, LARGEST_SIZE, LOWEST_PRICE
from schemas.ticks import Directive, Quote, Trade
from streams.market.tick_checks import Validation, ValidationParameters

QUOTE = Quote("BTC-PERP.1", 1, 99.0, 1.0, 101.0, 0.0, seq=5)
TRADE = Trade("BTC-PERP.1", 1, 100.0, 0.0, "buy")
DIRECTIVE = Directive("d", "X", 1, "stop_arm", "b", "because")


def _reason(event: Any, **policies: bool) -> str:
    with pytest.raises(Refused, match=r"^\w+: expected .*, was ") as refused:
        Validation(ValidationParameters(**policies)).check(event)
    return refused.value.reason


@pytest.mark.parametrize(
    "tick",
    [
        QUOTE,
        TRADE,
        DIRECTIVE,
        replace(QUOTE, bid=LOWEST_PRICE, ask=HIGHEST_PRICE),
        replace(QUOTE, bid_size=LARGEST_SIZE),
        replace(QUOTE, bid=101.0),
        replace(QUOTE, ts_event=2**63 - 1, seq=-1),
        replace(QUOTE, symbol="!" * 32),
        replace(TRADE, side="rumour"),
    ],
)
def test_good_ticks_pass(tick: Any) -> None:
    Validation(ValidationParameters()).check(tick)


@pytest.mark.parametrize("tick", [QUOTE, TRADE, DIRECTIVE])
@pytest.mark.parametrize("symbol", ["", " ", "A B", "x" * 33, "é", "\n", "\x7f", "\ud800"])
def test_invalid_symbols_are_refused(tick: Any, symbol: str) -> None:
    assert _reason(replace(tick, symbol=symbol)) == "bad_symbol"


@pytest.mark.parametrize("tick", [QUOTE, TRADE, DIRECTIVE])
@pytest.mark.parametrize("ts_event", [0, -1, 2**63, 10**30])
def test_invalid_times_are_refused(tick: Any, ts_event: int) -> None:
    assert _reason(replace(tick, ts_event=ts_event)) == "bad_time"


@pytest.mark.parametrize("tick", [QUOTE, TRADE])
@pytest.mark.parametrize("seq", [2**63, -(2**63) - 1, 10**30])
def test_invalid_sequence_numbers_are_refused(tick: Any, seq: int) -> None:
    assert _reason(replace(tick, seq=seq)) == "bad_sequence"


@pytest.mark.parametrize("name", ["bid", "ask", "price"])
@pytest.mark.parametrize("value", [0.0, -0.0, -1.0, math.nan, math.inf, -math.inf, 5e-324, 1e300])
def test_invalid_prices_are_refused(name: str, value: float) -> None:
    tick = TRADE if name == "price" else QUOTE
    assert _reason(replace(tick, **{name: value})) == "bad_price"


@pytest.mark.parametrize("name", ["bid_size", "ask_size", "size"])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, 1e300])
def test_invalid_sizes_are_refused(name: str, value: float) -> None:
    tick = TRADE if name == "size" else QUOTE
    assert _reason(replace(tick, **{name: value})) == "bad_size"


def test_crossed_quotes_are_refused_and_on_request_locked_ones_and_unknown_sides() -> None:
    locked, unknown = replace(QUOTE, bid=101.0), replace(TRADE, side="")
    assert _reason(replace(QUOTE, bid=101.5)) == "crossed_quote"
    assert _reason(locked, accept_locked=False) == "locked_quote"
    assert _reason(unknown, accept_unknown_side=False) == "unknown_side"
    Validation(ValidationParameters(accept_unknown_side=False)).check(TRADE)
