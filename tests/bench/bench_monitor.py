"""Measures the monitor node's time for an outcome of a synthetic market: `bench_monitor.py [count]`."""

import sys
from time import process_time_ns

from schemas.outcomes import OutcomeMatured
from streams.engine.replay import replay_events
from streams.market.node import MarketNode
from streams.monitoring.node import MonitorNode
from streams.monitoring.parameters import MonitorParameters
from streams.sources.synthetic import synthetic_market


def main(arguments: list[str]) -> None:
    count = int(arguments[0]) if arguments else 30_000
    ticks = synthetic_market(seed=1, symbols=["ACORN"], ticks=count)
    outcomes = [each for each in replay_events(MarketNode(), ticks) if isinstance(each, OutcomeMatured)]
    two_arms = [_with_a_shadow(each) for each in outcomes]
    kinds = {
        "skill trigger": (MonitorParameters(), outcomes),
        "with ADWIN": (MonitorParameters(drift_detector="adwin"), outcomes),
        "with Page-Hinkley": (MonitorParameters(drift_detector="page_hinkley"), outcomes),
        "skill trigger, two arms": (MonitorParameters(), two_arms),
    }
    moved = sum(each.label != 0 for each in outcomes)
    print(f"{len(outcomes):,} outcomes, {moved:,} moved")
    for name, (parameters, some) in kinds.items():
        costs = []
        for _ in range(5):
            node = MonitorNode(parameters)
            state = node.open("ACORN")
            started = process_time_ns()
            for each in some:
                node.step(state, each, each.id)
            costs.append((process_time_ns() - started) / len(some) / 1e3)
        print(f"  {name:26} {min(costs):6.2f} us an outcome; snapshot {len(node.dump(state)):,} bytes")


def _with_a_shadow(outcome: OutcomeMatured) -> OutcomeMatured:
    from msgspec.structs import replace

    return replace(outcome, arms=(*outcome.arms, replace(outcome.arms[0], arm="b", model_version="w")))


if __name__ == "__main__":
    main(sys.argv[1:])
