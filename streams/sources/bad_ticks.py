"""Mixes invalid ticks, such as broken producers send, into valid ones, for demos and tests."""

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

import msgspec

from schemas.codec import encode
from schemas.ticks import Quote, Trade
from streams.engine.feed import RawTick

SPOILS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "not JSON": lambda tick: b"\x00\x9f" + encode(tick)[:20],
    "cut off": lambda tick: encode(tick)[:-9],
    "no symbol": lambda tick: encode({name: value for name, value in tick.items() if name != "symbol"}),
    "price as text": lambda tick: _with_prices(tick, lambda price: str(price)),
    "no number": lambda tick: _with_prices(tick, lambda price: None),
    "negative price": lambda tick: _with_prices(tick, lambda price: -price),
    "unknown kind": lambda tick: encode(tick | {"kind": "candle"}),
    "negative size": lambda tick: encode(tick | dict.fromkeys(tick.keys() & {"bid_size", "size"}, -1.0)),
    "seconds for nanoseconds": lambda tick: encode(tick | {"ts_event": tick["ts_event"] // 10**9, "seq": None}),
    "sent twice": encode,
}
QUOTE_SPOILS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "crossed": lambda tick: encode(tick | {"bid": tick["ask"], "ask": tick["bid"]}),
    "decimal point lost": lambda tick: _with_prices(tick | {"seq": None}, lambda price: price * 100.0),
}


def with_bad_ticks(ticks: Iterable[Quote | Trade], rate: float, seed: int = 0) -> Iterator[Quote | Trade | RawTick]:
    """Pass on all ticks; after some, chosen at random, insert an invalid tick made from the tick before.

    The market node refuses each inserted tick, with one exception. An inserted tick may be an exact copy of
    the tick before; a copy is refused only if the ticks carry the sequence numbers of their venue.

    Args:
        ticks: valid ticks.
        rate: probability, 0 to 1, that a tick is followed by an invalid one.
        seed: seed of the random choice.
    """
    random = Random(f"{seed}:spoiled")
    for tick in ticks:
        yield tick
        if random.random() < rate:
            spoils = SPOILS | QUOTE_SPOILS if isinstance(tick, Quote) else SPOILS
            name = random.choice(list(spoils))
            value = spoils[name](msgspec.to_builtins(tick))
            yield RawTick(tick.symbol, value, tick.ts_event, name)


def _with_prices(tick: dict[str, Any], change: Callable[[float], Any]) -> bytes:
    return encode({name: change(value) if name in ("bid", "ask", "price") else value for name, value in tick.items()})
