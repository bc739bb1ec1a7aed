"""Measures the parts of the computation for a tick: `bench_step.py [ticks.csv.gz] [count]`.

Without a file, a synthetic market of 32 symbols is used. There are three measurements:

* the whole loop as in a backtest, with and without digests of all topics;
* the market node alone, tick by tick, and the part that learning a label takes;
* the operators of the market node, each called once more on the same ticks, less the cost of measuring.

For comparison, in the same run: decoding every tick and encoding every record, which any client of Kafka
does. Times are processor times; percentiles are of times on the clock.
"""

import csv
import gc
import gzip
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from time import perf_counter_ns, process_time_ns
from typing import Any

import psutil

from schemas.codec import decoder, encode
from schemas.errors import Refused
from schemas.outcomes import OutcomeMatured
from schemas.ticks import Directive, Quote, Tick, Trade
from streams.engine import compiled
from streams.engine.backtest import Engine
from streams.engine.faults import Faults
from streams.market.arms import Arms
from streams.market.costs import Costs
from streams.market.feature_users import SPREAD, users_of_features
from streams.market.features import Features
from streams.market.node import MarketNode
from streams.market.parameters import MarketParameters
from streams.market.regime import detector
from streams.market.sizing import Sizing
from streams.market.strategies.panel import StrategyPanel
from streams.market.tick_order import Admission, AdmissionState
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes

SYMBOLS = [f"S{number:02}" for number in range(32)]

PREEMPTED_NS = 300_000
"""Longest time that counts, ns: no operator takes longer, so another process had the core."""


