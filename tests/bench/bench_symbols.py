"""Measures time and memory of each of 1 to 1,000 symbols: `python -m tests.bench.bench_symbols [ARMS]`.

Ticks of a synthetic market come in the order of event time, so neighbouring ticks have different symbols.
With many symbols each state must then be fetched from outside the processor's caches. Every symbol has `WARM`
ticks before the measurement. ARMS is the number of model versions that run on each symbol (1: the live one
alone).
"""

import gc
import sys
from collections.abc import Iterable
from time import perf_counter_ns, process_time_ns
from typing import Any

from schemas.codec import encode
from schemas.models import ModelState, SignedLogisticState
from schemas.ticks import Directive
from streams.engine.partition import Partition
from streams.market.features import SIGNED
from streams.market.node import MarketNode
from streams.sources.synthetic import synthetic_market

WARM = 300
"""First ticks of each symbol that are not measured; its history is full after 200 quotes."""

MEASURED = 40_000


def starts(symbol: str, arms: int) -> Iterable[Directive]:
    """Directives that start `arms` - 1 model versions beside the live one."""
    for number in range(1, arms):
        model = SignedLogisticState(SIGNED, (0.1,) * len(SIGNED), (1.0,) * len(SIGNED), 100)
        arm = f"arm-{number}"
        yield Directive(f"{arm}-{symbol}", symbol, 1, "start_arm", arm, "benchmark", ModelState(f"{arm}-v1", model))


def held(roots: Iterable[Any]) -> int:
    """Bytes of these objects and of all objects that they refer to, without types and functions."""
    seen: set[int] = set()
    agenda, total = list(roots), 0
    while agenda:
        thing = agenda.pop()
        if id(thing) in seen or isinstance(thing, type) or callable(thing):
            continue
        seen.add(id(thing))
        total += sys.getsizeof(thing)
        agenda += gc.get_referents(thing)
    return total


def measure(symbols: int, arms: int) -> None:
    names = tuple(f"S{number:04}" for number in range(symbols))
    market = synthetic_market(seed=1, symbols=names)
    partition = Partition(MarketNode(), 0)
    offset = 0
    for name in names:
        for directive in starts(name, arms):
            partition.apply(offset, None, encode(directive))
            offset += 1
    for _ in range(WARM * symbols):
        partition.apply(offset, None, encode(next(market)))
        offset += 1
    values = [encode(next(market)) for _ in range(MEASURED)]
    durations = []
    partition.dirty.clear()
    started = process_time_ns()
    for value in values:
        began = perf_counter_ns()
        partition.apply(offset, None, value)
        durations.append(perf_counter_ns() - began)
        offset += 1
    mean = (process_time_ns() - started) / MEASURED / 1e3
    durations.sort()
    median, p99, worst = durations[MEASURED // 2], durations[MEASURED * 99 // 100], durations[-1]
    started = process_time_ns()
    sizes = [len(partition.snapshot(name)) for name in partition.dirty]
    checkpoint_ms = (process_time_ns() - started) / 1e6
    memory = held(keyed.state for keyed in partition.keys.values()) / symbols
    print(
        f"{symbols:>7,} {mean:>8.1f} {median / 1e3:>8.1f} {p99 / 1e3:>8.1f} {worst / 1e6:>9.1f} "
        f"{max(sizes):>9,} {memory:>9,.0f} {sum(sizes):>12,} {checkpoint_ms:>9.1f}"
    )


def main(arguments: list[str]) -> None:
    arms = int(arguments[0]) if arguments else 1
    print(f"{arms} arms, {MEASURED:,} ticks measured; us: decode, check and step of a tick; bytes: of a symbol")
    print("symbols  mean us   p50 us   p99 us  worst ms  snapshot    memory  checkpoint b        ms")
    for symbols in (1, 10, 100, 1_000):
        measure(symbols, arms)


if __name__ == "__main__":
    main(sys.argv[1:])
