"""Skill of the loop with trees as contenders of its retrains, beside the loop without, on two days of ticks.

Each loop runs over both days; only predictions of the second day are compared, outcome by outcome. The protocol and the
results are in docs/skill.md. Run `python -m tests.bench.retrained_skill FIRST.csv.gz SECOND.csv.gz`.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from schemas.outcomes import OutcomeMatured
from schemas.retraining import RetrainFinished
from schemas.ticks import Directive
from streams.api.closed_loop import ClosedLoop
from streams.api.ticks import feed
from streams.parameters import load_parameters
from streams.scoring.baselines import BASELINES
from streams.scoring.block_bootstrap import cells, interval, resampled_means

HOUR_NS = 3_600_000_000_000
RESAMPLES, SEED = 2_000, 20_240_808


class Day(NamedTuple):
    """Outcomes of the second day in which the mid moved, and what the loop did on both days.

    Attributes:
        outcomes: time of the prediction, horizon (both ns), label, probability of each baseline, and of the live arm.
        retrains: results by status and recipe.
        went_live: number of promotions of a version.
        live_with_trees: share of the outcomes whose live version brought trees.
    """

    outcomes: list[tuple[int, int, int, list[float], float]]
    retrains: dict[str, int]
    went_live: int
    live_with_trees: float


def run(files: Sequence[str], trees: bool) -> Day:
    """Run the loop over both files; a retrain is due in any case an hour of event time after the last one."""
    parameters = load_parameters(
        {"monitor": {"check_interval_ns": HOUR_NS}, "retraining": {"trees": {"enabled": trees}}}
    )
    loop = ClosedLoop(parameters)
    found: list[tuple[int, int, int, list[float], float]] = []
    retrains: Counter[str] = Counter()
    with_trees: set[str] = set()
    went_live = brought = 0
    for day, file in enumerate(files):
        begun = 0
        for tick in feed(file):
            begun = begun or tick.ts_event or 0
            for record in loop.receive(tick):
                if isinstance(record, RetrainFinished):
                    result = record.result
                    retrains[f"{result.status} {result.recipe}".strip()] += 1
                    if result.candidate is not None and result.candidate.expert:
                        with_trees.add(result.candidate.version)
                elif isinstance(record, Directive):
                    went_live += record.action == "promote_arm"
                elif isinstance(record, OutcomeMatured) and day and record.ts_prediction >= begun and record.label:
                    arm, baselines = record.arms[0], [record.baselines.get(name, 0.5) for name in BASELINES]
                    found.append((record.ts_prediction, record.horizon_ns, record.label, baselines, arm.probability))
                    brought += arm.model_version in with_trees
    return Day(found, dict(retrains), went_live, brought / max(1, len(found)))


def compared(symbol: str, without: Day, trees: Day) -> dict[str, Any]:
    """Scores of both on the outcomes of the second day, with 95 % intervals of what is compared."""
    rows = without.outcomes
    # Ids of predictions count directives, of which the two have different ones; the ticks and their outcomes are equal.
    if [row[:-1] for row in rows] != [row[:-1] for row in trees.outcomes]:
        raise SystemExit("expected the same outcomes of both loops, were others")
    up = np.array([label > 0 for _, _, label, _, _ in rows])
    told = {"without": [row[-1] for row in rows], "trees": [row[-1] for row in trees.outcomes]}
    told |= {name: [row[3][index] for row in rows] for index, name in enumerate(BASELINES)}
    columns = {name: np.array(values) for name, values in told.items()}
    losses = {name: -np.log(np.where(up, values, 1.0 - values)) for name, values in columns.items()}
    right = {name: np.where(values == 0.5, 0.5, (values > 0.5) == up) for name, values in columns.items()}
    best = min(BASELINES, key=lambda name: float(losses[name].mean()))
    made, horizons = (np.array([row[index] for row in rows], dtype=np.int64) for index in (0, 1))
    names = ("without", "trees", best)
    drawn = resampled_means(
        [losses[name] for name in names], cells(np.full(len(rows), symbol), made, horizons), RESAMPLES, SEED
    )
    of = dict(zip(names, drawn, strict=True))
    mean = {name: float(losses[name].mean()) for name in names}
    return {
        "symbol": symbol,
        "moves": len(rows),
        "best baseline": best,
        "right": {name: round(float(right[name].mean()), 4) for name in names},
        "log_loss": {name: round(mean[name], 4) for name in names},
        "skill": {
            name: [round(1.0 - mean[name] / mean[best], 4), *_rounded(1.0 - of[name] / of[best])] for name in names[:2]
        },
        "log_loss lower by": [round(mean["without"] - mean["trees"], 4), *_rounded(of["without"] - of["trees"])],
        "retrains": {"without": without.retrains, "trees": trees.retrains},
        "went live": {"without": without.went_live, "trees": trees.went_live},
        "live with trees": round(trees.live_with_trees, 3),
    }


def _rounded(resampled: Any) -> list[float]:
    return [round(end, 4) for end in interval(resampled)]


def main() -> None:
    """Compare both loops on two files of one symbol, and print the result as JSON."""
    files = sys.argv[1:3]
    symbol = next(iter(feed(files[0]))).symbol
    with ProcessPoolExecutor(2) as pool:
        without, trees = pool.map(run, [files, files], [False, True])
    print(json.dumps(compared(symbol, without, trees), indent=1))


if __name__ == "__main__":
    main()
