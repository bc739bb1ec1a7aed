"""Ticks for tests of the market node: a random market with odd ticks, and real files if they are present."""

import csv
import gzip
from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Any

import pytest

from schemas.codec import encode
from schemas.models import ModelState, SignedLogisticState
from schemas.ticks import Directive, Quote, Tick, Trade
from streams.engine.partition import Partition
from streams.engine.replay import SourceRecord
from streams.engine.signing import UNSIGNED, Signing
from streams.market.features import SIGNED
from streams.market.node import MarketNode
from streams.parameters import Parameters, load_parameters
from tests.support.places import DATA

START = 1_700_000_000_000_000_000


QUICK = {"horizon_ns": 2_000_000, "scored_per_horizon": 5, "warmup_ticks": 10, "costs": {"fee_bps": 0.0}}
"""Parameters with which predictions are scored after a few ticks, so that short streams take every path."""


def quick_node(signing: Signing = UNSIGNED, **market: Any) -> MarketNode:
    """A market node whose predictions are scored after a few ticks.

    Args:
        signing: keys by which directives are checked.
        market: parameters of the market that replace the quick ones.
    """
    return MarketNode(load_parameters({"market": QUICK | market}), signing)


def quick_parameters() -> Parameters:
    """Parameters with which the paper account trades and reports its value within a few ticks."""
    trades = {"costs": {"enabled": []}, "sizing": {"enabled": ["kelly"]}}
    return load_parameters({"market": QUICK | trades, "account": {"mark_every_ns": 3_000_000}})


def seeded_ticks(seed: int, count: int, symbol: str = "X", odd: float = 0.05) -> list[Tick]:
    """A random walk of prices. A fraction `odd` of the ticks is late, repeated, absurd, locked or without sizes."""
    random = Random(seed)
    clock, steps = START, 10_000
    ticks: list[Tick] = []
    while len(ticks) < count:
        clock += random.choice((0, 1_000, 50_000, 400_000, 3_000_000))
        steps += random.choice((-1, 0, 0, 0, 1))
        bid, ask = steps / 100, (steps + random.choice((1, 1, 2))) / 100
        seq = len(ticks) if random.random() < 0.5 else None
        if random.random() < odd:
            ticks.append(_odd(random, symbol, clock, bid, ask))
        elif random.random() < 0.3:
            side = random.choice(("buy", "sell", ""))
            ticks.append(Trade(symbol, clock, random.choice((bid, ask)), random.randrange(50) / 8, side, seq))
        else:
            sizes = random.randrange(400) / 16, random.randrange(400) / 16
            ticks.append(Quote(symbol, clock, bid, sizes[0], ask, sizes[1], seq))
    return ticks


def _odd(random: Random, symbol: str, clock: int, bid: float, ask: float) -> Tick:
    return random.choice(
        (
            Quote(symbol, clock - 10_000_000_000, bid, 1.0, ask, 1.0),
            Quote(symbol, clock, bid * 3, 1.0, ask * 3, 1.0),
            Quote(symbol, clock, bid, 0.0, bid, 0.0),
            Quote(symbol, clock, ask, 1.0, bid, 1.0),
            Quote(symbol, clock, bid, 0.0, ask, 0.0),
            Trade(symbol, clock, bid, 0.0, "buy"),
            Trade(symbol, clock, bid, 1.0, "sell", seq=0),
            Directive(f"d{random.random()}", symbol, clock, "stop_arm", "nobody", "odd"),
        )
    )


def start_arm(arm: str, symbol: str = "X", weight: float = 0.5, ts_event: int = START) -> Directive:
    """A directive that starts a model version `<arm>-v1` under the name `arm`, with all weights of its model equal."""
    model = SignedLogisticState(SIGNED, (weight,) * len(SIGNED), (1.0,) * len(SIGNED), 100)
    return Directive(f"start-{arm}", symbol, ts_event, "start_arm", arm, "test", ModelState(f"{arm}-v1", model))


def promote_arm(arm: str, symbol: str = "X", number: int = 0) -> Directive:
    return Directive(f"promote-{arm}-{number}", symbol, START, "promote_arm", arm, "test")


def stop_arm(arm: str, symbol: str = "X") -> Directive:
    return Directive(f"stop-{arm}", symbol, START, "stop_arm", arm, "test")


def real_ticks(name: str, count: int, skipped: int = 0) -> list[Tick]:
    """Read `count` ticks of a file of real ticks, after the first `skipped`; skip the test if there is no such file."""
    path = DATA / f"{name}.csv.gz"
    if not path.is_file():
        pytest.skip(f"real ticks are absent: {path.name} is not beside this checkout")
    with gzip.open(path, "rt") as lines:
        return list(islice(_parsed(csv.DictReader(lines)), skipped, skipped + count))


def _parsed(rows: "csv.DictReader[str]") -> Iterator[Tick]:
    for row in rows:
        symbol, ts_event = row["symbol"], int(row["ts_event"])
        if row["kind"] == "quote":
            bid, bid_size, ask, ask_size = (float(row[name]) for name in ("bid", "bid_size", "ask", "ask_size"))
            yield Quote(symbol, ts_event, bid, bid_size, ask, ask_size)
        else:
            yield Trade(symbol, ts_event, float(row["price"]), float(row["size"]), row["side"])


def as_records(ticks: list[Tick]) -> list[SourceRecord]:
    """The ticks as records of one partition."""
    return [SourceRecord(0, offset, tick.symbol.encode(), encode(tick)) for offset, tick in enumerate(ticks)]


def written_by_offset(node: MarketNode, ticks: list[Tick]) -> list[list[bytes]]:
    """Apply ticks to a node; return the encoded outputs of each tick."""
    partition = Partition(node, 0)
    return [
        [encode(record) for record in partition.apply(offset, None, encode(tick))] for offset, tick in enumerate(ticks)
    ]