class Stopwatch:
    """Adds up the time that is spent in functions, by name of a stage."""

    def __init__(self) -> None:
        self.spent_ns: dict[str, int] = {}
        self.calls = 0
        self._own = self._measured()

    def _measured(self) -> float:
        for _ in range(100_000):
            self.of("nothing", lambda first, second: None, 1, 2)
        own = self.spent_ns.pop("nothing") / 100_000
        self.calls = 0
        return own

    def of(self, stage: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call `function` with these arguments, add its time to `stage`, and return its result."""
        started = perf_counter_ns()
        answer = function(*arguments)
        elapsed = perf_counter_ns() - started
        self.spent_ns[stage] = self.spent_ns.get(stage, 0) + (elapsed if elapsed < PREEMPTED_NS else 0)
        return answer

    def means_us(self, calls: int) -> dict[str, float]:
        """Mean time of each stage, microseconds, given the number of calls; the cost of measuring is subtracted."""
        return {stage: (spent / calls - self._own) / 1e3 for stage, spent in self.spent_ns.items()}


class Stages:
    """The operators of the market node with states of their own, to be measured one by one."""

    def __init__(self) -> None:
        parameters = MarketParameters()
        needs = [name for names in users_of_features(parameters).values() for name in names]
        self.admission = Admission(parameters.admission)
        self.features = Features(parameters.features, needs)
        self.regime = detector(parameters.regime)
        self.seen_by_regime = self.features.view(self.regime.needs)
        self.panel = StrategyPanel(parameters.strategies, self.features)
        self.arms = Arms(parameters)
        self.costs = Costs(parameters.costs)
        self.sizing = Sizing(parameters.sizing, parameters.horizon_ns)
        self.spread = self.features.names.index(SPREAD)
        self.states: dict[str, Any] = {}

    def run(self, stopwatch: Stopwatch, tick: Quote | Trade, market: Any) -> None:
        """Measure every operator on one tick.

        Args:
            stopwatch: the times are added to it.
            tick: the tick.
            market: state of the market node for the symbol after this tick, from which the live version is taken.
        """
        price = 0.5 * (tick.bid + tick.ask) if isinstance(tick, Quote) else tick.price
        own = self.states.get(tick.symbol)
        if own is None:
            own = self.states[tick.symbol] = (
                AdmissionState(),
                self.features.start(price),
                self.regime.start(),
                self.panel.start(),
                Faults(),
            )
        admission, features, regime, strategies, faults = own
        of = stopwatch.of
        of("admission", self.admission.admit, admission, tick.ts_event, tick.seq, price, features.now.mid)
        take = self.features.quote if isinstance(tick, Quote) else self.features.trade
        moved = of("features", take, features, tick, faults)
        vector = features.vector
        told = of("regime", self._told, regime, vector, moved)
        rules = of("strategies", self.panel.opinions, strategies, vector, told, faults)
        arm = market.arms.arms[0]
        opinion = of("model, mixture, calibration", self.arms.opinion, arm, rules, vector, faults)
        of("edge, cost, size", self._sized, market, arm, opinion.probability, vector, told.name)

    def _told(self, state: Any, vector: list[float], moved: bool) -> Any:
        return self.regime.advance(state, self.seen_by_regime(vector))[0] if moved else self.regime.current(state)[0]

    def _sized(self, market: Any, arm: Any, probability: float, vector: list[float], regime: str) -> Any:
        aside = self.arms.stands_aside(arm, probability)
        cost = self.costs.round_trip_bps(vector[self.spread])
        return self.sizing.position(market.moves, probability, cost, regime, aside, arm.drawdown_bps)


def file_ticks(path: str) -> Iterator[Tick]:
    with gzip.open(path, "rt") as lines:
        for row in csv.DictReader(lines):
            if row["kind"] == "quote":
                bid, bid_size, ask, ask_size = (float(row[name]) for name in ("bid", "bid_size", "ask", "ask_size"))
                yield Quote(row["symbol"], int(row["ts_event"]), bid, bid_size, ask, ask_size)
            else:
                price, size = float(row["price"]), float(row["size"])
                yield Trade(row["symbol"], int(row["ts_event"]), price, size, row["side"])


def per_item_us(function: Callable[[Any], Any], items: list[Any]) -> float:
    started = process_time_ns()
    for item in items:
        function(item)
    return (process_time_ns() - started) / len(items) / 1e3


def whole_loop(ticks: list[Tick], *, with_digests: bool) -> tuple[float, list[Any]]:
    """Run the loop twice; return the shorter time for a tick, microseconds, and the records of the last run."""
    best = float("inf")
    written: list[Any] = []
    for _ in range(2):
        engine, written = Engine(nodes(Parameters()), with_digests=with_digests), []
        started = process_time_ns()
        for tick in ticks:
            written += engine.take(tick)
        best = min(best, (process_time_ns() - started) / len(ticks) / 1e3)
    return best, written


def market_step(ticks: list[Tick]) -> None:
    """Measure and print the market node's time for a tick, then that of its operators."""
    node, states = MarketNode(), dict[str, Any]()
    plain: list[int] = []
    labelled: list[int] = []
    stages, stopwatch, staged = Stages(), Stopwatch(), 0
    for offset, tick in enumerate(ticks):
        if isinstance(tick, Directive):
            continue
        state = states.get(tick.symbol)
        if state is None:
            state = states[tick.symbol] = node.open(tick.symbol)
        started = perf_counter_ns()
        try:
            records = node.step(state, tick, f"ticks:0:{offset}")
        except Refused:
            continue
        elapsed = perf_counter_ns() - started
        labels = sum(type(record) is OutcomeMatured and record.label != 0 for record in records)
        (labelled if labels else plain).append(elapsed)
        stages.run(stopwatch, tick, state)
        staged += 1
    everything = sorted(plain + labelled)
    at = {f"p{share:g}": everything[int(len(everything) * share / 100)] / 1e3 for share in (50, 95, 99, 99.9)}
    print("step of the market node: " + ", ".join(f"{name} {value:.1f} us" for name, value in at.items()))
    medians = [sorted(some)[len(some) // 2] / 1e3 for some in (plain, labelled) if some]
    print(f"  without a label p50 {medians[0]:.1f} us; with labels ({len(labelled):,} ticks) p50 {medians[-1]:.1f} us")
    for stage, mean in stopwatch.means_us(staged).items():
        print(f"  {stage:30} {mean:6.2f} us a tick")
    sizes = [len(node.dump(state)) for state in states.values()]
    print(f"{len(states)} symbols, snapshot of the market node {max(sizes):,} bytes at most (promised: 65,536)")


def main(arguments: list[str]) -> None:
    path = arguments[0] if arguments else ""
    count = int(arguments[1]) if len(arguments) > 1 else 80_000
    ticks = list(islice(file_ticks(path) if path else synthetic_market(seed=1, symbols=SYMBOLS), count))
    gc.collect()
    gc.freeze()
    print(f"{len(ticks):,} ticks from {path or 'a synthetic market'}; {compiled.described()}")

    fast, records = whole_loop(ticks, with_digests=False)
    digested, _ = whole_loop(ticks, with_digests=True)
    values = [encode(tick) for tick in ticks]
    decoding = per_item_us(decoder(Tick), values)
    encoding = per_item_us(encode, records) * len(records) / len(ticks)
    outcomes = sum(type(record) is OutcomeMatured for record in records)
    print(f"whole loop: {fast:.1f} us a tick, {1e6 / fast:,.0f} ticks/s; {outcomes:,} outcomes")
    print(f"whole loop with digests: {digested:.1f} us a tick, {1e6 / digested:,.0f} ticks/s")
    reference = decoding + encoding
    print(f"reference: {reference:.2f} us a tick ({decoding:.2f} decode, {encoding:.2f} encode)", end="; ")
    print(f"the loop is {fast / reference:.1f} times that")
    market_step(ticks)
    print(f"resident memory {psutil.Process().memory_info().rss / 1e6:.0f} MB, of which the ticks hold most")


if __name__ == "__main__":
    main(sys.argv[1:])
