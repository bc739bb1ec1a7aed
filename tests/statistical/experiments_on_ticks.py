"""Pairs of two versions of the pipeline on real ticks, without a difference and with a known one."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from agents.experiments.plan import outcomes_of_file
from schemas.names import LIVE
from schemas.ticks import Quote, Trade
from streams.experiments.declaration import Declaration
from streams.experiments.engines.resampling import stationary_draw
from streams.experiments.pairs import Pair, pair_of
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.scores import Scores
from streams.parameters import Parameters, load_parameters
from streams.sources.files import TickFile
from tests.support.places import DATA

HORIZONS_NS = {
    "btcusdt-perp-20240808": 500_000_000,
    "ethusdt-perp-20240808": 500_000_000,
    "eurusd-20140507": 60_000_000_000,
}

ARMS = {
    "twin": {},
    "rival": {"mixture": {"prior": {"imbalance": 1.0, "momentum": 1.0, "signed_logistic": 8.0}}},
}
"""Parameters of versions: the live one under another name, and one with other prior weights."""

TEST = ExperimentParameters(primary="log_loss", batch=40, expected=2_000.0, warmup=100, worth=0.01, beta=0.0)


@lru_cache
def pairs_of(file: str, arm: str, ticks: int) -> tuple[Pair, ...]:
    """Pairs of the live version and of `arm`, one of the versions in `ARMS`, on the first `ticks` ticks of a file."""
    market = {"horizon_ns": HORIZONS_NS[file], "scored_per_horizon": 8}
    declared = load_parameters({"market": market})
    parameters = Parameters(
        declared.market, {}, declared.account, {arm: Declaration(arm=ARMS[arm], starts="from_live", test=TEST)}
    )
    path = str(DATA / f"{file}.csv.gz")
    read = [tick for tick in islice(TickFile(path), ticks) if isinstance(tick, (Quote, Trade))]
    (outcomes,) = outcomes_of_file(read, parameters, arm, lambda part: None).values()
    found = (pair_of(outcome, arm, LIVE) for outcome in outcomes)
    return tuple(pair for pair in found if pair is not None)


def planted(pairs: Sequence[Pair], part: float, seed: int) -> list[Pair]:
    """The live version against itself with more skill: a fraction `part` of its wrong directions is made right."""
    random = np.random.default_rng(seed)
    chosen = random.random(len(pairs)) < part
    found = []
    for pair, better in zip(pairs, chosen.tolist(), strict=True):
        up = pair.b_up
        if better and pair.label and (up > 0.5) != (pair.label > 0):
            up = 1.0 - up
        found.append(replace(pair, a_up=up))
    return found


def resampled(pairs: Sequence[Pair], rows: int, block: int, seed: int) -> NDArray[np.float64]:
    """Resamples of the log-loss differences less their mean, a row each, so that there is no true difference."""
    scorer = Scores(("log_loss",), 2, 10)
    state = scorer.start()
    scores = np.array([found[0] for pair in pairs if (found := scorer.update(state, pair)) is not None])
    scores -= scores.mean()
    random = np.random.default_rng(seed)
    return np.array([scores[stationary_draw(random, len(scores), block)] for _ in range(rows)])
