"""Random payloads for the loop that often have meaningful values, such as known symbols and growing times."""

from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from typing import Any

from msgspec.structs import replace

from schemas.topics import Topic
from streams.experiments.experiment import Experiment
from streams.market.features import SIGNED
from streams.parameters import Parameters
from tests.support.pooled_partials import SYMBOLS, TOGETHER
from tests.support.schema_payloads import SchemaPayloads

NS = 1_723_075_200_000_000_000
EXPERIMENT = Experiment(TOGETHER.test)

FUZZED = replace(Parameters(), experiments={"calmer": TOGETHER})
"""Parameters of a loop that declares a pooled experiment."""


def sensible(seed: int) -> dict[str, Callable[[Random], Any]]:
    """Functions that draw meaningful values, by name of the field: known symbols, names and models, growing times.

    Args:
        seed: keeps the ids of different callers apart.
    """
    clock, window, pairs, ids = count(NS, 40_000_000), count(5), count(1), count(seed * 10**6)

    def one(*values: Any) -> Callable[[Random], Any]:
        return lambda random: random.choice(values)

    return {
        "symbol": one(*SYMBOLS, "A|B", "BINANCE:BTCUSDT"),
        "ts_event": lambda random: next(clock) + random.choice((0, 0, 0, -1, 10**9, -(10**9))),
        "id": lambda random: f"ticks:{random.choice((0, 1, 7, 99))}:{next(ids)}:0",
        "bid": one(100.0, 99.5, 101.0, 1e-12, 1e12),
        "ask": one(100.5, 102.0, 100.0, 1e12),
        "price": one(100.0, 101.0, 1e-12, 1e12),
        "bid_size": one(0.0, 1.0, 1e15, 5e-324),
        "ask_size": one(0.0, 1.0, 1e15, 5e-324),
        "size": one(0.0, 1.0, 1e15, 5e-324),
        "side": one("buy", "sell", ""),
        "seq": one(None, None, None, 5),
        "arm": one("b", "calmer", "candidate-1", "candidate-2", "live", "builtin", "a:b"),
        "experiment": one("calmer", "calmer", "calmer", ""),
        "version": one("v1", "v2", "v3", ""),
        "judged_against": one(""),
        "model_schema": one(1),
        "sha256": one(""),
        "parent": one(""),
        "features": one(list(SIGNED)),
        "weights": lambda random: [random.choice((1e6, -1e6, 0.0, 1e-300, 5e-324, 0.1)) for _ in SIGNED],
        "mean_squares": lambda random: [random.choice((1e24, 0.0, 1e-300, 1.0)) for _ in SIGNED],
        "overrides": one(
            {}, {"sizing": {"kelly_fraction": 0.5}}, {"mixture": {"prior": {"model": 1e6}}}, {"model": {}}
        ),
        "plan": one(EXPERIMENT.digest),
        "challenger": one("calmer-1"),
        "champion": one("builtin-1"),
        "window": lambda random: next(window),
        "passed": lambda random: next(window),
        "pairs": lambda random: 20 * next(pairs),
        "scored": lambda random: 10 * next(pairs),
        "rejected": one(0),
        "only_a": one(0),
        "only_b": one(0),
        "ended": one(""),
        "sums": lambda random: [
            random.choice((1e100, -1e100, 0.0, 1e-300, 5e-324, random.gauss(0.0, 1.0)))
            for _ in EXPERIMENT.start().evidence.totals
        ],
    }


def payloads(topic: Topic, most: int, seed: int) -> Iterator[bytes]:
    """Payloads for a topic, the same for the same seed: a third fit its schema, the others are spoiled somewhere.

    Args:
        topic: topic whose records are imitated.
        most: number of payloads.
        seed: seed of the random numbers.
    """
    random, values = Random(seed), sensible(seed)
    known = [SchemaPayloads(record, seed, values) for record in topic.records]
    odd = [SchemaPayloads(record, seed + 1) for record in topic.records]
    for number in range(most):
        drawn = random.choice(known if number % 4 else odd)
        yield drawn.fitting() if number % 3 == 0 else drawn.spoiled()
