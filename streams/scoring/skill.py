"""Skill: how much better predictions score than baselines, with an interval that allows for overlapping outcomes."""

from collections.abc import Iterable, Sequence
from math import nan

import numpy as np
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace
from numpy.typing import NDArray

from schemas.errors import TickloopError
from schemas.outcomes import OutcomeMatured
from streams.scoring import block_bootstrap, score_arrays
from streams.scoring.baselines import BASELINES
from streams.scoring.block_bootstrap import Column
from streams.scoring.effective_sample_size import effective_sample_size


class Score(Struct, frozen=True):
    """Scores of one forecaster over the outcomes in which the mid moved.

    Some experts (strategies or models) belonged to the live pipeline for a part of the time only. Such an
    expert is scored over the moves of that time, and has the last two fields; for any other forecaster they
    are absent.

    Attributes:
        name: `pipeline` for the live pipeline, or the name of one of its experts or of a baseline.
        accuracy: fraction of moves whose direction was predicted right, 0 to 1; a probability of 0.5 counts
            as half right.
        log_loss: mean negative log of the probability given to what happened, nats; 0.693 for a constant
            0.5.
        moved: number of moves that the expert is scored over; absent: all moves.
        pipeline_log_loss: log-loss of the live pipeline on the same moves, nats; absent: all moves.
    """

    name: str
    accuracy: float
    log_loss: float
    moved: int | UnsetType = UNSET
    pipeline_log_loss: float | UnsetType = UNSET


class Skill(Struct, frozen=True):
    """Scores of the live pipeline over all scored predictions, compared with its experts and with the baselines.

    Attributes:
        scored: number of outcomes.
        moved: number of outcomes in which the mid moved; scores are over these outcomes.
        independent: effective sample size: the largest number of outcomes in which the mid moved and no two
            of which, of one symbol, overlap in time.
        pipeline: scores of the live pipeline.
        experts: scores of each strategy and of each model, over the moved outcomes for which the live
            pipeline contained that strategy or model.
        baselines: scores of each baseline, whose probability is its hit rate before the prediction.
        best_baseline: name of the baseline with the lowest log-loss.
        skill: `1 - log-loss of the pipeline / log-loss of the best baseline`; above 0 the pipeline is
            better.
        low, high: 95 % interval of `skill`; None if there are too few outcomes for an interval.
        positions: number of predictions with a position.
        gross_bps, net_bps: mean return of the predictions with a position, before and after cost, bps of
            capital.
    """

    scored: int
    moved: int
    independent: int
    pipeline: Score
    experts: tuple[Score, ...]
    baselines: tuple[Score, ...]
    best_baseline: str
    skill: float
    low: float | None
    high: float | None
    positions: int
    gross_bps: float
    net_bps: float


class Scored(Struct, frozen=True, eq=False):
    """Outcomes as columns of equal length; outcomes of one symbol are in the order of their ids.

    Attributes:
        symbols: symbol of each outcome.
        made: event time of each prediction, ns since 1970, UTC.
        horizons_ns: horizon of each prediction, ns.
        labels: sign of each move; 0 if the mid did not move.
        pipeline: the live pipeline's probability of an upward move.
        experts: probability of an upward move by each strategy and by each model, by name; NaN where it was no expert
            of the live pipeline.
        baselines: probability of an upward move by each baseline; by name.
        positions: position of the live pipeline, fraction of capital; below 0 for a short position.
        gross_bps, net_bps: return of that position before and after cost, bps of capital.
    """

    symbols: NDArray[np.str_]
    made: NDArray[np.int64]
    horizons_ns: NDArray[np.int64]
    labels: NDArray[np.int64]
    pipeline: Column
    experts: dict[str, Column]
    baselines: dict[str, Column]
    positions: Column
    gross_bps: Column
    net_bps: Column


def scored(outcomes: Sequence[OutcomeMatured]) -> Scored:
    """Outcome records converted to columns.

    The experts are the strategies and the models. They may differ between outcomes: between symbols, and before and
    after another version went live. An expert gets a column if an outcome in which the mid moved has its probability.
    """
    live = [outcome.arms[0] for outcome in outcomes]
    experts = dict.fromkeys(name for outcome in outcomes if outcome.label for name in outcome.experts)
    return Scored(
        symbols=np.array([outcome.symbol for outcome in outcomes], dtype=np.str_),
        made=np.array([outcome.ts_prediction for outcome in outcomes], dtype=np.int64),
        horizons_ns=np.array([outcome.horizon_ns for outcome in outcomes], dtype=np.int64),
        labels=np.array([outcome.label for outcome in outcomes], dtype=np.int64),
        pipeline=np.array([arm.probability for arm in live]),
        experts={name: np.array([outcome.experts.get(name, nan) for outcome in outcomes]) for name in experts},
        baselines={name: np.array([each.baselines.get(name, 0.5) for each in outcomes]) for name in BASELINES},
        positions=np.array([arm.position_size for arm in live]),
        gross_bps=np.array([arm.gross_bps for arm in live]),
        net_bps=np.array([arm.net_bps for arm in live]),
    )


