"""Experiments on the forecasts that the pipeline makes of a file of real ticks."""

from math import exp, inf, log
from pathlib import Path

import error_rates as rates
import numpy as np
from msgspec.structs import replace
from rich.progress import Progress
from scipy.optimize import brentq

from streams.evaluation import scores as forecasts
from streams.experiments.dependence import batch_for
from streams.experiments.experiment import Experiment
from streams.experiments.pairs import Pair
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.preflight import BATCHES_A_BLOCK, preflight
from streams.experiments.resampling import stationary_draw
from streams.experiments.side_by_side import side_by_side
from streams.parameters import MarketParameters, Parameters

REPLAYS = 200
WARMUP = 500
KEPT = 0.9
"""Part of the skill over a coin that is left to the planted arm."""

LONGER = 20
"""Times the file that the longer resamples are: by how much more data there would have to be."""


def _planted(pairs: list[Pair]) -> list[Pair]:
    """B's log-odds are shrunk until the wanted part of the skill is left."""
    up = np.array([pair.a_up for pair in pairs])
    sides = np.array([pair.label for pair in pairs])
    log_odds = np.log(up / (1.0 - up))

    def skill(shrunk: float) -> float:
        return float(np.log(2.0) - np.log1p(np.exp(-shrunk * log_odds * sides)).mean())

    found = float(brentq(lambda shrunk: skill(shrunk) - KEPT * skill(1.0), 0.0, 1.0))
    return [replace(pair, b_up=1.0 / (1.0 + exp(-found * each))) for pair, each in zip(pairs, log_odds, strict=True)]


def report(name: str, bar: Progress) -> str:
    """A table for one file."""
    task = bar.add_task(f"{Path(name).name[:40]:40}", total=1.0)
    parameters = Parameters(MarketParameters(horizon_ns=60_000_000_000 if "eurusd" in name else 500_000_000))
    run = side_by_side(parameters, parameters, name)
    bar.update(task, completed=0.4)
    moved = [(pair, made) for pair, made in zip(run.pairs, run.made, strict=True) if pair.label]
    pairs, made = [pair for pair, _ in moved], [made for _, made in moved]
    planted = _planted(pairs)
    overlap = len(pairs) / forecasts.independent(made, run.horizon_ns)
    scores = np.array([_score(pair) for pair in planted])
    batch = batch_for(scores, round(overlap))
    # What costs fix the scale of is not looked at here: the log-loss has its own.
    contract = ExperimentParameters(
        primary="log_loss",
        batch=batch,
        expected=len(pairs) / 4,
        longest=max(len(pairs) - WARMUP, 30 * batch),
        warmup=WARMUP,
        worth=0.05,
    )
    loss_a, loss_b = (float(np.mean([-log(_told(pair, up)) for pair, up in _ups(planted, of)])) for of in ("a", "b"))
    rows = [f"### {Path(name).name}", ""]
    rows.append(
        f"{len(pairs):,} forecasts that moved, {len(pairs) / overlap:,.0f} of them do not overlap; batches of {batch}; "
        f"log-loss {loss_a:.4f} nats, of the planted arm {loss_b:.4f}: "
        f"{(log(2) - loss_b) / (log(2) - loss_a):.1%} of the skill over a coin."
    )
    rows += ["", "| | |", "|---|---|"]
    experiment = Experiment(contract)
    state = experiment.start()
    experiment.batch(state, pairs)
    rows.append(f"| the same arm twice | `{state.status}` after {state.scored:,} pairs |")
    if len(pairs) < WARMUP + 30 * batch:
        rows.append(f"| resamples | too few pairs for 30 batches of {batch} |")
        return "\n".join(rows) + "\n"
    for times in (1, LONGER):
        null = preflight(planted, contract, REPLAYS, length=times * len(pairs))
        rows.append(
            f"| two arms of equal merit: the difference taken out, resamples {times} x the file | "
            f"A wins {null.wins}, B wins {null.harms} of {REPLAYS}: {'holds' if null.passed else '**FAILS**'} |"
        )
        bar.update(task, completed=0.5 if times == 1 else 0.7)
    random, centred = np.random.default_rng(2), scores - scores.mean()
    drawn = [stationary_draw(random, len(centred), BATCHES_A_BLOCK * batch) for _ in range(REPLAYS)]
    peeked = rates.peeking_t(centred[np.array(drawn)])
    rows.append(f"| resamples 1 x the file, t-test looked at after every pair | {peeked} of {REPLAYS} |")
    shift = float(scores[WARMUP:].mean())
    for times in (1, LONGER):
        found = preflight(planted, contract, REPLAYS, shift, length=times * len(pairs))
        said = f", half of them within {found.decided:,.0f} pairs" if found.decided < inf else ""
        rows.append(
            f"| planted: B has a tenth less skill; resamples {times} x the file | "
            f"A wins {found.wins} of {REPLAYS}{said} |"
        )
        bar.update(task, completed=0.85 if times == 1 else 1.0)
    experiment = Experiment(replace(contract, beta=0.0))
    state = experiment.start()
    experiment.batch(state, planted)
    rows.append(f"| planted, the file as it is | {state.reason or state.status} |")
    return "\n".join(rows) + "\n"


def _ups(pairs: list[Pair], arm: str) -> list[tuple[Pair, float]]:
    return [(pair, pair.a_up if arm == "a" else pair.b_up) for pair in pairs]


def _told(pair: Pair, up: float) -> float:
    return up if pair.label > 0 else 1.0 - up


def _score(pair: Pair) -> float:
    return log(_told(pair, pair.a_up) / _told(pair, pair.b_up))
