"""Experiments on the pipeline's forecasts for a file of real ticks."""

from functools import partial
from math import exp, inf, log
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from rich.progress import Progress
from scipy.optimize import brentq

from streams.api.side_by_side import side_by_side
from streams.experiments.engines.dependence import autocorrelation_time, batch_for
from streams.experiments.engines.resampling import stationary_draw
from streams.experiments.experiment import Experiment
from streams.experiments.pairs import Pair
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.planning import expected_run
from streams.experiments.preflight import BATCHES_A_BLOCK, preflight, smallest_that_holds, with_batch
from streams.market.parameters import MarketParameters
from streams.parameters import Parameters
from streams.scoring.effective_sample_size import effective_sample_size
from tests.statistical import error_rates as rates
from tests.statistical.experiments_on_ticks import planted

REPLAYS = 1_000
WARMUP = 100
KEPT = 0.9
"""Fraction of its skill that is left to the version that is made worse."""

TOLD = 0.1
"""Fraction of the wrong directions that are made right in the version that is made better."""

LONGER = 50_000
"""Number of pairs of the longer resamples."""

MEASURED = 2
"""Seed of the resamples that are published; the batch size is chosen on those of seed 1."""

MOST = 200_000
"""Number of pairs after which a planned experiment is given up."""

HORIZONS_S = {"eurusd": 60.0, "bac": 5.0}
"""Horizons in seconds for files whose mid does not move often enough in half a second."""


def _duller(pairs: list[Pair]) -> list[Pair]:
    """Shrink the log-odds of the live version until a fraction `KEPT` of its skill is left; empty if it has none."""
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
    """The results for one file as a Markdown table."""
    task = bar.add_task(f"{Path(name).name[:40]:40}", total=1.0)
    horizon_s = next((each for part, each in HORIZONS_S.items() if part in name), 0.5)
    parameters = Parameters(MarketParameters(horizon_ns=round(horizon_s * 1e9)))
    run = side_by_side(parameters, parameters, name)
    bar.update(task, completed=0.4)
    moved = [(pair, made) for pair, made in zip(run.pairs, run.made, strict=True) if pair.label]
    pairs, made = [pair for pair, _ in moved], [made for _, made in moved]
    overlap = len(pairs) / effective_sample_size([""] * len(made), made, [parameters.market.horizon_ns] * len(made))
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
    """Rows on one planted difference, in an experiment as long as the file and in a longer one."""
    scores = _scores(arms)
    rows = [f"| **{what}** | {float(scores[WARMUP:].mean()):+.4f} nats a pair |"]
    for length in _lengths(arms):
        rows += _planned(arms, alike, batch_for(scores, round(overlap)), length)
    return rows


def _planned(arms: list[Pair], alike: list[Pair], batch: int, length: int) -> list[str]:
    """Rows on an experiment of at most `length` pairs, with the batch size that its replays show to be enough."""
    # What costs fix the scale of is not looked at here: the log-loss has its own.
    declared = ExperimentParameters(
        primary="log_loss",
        batch=batch,
        expected=len(arms) / 4,
        longest=max(length - WARMUP, 30 * batch),
        warmup=WARMUP,
        worth=0.05,
    )
    replay = partial(preflight, arms, replications=REPLAYS)
    found = smallest_that_holds(replay, declared, batch, len(arms) - WARMUP)
    if found is None or length < WARMUP + 30 * found:
        return [f"| *at most {length:,} pairs* | too few pairs for batches of {found or batch} or more |"]
    contract = with_batch(declared, found)
    rows = [f"| *at most {length:,} pairs* | batches of {found} |"]
    as_it_is = length == len(arms)
    if as_it_is:
        rows.append(f"| the same arm twice | {_alone(alike, contract)} |")
    rows += [*_equal(arms, contract), *_found(arms, contract)]
    if as_it_is:
        rows.append(f"| the two as they are, the file as it is | {_alone(arms, replace(contract, beta=0.0))} |")
    return rows


def _alone(pairs: list[Pair], contract: ExperimentParameters) -> str:
    """The verdict of the experiment on the pairs as they are."""
    experiment = Experiment(contract)
    state = experiment.start()
    experiment.batch(state, pairs)
    return f"`{state.status}`: {state.reason or state.status}"


def _equal(pairs: list[Pair], contract: ExperimentParameters) -> list[str]:
    """Rows on pairs with the mean difference taken out: false verdicts of the experiment and of a repeated t-test."""
    null = preflight(pairs, contract, REPLAYS, seed=MEASURED)
    ended = null.wins + null.harms
    scores = _scores(pairs)
    random, centred = np.random.default_rng(MEASURED), scores - scores.mean()
    drawn = [stationary_draw(random, len(centred), BATCHES_A_BLOCK * contract.batch) for _ in range(REPLAYS)]
    peeked = rates.peeking_t(centred[np.array(drawn)])
    verdict = "holds" if ended <= null.allowed * REPLAYS else "**FAILS**"
    return [
        f"| two of equal merit: the difference taken out | A wins {null.wins:,}, B wins {null.harms:,} of {REPLAYS:,}, "
        f"no winner in {1.0 - ended / REPLAYS:.1%}: {verdict} |",
        f"| the same, t-test looked at after every pair of the file | says 5 % in {peeked:,} of {REPLAYS:,} |",
    ]


def _found(pairs: list[Pair], contract: ExperimentParameters) -> list[str]:
    """Rows on a planted difference in resamples of the pairs."""
    scores = _scores(pairs)[WARMUP:]
    shift = float(scores.mean())
    found = preflight(pairs, contract, REPLAYS, shift, seed=MEASURED)
    said = f", half of them within {found.decided:,.0f} pairs" if found.decided < inf else ""
    effect, inflation = shift / float(scores.std(ddof=1)), autocorrelation_time(scores)
    median, _ = expected_run(effect, contract.batch, contract.expected, contract.alpha, MOST, inflation)
    return [
        f"| the two as they are | A wins {found.wins:,} of {REPLAYS:,}{said}; "
        f"by the plan half of them within {median:,.0f} |"
    ]


def _lengths(pairs: list[Pair]) -> list[int]:
    """Lengths of the resamples: the file once, and a multiple that has enough pairs."""
    return [len(pairs), max(2, round(LONGER / len(pairs))) * len(pairs)]


def _loss(pairs: list[Pair], arm: str = "a") -> float:
    return float(np.mean([-log(_told(pair, pair.a_up if arm == "a" else pair.b_up)) for pair in pairs]))


def _told(pair: Pair, up: float) -> float:
    return up if pair.label > 0 else 1.0 - up


def _scores(pairs: list[Pair]) -> NDArray[np.float64]:
    return np.array([log(_told(pair, pair.a_up) / _told(pair, pair.b_up)) for pair in pairs])