def skill(outcomes: Iterable[OutcomeMatured], resamples: int = 1_000, seed: int = 20_240_808) -> Skill:
    """Scores of the live pipeline over outcome records, compared with its experts and with the baselines.

    Args:
        outcomes: outcome records of one symbol or several, those of each symbol in the order of their ids.
        resamples: number of samples for the interval of the skill.
        seed: seed of the random numbers for the interval.

    Raises:
        TickloopError: the mid moved in no outcome.
    """
    return skill_of(scored(list(outcomes)), resamples, seed)


def skill_of(everything: Scored, resamples: int = 1_000, seed: int = 20_240_808) -> Skill:
    """Scores of the live pipeline over outcomes in columns, compared with its experts and with the baselines.

    The baselines' forecasts are those that were made at prediction time and stored in the outcomes. The interval of the
    skill is computed by a block bootstrap, since neighbouring outcomes overlap in time.

    Args:
        everything: the outcomes.
        resamples: number of samples that the bootstrap draws.
        seed: seed of the bootstrap.

    Raises:
        TickloopError: the mid moved in no outcome.
    """
    # Stable: each symbol's stay in order.
    moved = np.argsort(everything.symbols, kind="stable")
    moved = moved[everything.labels[moved] != 0]
    if not len(moved):
        count = len(everything.labels)
        raise TickloopError(f"expected outcomes that moved, was none among {count}; fix: feed more ticks")

    up = everything.labels[moved] > 0
    columns = {"pipeline": everything.pipeline, **everything.baselines}
    forecasts = {name: column[moved] for name, column in columns.items()}
    losses = {name: score_arrays.log_losses(forecast, up) for name, forecast in forecasts.items()}
    found = {
        name: Score(name, float(score_arrays.hits(forecast, up).mean()), float(losses[name].mean()))
        for name, forecast in forecasts.items()
    }
    symbols, made, horizons_ns = (each[moved] for each in (everything.symbols, everything.made, everything.horizons_ns))
    best = min(BASELINES, key=lambda name: found[name].log_loss)
    cells = block_bootstrap.cells(symbols, made, horizons_ns)
    low: float | None = None
    high: float | None = None
    if int(cells[-1] + 1) // block_bootstrap.BLOCK >= block_bootstrap.FEWEST_BLOCKS:
        ours, theirs = block_bootstrap.resampled_means([losses["pipeline"], losses[best]], cells, resamples, seed)
        low, high = block_bootstrap.interval(1.0 - ours / theirs)
    held = everything.positions != 0.0
    positions = int(held.sum())
    return Skill(
        scored=len(everything.labels),
        moved=len(moved),
        independent=effective_sample_size(symbols.tolist(), made.tolist(), horizons_ns.tolist()),
        pipeline=found["pipeline"],
        experts=tuple(
            _expert(name, column[moved], losses["pipeline"], up) for name, column in everything.experts.items()
        ),
        baselines=tuple(found[name] for name in BASELINES),
        best_baseline=best,
        skill=1.0 - found["pipeline"].log_loss / found[best].log_loss,
        low=low,
        high=high,
        positions=positions,
        gross_bps=float(everything.gross_bps[held].sum()) / max(1, positions),
        net_bps=float(everything.net_bps[held].sum()) / max(1, positions),
    )


def _expert(name: str, forecast: Column, pipeline: Column, up: NDArray[np.bool_]) -> Score:
    """Scores of an expert over the moves at which the live pipeline had it; `pipeline`: losses of the pipeline."""
    at = ~np.isnan(forecast)
    loss = float(score_arrays.log_losses(forecast[at], up[at]).mean())
    score = Score(name, float(score_arrays.hits(forecast[at], up[at]).mean()), loss)
    return score if at.all() else replace(score, moved=int(at.sum()), pipeline_log_loss=float(pipeline[at].mean()))
