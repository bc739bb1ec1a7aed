"""Where the market node's microseconds go, tick by tick: `python tests/bench/bench_step.py [ticks.csv.gz] [count]`.

Without a file a seeded synthetic market is measured. Stages are timed by wrapping the operators of one pipeline, less
the cost of the wrapper itself; percentiles come from a run without wrappers, means from the processor's time.
"""

import csv
import gzip
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from time import perf_counter_ns, process_time_ns
from typing import Any

from schemas.codec import encode
from schemas.errors import Refused
from schemas.ticks import Quote, Tick, Trade
from streams.market import MarketNode
from streams.pipeline import Pipeline
from streams.sources.synthetic import synthetic_market

STAGES = {
    "admission": [("_admission", "admit")],
    "features": [("_features", "quote"), ("_features", "trade")],
    "strategies": [("_panel", "opinions")],
    "regime": [("_regime", "advance"), ("_regime", "current")],
    "model, mixture, calibration": [("_arms", "opinion"), ("_arms", "stands_aside")],
    "edge, cost, size": [("_sizing", "edge_bps"), ("_sizing", "position"), ("_costs", "round_trip_bps")],
}

PREEMPTED_NS = 300_000
"""No operator takes this long by itself: another process had the core."""


class Stopwatch:
    """Adds up the time spent in wrapped functions."""

    def __init__(self) -> None:
        self.spent_ns: dict[str, float] = {}
        self.calls: dict[str, int] = {}

    def around(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        spent, calls = self.spent_ns, self.calls
        spent.setdefault(stage, 0.0)
        calls.setdefault(stage, 0)

        def timed(*arguments: Any) -> Any:
            started = perf_counter_ns()
            answer = function(*arguments)
            elapsed = perf_counter_ns() - started
            if elapsed < PREEMPTED_NS:
                spent[stage] += elapsed
                calls[stage] += 1
            return answer

        return timed


def instrument(pipeline: Pipeline, stopwatch: Stopwatch) -> None:
    """Put the stopwatch around every operator of `pipeline`."""
    inner: Any = pipeline
    inner._arms = inner._variants.own.arms
    for stage, methods in STAGES.items():
        for holder, method in methods:
            operator = getattr(inner, holder)
            setattr(operator, method, stopwatch.around(stage, getattr(operator, method)))
    inner._mature = stopwatch.around("outcomes and learning", inner._mature)


def file_ticks(path: str) -> Iterator[Tick]:
    with gzip.open(path, "rt") as lines:
        for row in csv.DictReader(lines):
            if row["kind"] == "quote":
                bid, bid_size, ask, ask_size = (float(row[name]) for name in ("bid", "bid_size", "ask", "ask_size"))
                yield Quote(row["symbol"], int(row["ts_event"]), bid, bid_size, ask, ask_size)
            else:
                price, size = float(row["price"]), float(row["size"])
                yield Trade(row["symbol"], int(row["ts_event"]), price, size, row["side"])


def run(node: MarketNode, ticks: list[Tick]) -> tuple[list[int], list[Any]]:
    """Nanoseconds of every step, and everything written."""
    states: dict[str, Any] = {}
    durations, written = [], []
    step = node.step
    for offset, tick in enumerate(ticks):
        state = states.get(tick.symbol)
        if state is None:
            state = states[tick.symbol] = node.open(tick.symbol)
        record_id = f"ticks:0:{offset}"
        started = perf_counter_ns()
        try:
            records = step(state, tick, record_id)
        except Refused:
            continue
        durations.append(perf_counter_ns() - started)
        written.append(records)
    snapshots = [len(node.dump(state)) for state in states.values()]
    print(f"{len(states)} symbols, largest snapshot {max(snapshots):,} bytes")
    return durations, written


def per_item_us(function: Callable[[Any], Any], items: list[Any]) -> float:
    started = process_time_ns()
    for item in items:
        function(item)
    return (process_time_ns() - started) / len(items) / 1e3


def wrapper_cost_ns() -> float:
    """What the stopwatch itself adds to the stage it is around."""
    stopwatch = Stopwatch()
    timed = stopwatch.around("nothing", lambda first, second: None)
    for _ in range(200_000):
        timed(1, 2)
    return stopwatch.spent_ns["nothing"] / 200_000


def main(arguments: list[str]) -> None:
    path = arguments[0] if arguments else ""
    count = int(arguments[1]) if len(arguments) > 1 else 80_000
    ticks = list(islice(file_ticks(path) if path else synthetic_market(seed=1), count))
    print(f"{len(ticks):,} ticks from {path or 'a synthetic market'}")

    started = process_time_ns()
    durations, written = run(MarketNode(), ticks)
    total = (process_time_ns() - started) / len(ticks) / 1e3
    records = [record for some in written for record in some]
    ordered = sorted(durations)
    at = {f"p{share:g}": ordered[int(len(ordered) * share / 100)] / 1e3 for share in (50, 95, 99, 99.9)}
    print(f"step: mean {total:.1f} us, " + ", ".join(f"{name} {value:.1f}" for name, value in at.items()))
    node = MarketNode()
    values = [encode(tick) for tick in ticks]
    print(f"decode and check: {per_item_us(node.decode, values):.2f} us a tick", end="; ")
    print(f"encode: {per_item_us(encode, records):.2f} us a record, {len(records) / len(ticks):.2f} records a tick")

    stopwatch, node = Stopwatch(), MarketNode()
    instrument(node._pipeline, stopwatch)
    run(node, ticks)
    overhead = wrapper_cost_ns()
    shown = 0.0
    for stage, spent in sorted(stopwatch.spent_ns.items(), key=lambda item: -item[1]):
        mean = (spent - overhead * stopwatch.calls[stage]) / len(ticks) / 1e3
        shown += mean
        print(f"  {stage:28} {mean:6.2f} us a tick")
    print(f"  {'the rest: records, control':28} {total - shown:6.2f} us a tick")


if __name__ == "__main__":
    main(sys.argv[1:])
