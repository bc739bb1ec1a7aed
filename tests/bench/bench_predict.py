"""How long `predict()` takes in process: `python tests/bench/bench_predict.py [ticks.csv.gz] [count]`.

Promised are 1 ms at p95 and 2 ms at p99; the exit code is 1 where they are not kept.
"""

import sys
from itertools import islice
from time import perf_counter_ns

from bench_step import file_ticks

from schemas.errors import Refused
from schemas.ticks import Directive
from streams.synthetic import synthetic_market
from streams.unified import UnifiedMLPipeline

PROMISED_US = {"p95": 1_000.0, "p99": 2_000.0}


def main(arguments: list[str]) -> int:
    path = arguments[0] if arguments else ""
    count = int(arguments[1]) if len(arguments) > 1 else 40_000
    pipeline = UnifiedMLPipeline()
    durations, refused = [], 0
    for tick in islice(file_ticks(path) if path else synthetic_market(seed=1), count):
        if isinstance(tick, Directive):
            continue
        started = perf_counter_ns()
        try:
            pipeline.predict(tick.symbol, tick)
        except Refused:
            refused += 1
        durations.append((perf_counter_ns() - started) / 1e3)
    ordered = sorted(durations)
    at = {f"p{share:g}": ordered[int(len(ordered) * share / 100)] for share in (50, 95, 99, 99.9)}
    print(f"{len(durations):,} calls of predict() on {path or 'a synthetic market'}, {refused:,} refused")
    print("  " + ", ".join(f"{name} {value:.1f} us" for name, value in at.items()))
    kept = all(at[name] < promised for name, promised in PROMISED_US.items())
    promised = ", ".join(f"{name} < {us:,.0f} us" for name, us in PROMISED_US.items())
    print(f"  promised {promised}: {'kept' if kept else 'broken'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
