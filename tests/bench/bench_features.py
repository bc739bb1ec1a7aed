"""Measures what features over event time cost: `bench_features.py [ticks.csv.gz] [count]`.

Three market nodes take the same ticks in turns, a stretch each, so that whatever slows the machine down slows all of
them: one with the default parameters; one whose model looks at returns and changes of the imbalance over event time in
place of those over numbers of quotes; and one that computes every listed feature over event time besides the
defaults. Without a file, a synthetic market of one symbol is used.
"""

import gc
import sys
from itertools import islice
from statistics import median
from time import process_time_ns
from typing import Any

from schemas.errors import Refused
from schemas.ticks import Quote, Tick, Trade
from streams.engine import compiled
from streams.market.features import FEATURES
from streams.market.features.registry import every_feature, features_of
from streams.market.node import MarketNode
from streams.parameters import load_parameters
from streams.sources.synthetic import synthetic_market
from tests.bench.bench_step import file_ticks

STRETCH = 500
OVER_TIME = (
    "queue_imbalance",
    "microprice_deviation",
    "order_flow_imbalance",
    "trade_flow_imbalance",
    "vwap_deviation",
    *(each.name for family in ("returns", "imbalance_changes") for each in features_of(family)),
)
DURATIONS = {"order_flow_window": "2s", "trade_window": "5s", "volatility": {"realised_window": "2s"}}
VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "over event time": {"model": {"features": OVER_TIME}, "features": DURATIONS},
    "everything listed": {"features": {"recorded": [e.name for e in every_feature() if e.name not in FEATURES]}},
}


def main(arguments: list[str]) -> None:
    path = arguments[0] if arguments else ""
    count = int(arguments[1]) if len(arguments) > 1 else 60_000
    source = file_ticks(path) if path else synthetic_market(seed=1, symbols=["X"])
    ticks: list[Tick] = list(islice(source, count))
    running = {}
    for name, market in VARIANTS.items():
        node = MarketNode(load_parameters({"market": market}))
        running[name] = (node, node.open(ticks[0].symbol))
    spent: dict[str, list[float]] = {name: [] for name in running}
    gc.collect()
    gc.freeze()
    for begin in range(0, len(ticks) - STRETCH, STRETCH):
        stretch = [each for each in ticks[begin : begin + STRETCH] if isinstance(each, Quote | Trade)]
        for name, (node, state) in running.items():
            started = process_time_ns()
            for offset, tick in enumerate(stretch, start=begin):
                try:
                    node.step(state, tick, f"ticks:0:{offset}")
                except Refused:
                    continue
            spent[name].append((process_time_ns() - started) / len(stretch) / 1e3)
    print(f"{len(ticks):,} ticks from {path or 'a synthetic market'}; {compiled.described()}")
    for name, times in spent.items():
        pairs = [time / first for time, first in zip(times, spent["default"], strict=True)]
        size = len(running[name][0].dump(running[name][1]))
        print(
            f"{name:18} {median(times):6.2f} us a tick, {median(pairs):.2f} times the default; {size:,} bytes of state"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
