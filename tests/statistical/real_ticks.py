"""Experiments on the forecasts that the pipeline makes of a file of real ticks."""

from math import exp, inf, log
from pathlib import Path

import error_rates as rates
import numpy as np
from experiments_on_ticks import planted
from msgspec.structs import replace
from numpy.typing import NDArray
from rich.progress import Progress
from scipy.optimize import brentq

from streams.evaluation import scores as forecasts
from streams.experiments.dependence import autocorrelation_time, batch_for
from streams.experiments.experiment import Experiment
from streams.experiments.pairs import Pair
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.planning import expected_run
from streams.experiments.preflight import BATCHES_A_BLOCK, preflight
from streams.experiments.resampling import stationary_draw
from streams.experiments.side_by_side import side_by_side
from streams.parameters import MarketParameters, Parameters

REPLAYS = 400
WARMUP = 100
KEPT = 0.9
"""Part of the skill over a coin that is left to the planted arm."""

TOLD = 0.1
"""Of the moves that both arms miss, the part that the informed arm calls right."""

LONGER = 50_000
"""Pairs of the longer resamples: by how much more data there would have to be."""

MOST = 200_000
"""Pairs after which a planned experiment is given up."""

HORIZONS_S = {"eurusd": 60.0, "bac": 5.0}
"""Where half a second is too short for the mid to move often enough."""


def _duller(pairs: list[Pair]) -> list[Pair]:
    """B's log-odds are shrunk until the wanted part of the skill is left; none of no skill."""
    up = np.array([pair.a_up for pair in pairs])
    sides = np.array([pair.label for pair in pairs])
    log_odds = np.log(up / (1.0 - up))

    def skill(shrunk: float) -> float:
        return float(np.log(2.0) - np.log1p(np.exp(-shrunk * log_odds * sides)).mean())

    if skill(1.0) <= 0.0:
        return []
    found = float(brentq(lambda shrunk: skill(shrunk) - KEPT * skill(1.0), 0.0, 1.0))
    return [replace(pair, b_up=1.0 / (1.0 + exp(-found * each))) for pair, each in zip(pairs, log_odds, strict=True)]


def report(name: str, bar: Progress) -> str:
    """A table for one file."""
    task = bar.add_task(f"{Path(name).name[:40]:40}", total=1.0)
    horizon_s = next((each for part, each in HORIZONS_S.items() if part in name), 0.5)
    parameters = Parameters(MarketParameters(horizon_ns=round(horizon_s * 1e9)))
    run = side_by_side(parameters, parameters, name)
    bar.update(task, completed=0.4)
    moved = [(pair, made) for pair, made in zip(run.pairs, run.made, strict=True) if pair.label]
    pairs, made = [pair for pair, _ in moved], [made for _, made in moved]
    overlap = len(pairs) / forecasts.independent(made, run.horizon_ns)
    rows = [f"### {Path(name).name}, {horizon_s:g} s ahead", ""]
    rows.append(
        f"{len(pairs):,} forecasts that moved, {len(pairs) / overlap:,.0f} of them do not overlap; log-loss "
        f"{_loss(pairs):.4f} nats, of a coin {log(2):.4f}."
    )
    rows += ["", "| | |", "|---|---|"]
    duller = _duller(pairs)
    if duller:
        left = (log(2) - _loss(duller, "b")) / (log(2) - _loss(duller))
        rows += _measured(duller, pairs, overlap, f"B has a tenth less skill ({left:.1%} of it)")
    else:
        rows.append("| B has a tenth less skill | there is no skill over a coin to take a tenth from |")
    bar.update(task, completed=0.7)
    rows += _measured(planted(pairs, TOLD, seed=3), pairs, overlap, "of the moves that B misses, A calls a tenth right")
    bar.update(task, completed=1.0)
    return "\n".join(rows) + "\n"


