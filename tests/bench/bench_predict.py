"""Measures `predict()` in this process: `python -m tests.bench.bench_predict [ticks.csv.gz] [count]`.

The exit code is 1 if it takes more than 1 ms at the 95th percentile or 2 ms at the 99th. These are processor
times: on a busy machine, times on the clock include whole time slices of other processes.
"""

import sys
from itertools import islice
from time import perf_counter_ns, thread_time_ns

from schemas.errors import Refused
from schemas.ticks import Directive
from streams.api.pipeline import UnifiedMLPipeline
from streams.sources.synthetic import synthetic_market
from tests.bench.bench_step import file_ticks

PROMISED_US = {"p95": 1_000.0, "p99": 2_000.0}


def percentiles(durations: list[float]) -> dict[str, float]:
    ordered = sorted(durations)
    return {f"p{share:g}": ordered[int(len(ordered) * share / 100)] for share in (50, 95, 99, 99.9)}


def shown(at: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f} us" for name, value in at.items())


def main(arguments: list[str]) -> int:
    path = arguments[0] if arguments else ""
    count = int(arguments[1]) if len(arguments) > 1 else 40_000
    pipeline = UnifiedMLPipeline()
    wall, processor, refused = [], [], 0
    for tick in islice(file_ticks(path) if path else synthetic_market(seed=1), count):
        if isinstance(tick, Directive):
            continue
        started, used = perf_counter_ns(), thread_time_ns()
        try:
            pipeline.predict(tick.symbol, tick)
        except Refused:
            refused += 1
        processor.append((thread_time_ns() - used) / 1e3)
        wall.append((perf_counter_ns() - started) / 1e3)
    print(f"{len(wall):,} calls of predict() on {path or 'a synthetic market'}, {refused:,} refused")
    print(f"  on the wall:       {shown(percentiles(wall))}")
    at = percentiles(processor)
    print(f"  on the processor:  {shown(at)}")
    kept = all(at[name] < promised for name, promised in PROMISED_US.items())
    promised = ", ".join(f"{name} < {us:,.0f} us" for name, us in PROMISED_US.items())
    print(f"  promised {promised}: {'kept' if kept else 'broken'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
