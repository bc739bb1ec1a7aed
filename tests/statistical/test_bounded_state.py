"""The state of a symbol stays small however long it runs."""

from itertools import islice

from schemas.ticks import Quote, Tick, Trade
from streams.market.node import MarketNode
from streams.sources.synthetic import SyntheticParameters, synthetic_market
from tests.support.market_ticks import start_arm

LIMIT = 64_000
"""Largest size of a snapshot, bytes."""


def _sizes(ticks: list[Quote | Trade], arms: int) -> list[int]:
    """Size of the snapshot at every 500th tick, bytes."""
    node = MarketNode()
    state = node.open("X")
    directives: list[Tick] = [start_arm(f"arm-{number}") for number in range(1, arms)]
    sizes = []
    for number, tick in enumerate([*directives, *ticks]):
        node.step(state, tick, f"ticks:0:{number}")
        if number % 500 == 0:
            sizes.append(len(node.dump(state)))
    assert len(state.arms.arms) == arms
    return sizes


def test_a_symbol_with_six_arms_stays_small_over_a_hundred_thousand_ticks() -> None:
    ticks = list(islice(synthetic_market(seed=3, symbols=["X"]), 100_000))
    sizes = _sizes(ticks, arms=6)
    assert max(sizes) < LIMIT
    assert max(sizes[100:]) < 1.1 * max(sizes[10:100])


def test_a_burst_leaves_no_more_waiting_than_is_scored_within_a_horizon() -> None:
    ticks = list(islice(synthetic_market(seed=4, symbols=["X"], parameters=SyntheticParameters(rate=20_000.0)), 20_000))
    assert max(_sizes(ticks, arms=1)) < LIMIT / 2
