"""Runs ten million synthetic ticks through the whole loop, and checks that memory does not grow.

`python -m tests.bench.bench_memory [millions]` prints ticks per second and peak memory after each million.
The exit code is 1 if the last peak is more than `ALLOWED` times the first. `make bench` runs one million.
"""

import resource
import sys
from itertools import islice
from time import process_time_ns

from streams.engine import compiled
from streams.engine.backtest import Engine
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes

SYMBOLS = [f"S{number:02}" for number in range(32)]

MILLION = 1_000_000

ALLOWED = 1.05


def peak_mb() -> float:
    """Largest resident memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main(arguments: list[str]) -> int:
    millions = int(arguments[0]) if arguments else 1
    engine, market = Engine(nodes(Parameters()), with_digests=True), synthetic_market(seed=1, symbols=SYMBOLS)
    print(f"{millions} million ticks, {len(SYMBOLS)} symbols, with digests; {compiled.described()}")
    peaks, spent = [], 0
    for million in range(1, millions + 1):
        for _ in range(MILLION // 10_000):
            # The market is not what is measured: its ticks are made before the clock starts.
            ticks = list(islice(market, 10_000))
            started = process_time_ns()
            for tick in ticks:
                engine.take(tick)
            spent += process_time_ns() - started
        peaks.append(peak_mb())
        rate = million * MILLION / spent * 1e9
        print(f"  {million:>3} million: {rate:,.0f} ticks/s, peak {peaks[-1]:.1f} MB", flush=True)
    return 0 if peaks[-1] <= ALLOWED * peaks[0] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
