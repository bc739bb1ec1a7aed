"""Skill of the loop with features over event time and a reference, beside the loop and its components without them.

Every row is scored on the same moves of the second day. The protocol and the results are in docs/skill.md. Run
`python -m tests.bench.sight_skill FIRST SECOND REFERENCE_FIRST REFERENCE_SECOND`, each a file of ticks of one day.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from heapq import merge
from typing import Any, NamedTuple

import numpy as np

from schemas.outcomes import OutcomeMatured
from schemas.retraining import RetrainFinished
from schemas.ticks import Directive
from streams.api.closed_loop import ClosedLoop
from streams.api.ticks import feed
from streams.market.feature_users import vector_of_models
from streams.market.models.signed_logistic import SignedLogisticLearner
from streams.market.models.trees import LiveTrees
from streams.parameters import Parameters, load_parameters
from streams.retraining.fitting import fit
from streams.retraining.labels import Labelled, OutcomeLog
from streams.retraining.trees_fitting import fit_trees
from streams.scoring.baselines import BASELINES
from streams.scoring.block_bootstrap import cells, interval, resampled_means

HOUR_NS = 3_600_000_000_000
RESAMPLES, SEED = 2_000, 20_240_808
PASSES = 3
BEFORE: Mapping[str, Any] = {"market": {"features": {"recorded": []}, "recall": {"quick_rate": 0.5}}}
"""Parameters before there were features over event time by default: those of today but for these."""


class Day(NamedTuple):
    """Moves of the second day, what each component said of them, and what the loop did.

    Attributes:
        moves: time of the prediction, horizon (both ns) and label of each.
        told: probability of an upward move at each, by row of the table.
        retrains: results by status and recipe.
        went_live: number of promotions of a version.
    """

    moves: Sequence[tuple[int, int, int]]
    told: dict[str, list[float]]
    retrains: dict[str, int]
    went_live: int


def run(first: Sequence[str], second: Sequence[str], own: Mapping[str, Any]) -> Day:
    """Run the loop over both days, and fit references for the second day to the outcomes of the first.

    Args:
        first, second: files of a day, that of the symbol before that of the reference, if there is one.
        own: parameters that are not the defaults.
    """
    parameters = load_parameters({**own, "monitor": {"check_interval_ns": HOUR_NS}})
    symbol = next(iter(feed(first[0]))).symbol
    market = parameters.for_symbol(symbol)
    loop, log = ClosedLoop(parameters), OutcomeLog(market, 1_000_000)
    retrains: Counter[str] = Counter()
    went_live = 0
    outcomes: list[OutcomeMatured] = []
    labels: list[Labelled] = []
    for day, files in enumerate((first, second)):
        begun = 0
        for tick in merge(*map(feed, files), key=lambda tick: tick.ts_event or 0):
            begun = begun or tick.ts_event or 0
            for record in loop.receive(tick):
                if getattr(record, "symbol", "") != symbol:
                    continue
                if isinstance(record, RetrainFinished):
                    retrains[f"{record.result.status} {record.result.recipe}".strip()] += 1
                elif isinstance(record, Directive):
                    went_live += record.action == "promote_arm"
                elif isinstance(record, OutcomeMatured):
                    if day == 0:
                        log.add(record)
                    elif record.label and record.ts_prediction >= begun:
                        outcomes.append(record)
        if day == 0:
            labels = [each for each in log.last() if each.label]
    told: dict[str, list[float]] = {name: [each.baselines[name] for each in outcomes] for name in BASELINES}
    told["pipeline"] = [each.arms[0].probability for each in outcomes]
    for name in (*market.strategies.enabled, "signed_logistic"):
        told[name] = [each.experts[name] for each in outcomes]
    told |= _fitted(parameters, symbol, labels, outcomes)
    moves = [(each.ts_prediction, each.horizon_ns, each.label) for each in outcomes]
    return Day(moves, told, dict(retrains), went_live)


def _fitted(
    parameters: Parameters, symbol: str, labels: Sequence[Labelled], outcomes: Iterable[OutcomeMatured]
) -> dict[str, list[float]]:
    """What a logistic regression and trees say that were fitted to the first day and then left alone."""
    market = parameters.for_symbol(symbol)
    vector = vector_of_models(market)
    rows = [[each.features[name] for name in vector] for each in outcomes]
    learner = SignedLogisticLearner(market.model)
    model = fit([(each.features, each.label > 0, each.uniqueness) for each in labels], market.model, PASSES)
    found = {"logistic, first day": [learner.opinion(model, row) for row in rows]}
    if len(labels) >= parameters.retraining.trees.least_labels:
        trees = LiveTrees(fit_trees(labels, vector, vector, parameters.retraining.trees)).trees
        found["trees, first day"] = [trees.probability(row) for row in rows]
    return found


def compared(symbol: str, before: Day, now: Day) -> dict[str, Any]:
    """Log-loss and skill of every row, and both readings of the claim, with 95 % intervals."""
    if before.moves != now.moves:
        raise SystemExit("expected the same moves in both runs, were others")
    up = np.array([label > 0 for _, _, label in now.moves])
    told = {f"{name} (before)": values for name, values in before.told.items() if name not in BASELINES} | now.told
    columns = {name: np.array(values) for name, values in told.items()}
    losses = {name: -np.log(np.where(up, values, 1.0 - values)) for name, values in columns.items()}
    mean = {name: float(values.mean()) for name, values in losses.items()}
    right = {name: float(np.where(v == 0.5, 0.5, (v > 0.5) == up).mean()) for name, v in columns.items()}
    baseline = min(BASELINES, key=lambda name: mean[name])
    old = min((name for name in told if name.endswith("(before)") and "pipeline" not in name), key=lambda n: mean[n])
    same = min(
        (name for name in told if not name.endswith("(before)") and name not in (*BASELINES, "pipeline")),
        key=lambda n: mean[n],
    )
    names = ("pipeline", "pipeline (before)", baseline, old, same)
    made, horizons = (np.array([move[index] for move in now.moves], dtype=np.int64) for index in (0, 1))
    drawn = resampled_means(
        [losses[name] for name in names], cells(np.full(len(up), symbol), made, horizons), RESAMPLES, SEED
    )
    of = dict(zip(names, drawn, strict=True))
    skill = {name: 1.0 - mean[name] / mean[baseline] for name in told}

    def against(other: str) -> dict[str, Any]:
        ratio = (1.0 - of["pipeline"] / of[baseline]) / (1.0 - of[other] / of[baseline])
        return {
            "component": other,
            "log_loss lower by": [round(mean[other] - mean["pipeline"], 4), *_ends(of[other] - of["pipeline"])],
            "skill, times": [round(skill["pipeline"] / skill[other], 2), *_ends(ratio)],
        }

    return {
        "symbol": symbol,
        "moves": len(up),
        "best baseline": baseline,
        "rows": {
            name: {"right": round(right[name], 4), "log_loss": round(mean[name], 4), "skill": round(skill[name], 4)}
            for name in sorted(told, key=lambda name: mean[name])
        },
        "skill of the pipeline": [round(skill["pipeline"], 4), *_ends(1.0 - of["pipeline"] / of[baseline])],
        "against the best component before": against(old),
        "against the best component with the same sight": against(same),
        "against the pipeline before": against("pipeline (before)"),
        "retrains": {"before": before.retrains, "now": now.retrains},
        "went live": {"before": before.went_live, "now": now.went_live},
    }


def _ends(resampled: Any) -> list[float]:
    return [round(end, 4) for end in interval(resampled)]


def main() -> None:
    """Compare both loops on two days of one symbol and of its reference, and print the result as JSON."""
    first, second, *references = sys.argv[1:5]
    symbol, reference = (next(iter(feed(file))).symbol for file in (first, references[0]))
    sight = {"references": {reference: [symbol]}}
    jobs = [
        ([first], [second], BEFORE),
        ([first, references[0]], [second, references[1]], sight),
    ]
    with ProcessPoolExecutor(2) as pool:
        before, now = pool.map(run, *zip(*jobs, strict=True))
    print(json.dumps(compared(symbol, before, now), indent=1))


if __name__ == "__main__":
    main()
