"""Measures the processor time of an experiment for each pair: `python -m tests.bench.bench_experiments [pairs]`.

A pair is what the version under test and the live one made of the same prediction. Measured are an experiment
with every metric, one whose batches end by the clock, and one that decides on several symbols together.

For comparison, in the same run: a running mean and variance of the difference, the least that any test needs;
and decoding the outcome that a pair comes from, which every consumer does.
"""

import sys
from collections.abc import Callable, Sequence
from random import Random
from statistics import median
from time import process_time_ns
from typing import Any

import msgspec
from msgspec.structs import replace

from schemas.codec import decoder, encode
from schemas.experiments import ExperimentPartial
from schemas.outcomes import OutcomeMatured
from streams.engine.replay import replay_events
from streams.experiments.declaration import Declaration
from streams.experiments.engines import batches
from streams.experiments.engines.batches import Batches
from streams.experiments.evidence import Evidence
from streams.experiments.experiment import Experiment
from streams.experiments.pairs import Pair, pair_of
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.pooling_node import Pool
from streams.experiments.standing import standing
from streams.market.node import MarketNode
from streams.market.parameters import MarketParameters
from streams.sources.synthetic import synthetic_market

ROUNDS = 7
AIM_US, AIM_BYTES = 5.0, 4_096

FULL = ExperimentParameters(
    primary="risk_adjusted",
    guardrails={"returns": 0.1, "log_growth": 0.1, "win_rate": 0.1, "log_loss": 0.1, "drawdown": 10.0, "sharpe": 0.1},
    bound=1_000.0,
    beta=0.0,
    alpha=1e-6,
    batch=100,
    longest=10**9,
)
CLOCKED = replace(FULL, clock_ns=10)
SYMBOLS = tuple(f"S{number}" for number in range(8))
TOGETHER = replace(
    CLOCKED,
    scope="pooled",
    bound=0.0,
    batch=100 * len(SYMBOLS),
    guardrails={"returns": 0.1, "log_growth": 0.1, "win_rate": 0.1, "log_loss": 0.1, "sharpe": 0.1},
)
LEAN = ExperimentParameters(primary="returns", beta=0.0, alpha=1e-6, batch=100, longest=10**9)


def us(run: Callable[[Sequence[Any]], object], items: Sequence[Any]) -> float:
    """Median processor time of `run` for an item over several rounds, microseconds."""
    found = []
    for _ in range(ROUNDS):
        started = process_time_ns()
        run(items)
        found.append((process_time_ns() - started) / len(items) / 1e3)
    return median(found)


def pairs(count: int) -> list[Pair]:
    random, made = Random(1), []
    for number in range(count):
        b = random.gauss(0.0, 1.0)
        a = b + random.gauss(0.0, 1.0)
        made.append(Pair(f"ticks:0:{number}", number, a, b, random.uniform(0.3, 0.7), 0.5, random.choice((-1, 0, 1))))
    return made


def outcomes() -> list[bytes]:
    node = MarketNode(MarketParameters(horizon_ns=200_000_000))
    records = replay_events(node, synthetic_market(seed=1, symbols=["ACORN"], ticks=4_000))
    return [encode(record) for record in records if type(record) is OutcomeMatured]


def experiment(parameters: ExperimentParameters) -> Callable[[Sequence[Pair]], object]:
    def run(items: Sequence[Pair]) -> object:
        running = Experiment(parameters)
        state = running.start()
        running.batch(state, list(items))
        assert state.status == "running", "what has ended costs nothing"
        return state

    return run


def partials(pool: Pool, windows: int) -> list[ExperimentPartial]:
    """Records of eight symbols for an experiment that decides on them together: ten new pairs in each window."""
    sums = len(Evidence(TOGETHER).start().totals)
    random, made = Random(1), []
    totals = [[0.0] * sums for _ in SYMBOLS]
    for window in range(windows):
        for number, symbol in enumerate(SYMBOLS):
            total = totals[number] = [each + random.gauss(0.0, 3.0) for each in totals[number]]
            count = 10 * (window + 1)
            plan = pool.experiment.digest
            told = ("ticks:0:0:0", symbol, window, "x", plan, "new", "old", window, window)
            made.append(ExperimentPartial(*told, count, count, 0, 0, 0, tuple(total)))
    return made


def welford(items: Sequence[Pair]) -> object:
    state = Batches()
    for pair in items:
        batches.close(state, pair.a_bps - pair.b_bps)
    return state


def main(arguments: list[str]) -> None:
    made, values = pairs(int(arguments[0]) if arguments else 50_000), outcomes()
    decode = decoder(OutcomeMatured)
    least = us(welford, made)
    costs = {
        "reference: mean, variance, autocorrelation": least,
        "reference: decoding of an outcome": us(lambda items: [decode(value) for value in items], values),
        "pair of a decoded outcome": us(
            lambda items: [pair_of(outcome, "live", "live") for outcome in items], [decode(value) for value in values]
        ),
        "experiment, one metric": us(experiment(LEAN), made),
        "experiment, full suite": us(experiment(FULL), made),
        "experiment, full suite, by the clock": us(experiment(CLOCKED), made),
        "experiment, symbols that decide together": us(experiment(TOGETHER), made),
    }
    print(f"{len(made):,} pairs, batches of {FULL.batch}; median of {ROUNDS} rounds, processor time")
    for name, cost in costs.items():
        print(f"  {name:46} {cost:6.2f} us a pair  {cost / least:5.1f} x")
    full = costs["experiment, full suite"]
    print(f"  full suite: {full:.2f} us, aim {AIM_US:g}: {'met' if full < AIM_US else 'MISSED'}")
    running = Experiment(FULL)
    state = running.start()
    running.batch(state, made)
    size = len(msgspec.msgpack.encode(state))
    print(f"  state: {size:,} bytes of MessagePack, aim {AIM_BYTES:,}: {'met' if size < AIM_BYTES else 'MISSED'}")
    pool = Pool("x", Declaration(symbols=SYMBOLS, test=TOGETHER))
    told = partials(pool, 2_000)
    pooled = pool.start()
    started = process_time_ns()
    written = sum(1 for partial in told for _ in pool.take(pooled, partial))
    cost = (process_time_ns() - started) / len(told) / 1e3
    size = len(msgspec.msgpack.encode(pooled))
    print(f"  pool of {len(SYMBOLS)} symbols: {cost:.1f} us a window of a symbol, {written:,} records; {size:,} bytes")
    started = process_time_ns()
    for _ in range(1_000):
        standing(running, state)
    print(f"  standing, once a batch where it is published: {(process_time_ns() - started) / 1e6:.0f} us")


if __name__ == "__main__":
    main(sys.argv[1:])
