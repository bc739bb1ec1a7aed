"""Wherever independent outcomes are counted, outcomes of several horizons count each by its own."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

import numpy as np
import pandas as pd
import pytest

from agents.dashboard.bands.good import verdict
from schemas.accounts import AccountMarked
from schemas.names import LIVE, MODEL
from schemas.outcomes import ArmOutcome, OutcomeMatured
from streams.api.ab_testing import ABTestingFramework
from streams.api.side_by_side import SideBySide
from streams.engine.backtest import Facts
from streams.experiments.pairs import Pair
from streams.monitoring import window
from streams.parameters import Parameters
from streams.reports.backtest_columns import columns, frame
from streams.reports.backtest_summary import summary
from streams.reports.prequential import ablations
from streams.reports.prequential.run import PIPELINE, PrequentialRun
from streams.reports.prequential.table import report
from streams.reports.track_record.forecasts import Forecasts, forecasts
from streams.scoring import block_bootstrap, label_uniqueness, overlapping_mean
from streams.scoring.baselines import BASELINES
from streams.scoring.effective_sample_size import disjoint, effective_sample_size, occupied_until
from streams.scoring.label_uniqueness import UniquenessState
from streams.scoring.metrics import collect
from streams.scoring.skill import skill
from tests.support.matured import matured

SHORT, LONG = 500, 60_000
START = 100 * LONG
"""Time of the first prediction, ns; a multiple of both horizons."""


def _outcome(number: int, symbol: str, ts_prediction: int, horizon_ns: int) -> OutcomeMatured:
    label = 1 if number % 3 else -1
    return matured(
        number,
        ts_prediction + horizon_ns,
        horizon_ns,
        symbol=symbol,
        label=label,
        return_bps=float(label),
        arms=(ArmOutcome(LIVE, "v1", "flat", 0.6, 0.0, 0.0, 0.0),),
        experts={MODEL: 0.6},
        baselines=dict.fromkeys(BASELINES, 0.5),
    )


def mixed(short: str = "S", long: str = "L", apart: int = SHORT) -> list[OutcomeMatured]:
    """100 outcomes with a horizon of 500 ns, and 2,000 with one of 60 us, of which 20 overlap at a time.

    Args:
        short, long: symbols of both kinds; if they are equal, the second kind comes after the first.
        apart: distance of the outcomes of the first kind, ns.
    """
    after = START + 100 * SHORT if short == long else START
    made = [(short, START + apart * each, SHORT) for each in range(100)]
    # Of one symbol the second kind begins a horizon later, as after another configuration.
    begin = -(-after // LONG) * LONG
    made += [(long, begin + LONG // 20 * each, LONG) for each in range(2_000)]
    return [_outcome(number, *each) for number, each in enumerate(made)]


def _skill(outcomes: Sequence[OutcomeMatured]) -> int:
    return skill(outcomes, resamples=10).independent


def _summary(outcomes: Sequence[OutcomeMatured]) -> int:
    nothing = Facts(0, 0, 0, {}, {}, {})
    account = frame(AccountMarked, columns(AccountMarked, []))
    return int(summary(nothing, Parameters(), _frame(outcomes), account)["skill"]["independent"])


def _metrics(outcomes: Sequence[OutcomeMatured]) -> int:
    return sum(each.independent for each in collect(outcomes) if not each.version and not each.regime)


def _windows(outcomes: Sequence[OutcomeMatured]) -> int:
    """Independent outcomes by the accuracy windows of each symbol."""
    found = 0
    for symbol in dict.fromkeys(each.symbol for each in outcomes):
        state = window.start()
        for each in outcomes:
            if each.symbol == symbol:
                window.score(state, each, 0.6, [0.5] * len(BASELINES), [0.7] * len(BASELINES))
        found += state.independent
    return found


def _frame(outcomes: Sequence[OutcomeMatured]) -> pd.DataFrame:
    return frame(OutcomeMatured, columns(OutcomeMatured, outcomes))


def _forecasts(outcomes: Sequence[OutcomeMatured]) -> Forecasts:
    found = forecasts(_frame(outcomes))
    assert found is not None
    return found


def _report(outcomes: Sequence[OutcomeMatured]) -> int:
    names = (PIPELINE, MODEL, *BASELINES)
    columns = {name: np.full(len(outcomes), 0.6) for name in names}
    runs = [
        PrequentialRun(
            variant=variant.name,
            ticks=len(outcomes),
            scored=len(outcomes),
            symbols=np.array([each.symbol for each in outcomes]),
            made=np.array([each.ts_prediction for each in outcomes]),
            horizons_ns=np.array([each.horizon_ns for each in outcomes]),
            up=np.array([each.label > 0 for each in outcomes]),
            tested=np.ones(len(outcomes), dtype=np.bool_),
            probabilities=columns,
            metrics=[],
        )
        for variant in ablations.VARIANTS
    ]
    return report("some.csv", runs, resamples=10).independent


def _ab_test(outcomes: Sequence[OutcomeMatured]) -> int:
    run = SideBySide(
        pairs=[Pair(each.prediction_id, each.ts_event, 0.0, 0.0, 0.5, 0.5, each.label) for each in outcomes],
        symbols=[each.symbol for each in outcomes],
        made=[each.ts_prediction for each in outcomes],
        horizons_ns=[each.horizon_ns for each in outcomes],
        ticks=len(outcomes),
        refused=0,
        alone=0,
        first_ts=outcomes[0].ts_event,
        last_ts=outcomes[-1].ts_event,
    )
    return ABTestingFramework().compare(run, min_samples=len(outcomes) + 1).independent


def _cells(outcomes: Sequence[OutcomeMatured]) -> int:
    symbols = np.array([each.symbol for each in outcomes])
    made, horizons_ns = (
        np.array([getattr(each, name) for each in outcomes]) for name in ("ts_prediction", "horizon_ns")
    )
    return int(block_bootstrap.cells(symbols, made, horizons_ns)[-1]) + 1


def _batches(outcomes: Sequence[OutcomeMatured]) -> int:
    """Independent outcomes by the batches of each symbol from which retrained models are judged."""
    found = 0
    for symbol in dict.fromkeys(each.symbol for each in outcomes):
        of = [each for each in outcomes if each.symbol == symbol]
        times, horizons_ns = [each.ts_prediction for each in of], [each.horizon_ns for each in of]
        found += overlapping_mean.mean([0.0] * len(of), times, horizons_ns, level=0.05).batches
    return found


def _uniqueness(outcomes: Sequence[OutcomeMatured]) -> int:
    """Independent outcomes by the sum of the label weights of each symbol."""
    states = {each.symbol: UniquenessState(worth=1.0) for each in outcomes}
    weights = [label_uniqueness.update(states[each.symbol], each.ts_prediction, each.horizon_ns) for each in outcomes]
    # A weight is a mean over the last 200 labels, so those after a change are too heavy; the last one is not.
    longest = [each for each in outcomes if each.horizon_ns == LONG]
    return round(sum(weights[:100]) + len(longest) * weights[-1])


def _said(outcomes: Sequence[OutcomeMatured]) -> int:
    """Independent outcomes by the sentence of the dashboard."""
    found = re.search(r"([0-9,]+) of them independent", verdict(_forecasts(outcomes)))
    assert found is not None
    return int(found[1])


PLACES: dict[str, Callable[[Sequence[OutcomeMatured]], int]] = {
    "skill": _skill,
    "summary of a backtest": _summary,
    "consolidated metrics": _metrics,
    "accuracy windows": _windows,
    "prequential table": _report,
    "A/B test": _ab_test,
    "forecasts of a track record": lambda outcomes: _forecasts(outcomes).independent,
    "verdict of the dashboard": _said,
    "cells of the block bootstrap": _cells,
    "batches of the gates": _batches,
    "label uniqueness": _uniqueness,
}


@pytest.mark.parametrize(
    "outcomes",
    [mixed(), mixed(apart=LONG), mixed("X", "X")],
    ids=["two symbols", "all the time beside each other", "one symbol, another horizon"],
)
@pytest.mark.parametrize("place", PLACES)
def test_two_hundred_of_two_horizons_are_two_hundred_everywhere(place: str, outcomes: list[OutcomeMatured]) -> None:
    assert PLACES[place](outcomes) == 200


def test_the_effective_sample_size_is_the_largest_number_without_overlap() -> None:
    """The result is compared with all subsets of ten outcomes."""
    random = Random(1)
    for _ in range(50):
        made = sorted(random.sample(range(40), 10))
        horizons = [random.randint(1, 15) for _ in made]
        subsets = ([at for at in range(10) if subset >> at & 1] for subset in range(1 << 10))
        best = max(
            len(each)
            for each in subsets
            if all(made[one] + horizons[one] <= made[other] for one, other in pairwise(each))
        )
        chosen = disjoint(["X"] * 10, made, horizons)
        assert len(chosen) == effective_sample_size(["X"] * 10, made, horizons) == best
        assert all(made[one] + horizons[one] <= made[other] for one, other in pairwise(chosen))


def test_counting_one_by_one_gives_the_same_number() -> None:
    random, until, count = Random(2), 0, 0
    made = sorted(random.choices(range(5_000), k=500))
    horizons = [random.choice((3, 40)) for _ in made]
    for ts, horizon in zip(made, horizons, strict=True):
        count += ts >= until
        until = occupied_until(until, ts, horizon)
    assert count == effective_sample_size(["X"] * 500, made, horizons) > 50