def _measured(arms: list[Pair], alike: list[Pair], overlap: float, what: str) -> list[str]:
    """One planted difference: the same arm twice, two of equal merit, and the two as they are."""
    batch = batch_for(_scores(arms), round(overlap))
    rows = [f"| **{what}** | {float(_scores(arms)[WARMUP:].mean()):+.4f} nats a pair; batches of {batch} |"]
    if len(arms) < WARMUP + 30 * batch:
        return [*rows, f"| | too few pairs for 30 batches of {batch} |"]
    # What costs fix the scale of is not looked at here: the log-loss has its own.
    contract = ExperimentParameters(
        primary="log_loss",
        batch=batch,
        expected=len(arms) / 4,
        longest=max(len(arms) - WARMUP, 30 * batch),
        warmup=WARMUP,
        worth=0.05,
    )
    experiment = Experiment(contract)
    state = experiment.start()
    experiment.batch(state, alike)
    rows.append(f"| the same arm twice | `{state.status}` after {state.scored:,} pairs |")
    return [*rows, *_equal(arms, contract), *_found(arms, contract)]


def _equal(pairs: list[Pair], contract: ExperimentParameters) -> list[str]:
    """Arms of equal merit: the difference taken out; and what a t-test says about them that is looked at."""
    rows = []
    for length in _lengths(pairs):
        null = preflight(pairs, contract, REPLAYS, length=length)
        rows.append(
            f"| two arms of equal merit: the difference taken out, resamples of {length:,} pairs | "
            f"A wins {null.wins}, B wins {null.harms} of {REPLAYS}, no winner in "
            f"{1.0 - (null.wins + null.harms) / REPLAYS:.1%}: "
            f"{'holds' if null.wins + null.harms <= null.allowed * REPLAYS else '**FAILS**'} |"
        )
    scores = _scores(pairs)
    random, centred = np.random.default_rng(2), scores - scores.mean()
    drawn = [stationary_draw(random, len(centred), BATCHES_A_BLOCK * contract.batch) for _ in range(REPLAYS)]
    peeked = rates.peeking_t(centred[np.array(drawn)])
    rows.append(f"| the same, t-test looked at after every pair | says 5 % in {peeked} of {REPLAYS} |")
    return rows


def _found(pairs: list[Pair], contract: ExperimentParameters) -> list[str]:
    """A planted difference in resamples, and in the file as it is."""
    rows, shift = [], float(_scores(pairs)[WARMUP:].mean())
    for length in _lengths(pairs):
        found = preflight(pairs, contract, REPLAYS, shift, length=length)
        said = f", half of them within {found.decided:,.0f} pairs" if found.decided < inf else ""
        rows.append(f"| the two as they are, resamples of {length:,} pairs | A wins {found.wins} of {REPLAYS}{said} |")
    scores = _scores(pairs)[WARMUP:]
    effect, inflation = shift / float(scores.std(ddof=1)), autocorrelation_time(scores)
    median, _ = expected_run(effect, contract.batch, contract.expected, contract.alpha, MOST, inflation)
    rows.append(f"| the same by the plan | half of them within {median:,.0f} pairs |")
    experiment = Experiment(replace(contract, beta=0.0))
    state = experiment.start()
    experiment.batch(state, pairs)
    return [*rows, f"| the two as they are, the file as it is | {state.reason or state.status} |"]


def _lengths(pairs: list[Pair]) -> list[int]:
    """The file once, and so often that there are enough."""
    return [len(pairs), max(2, round(LONGER / len(pairs))) * len(pairs)]


def _loss(pairs: list[Pair], arm: str = "a") -> float:
    return float(np.mean([-log(_told(pair, pair.a_up if arm == "a" else pair.b_up)) for pair in pairs]))


def _told(pair: Pair, up: float) -> float:
    return up if pair.label > 0 else 1.0 - up


def _scores(pairs: list[Pair]) -> NDArray[np.float64]:
    return np.array([log(_told(pair, pair.a_up) / _told(pair, pair.b_up)) for pair in pairs])
