"""The synthetic market is the same for the same seed and is as documented, and spoiled ticks are refused."""

from collections import Counter, deque
from itertools import pairwise

import pytest
from msgspec import Struct

from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.predictions import Prediction
from schemas.ticks import Quote
from streams.engine.feed import RawTick, payload
from streams.engine.replay import SourceRecord, replay
from streams.market.node import MarketNode
from streams.sources.bad_ticks import QUOTE_SPOILS, SPOILS, with_bad_ticks
from streams.sources.synthetic import OPENING_NS, SyntheticParameters, SyntheticSymbol, synthetic_market

HORIZON_S = 0.5


class Accuracy(Struct):
    """Fractions of mid moves over 500 ms whose direction was forecast rightly, 0 to 1."""

    perfect: float
    imbalance: float


def accuracy(market: SyntheticSymbol, seconds: float) -> Accuracy:
    """How well the next `seconds` of a market are forecast, by its own expectation and by the imbalance of the book."""
    pending: deque[tuple[float, float, float, float]] = deque()
    end, last, imbalance, asked = market.due + seconds * 1e9, 0, 0.0, 0
    right = {"perfect": 0, "imbalance": 0}
    while market.due < end:
        now = market.due
        while pending and now >= pending[0][0]:
            _, mid, expected, shown = pending.popleft()
            if moved := market.mid - mid:
                asked += 1
                right["perfect"] += (expected > 0) == (moved > 0)
                right["imbalance"] += (shown > 0) == (moved > 0)
        tick = market.step()
        if isinstance(tick, Quote):
            imbalance = tick.bid_size - tick.ask_size
        if now - last >= 25_000_000:
            last = now
            expected = market.price + market.expected_move(HORIZON_S) - market.mid
            pending.append((now + HORIZON_S * 1e9, market.mid, expected, imbalance))
    return Accuracy(right["perfect"] / asked, right["imbalance"] / asked)


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, again, other = (b"\n".join(map(encode, synthetic_market(seed=seed, ticks=2_000))) for seed in (7, 7, 8))
    assert first == again != other


def test_a_symbol_does_not_depend_on_the_others() -> None:
    alone = list(synthetic_market(5, ["CEDAR"], seconds=20))
    among = [tick for tick in synthetic_market(5, ["ACORN", "CEDAR", "MAPLE"], seconds=20) if tick.symbol == "CEDAR"]
    assert alone == among
    assert len(alone) > 1_000


def test_time_starts_at_the_opening_and_never_goes_back() -> None:
    ticks = list(synthetic_market(seed=1, ticks=5_000))
    assert OPENING_NS < ticks[0].ts_event < OPENING_NS + 10**9
    assert all(one.ts_event <= other.ts_event for one, other in pairwise(ticks))


def test_quotes_are_on_the_grid_with_a_spread_of_a_few_ticks() -> None:
    quotes = [tick for tick in synthetic_market(seed=2, ticks=20_000) if isinstance(tick, Quote)]
    assert all(round(quote.bid, 2) == quote.bid for quote in quotes)
    spreads = Counter(round((quote.ask - quote.bid) * 100) for quote in quotes)
    assert set(spreads) == {1, 2, 3}


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_planted_can_be_read(seed: int) -> None:
    seen = accuracy(SyntheticSymbol(seed, "ACORN"), seconds=400)
    assert 0.70 < seen.perfect < 0.78
    assert 0.59 < seen.imbalance < 0.66


def test_the_concept_change_turns_the_imbalance_round_and_nothing_else() -> None:
    market = SyntheticSymbol(3, "ACORN", SyntheticParameters(flip_after=200))
    before, after = accuracy(market, seconds=199), accuracy(market, seconds=201)
    assert before.imbalance > 0.58
    assert after.imbalance < 0.42
    assert after.perfect > 0.68


def test_nothing_good_is_lost_or_changed_by_spoiling() -> None:
    good = list(synthetic_market(seed=7, ticks=3_000))
    mixed = list(with_bad_ticks(good, rate=0.1, seed=1))
    assert [tick for tick in mixed if not isinstance(tick, RawTick)] == good
    assert 200 < len(mixed) - len(good) < 400


def test_the_market_node_refuses_every_spoiled_tick_and_takes_every_good_one() -> None:
    mixed = list(with_bad_ticks(synthetic_market(seed=7, ticks=4_000), rate=0.1, seed=2))
    bad = {offset: tick for offset, tick in enumerate(mixed) if isinstance(tick, RawTick)}
    values = [payload(tick) for tick in mixed]
    keys = [tick.symbol.encode() for tick in mixed]
    records = [SourceRecord(0, offset, *pair) for offset, pair in enumerate(zip(keys, values, strict=True))]
    ids = {DeadLetter: set[int](), Prediction: set[int]()}
    topics = {"dead-letters": DeadLetter, "predictions": Prediction}
    for emitted in replay(MarketNode(), records):
        if emitted.topic in topics:
            ids[topics[emitted.topic]].add(int(emitted.id.split(":")[2]))
    assert ids[DeadLetter] == set(bad)
    assert ids[Prediction] == set(range(len(mixed))) - set(bad)
    assert {tick.problem for tick in bad.values()} == {*SPOILS, *QUOTE_SPOILS}
