"""How good the predictions were: beside baselines that a fair reader would try first, with an honest interval."""

from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from schemas.errors import TickloopError
from schemas.outcomes import OutcomeMatured
from streams.baselines import BASELINES
from streams.evaluation import bootstrap, scores


class Score(Struct, frozen=True):
    """How one forecaster did on the outcomes that moved.

    Attributes:
        name: the pipeline's arm, one of its experts, or a baseline.
        accuracy: part of the moves whose side it called; no opinion counts one half.
        log_loss: mean negative log of the probability it gave to what happened, nats; 0.693 knows nothing.
    """

    name: str
    accuracy: float
    log_loss: float


class Skill(Struct, frozen=True):
    """Figures over scored predictions.

    Attributes:
        scored: outcomes.
        moved: outcomes whose mid moved; the scores are over these.
        independent: of these, how many at most do not overlap in time.
        pipeline: score of the live arm.
        experts: scores of its strategies and of its model.
        baselines: scores of `BASELINES`, each as sure of itself as its hit rate so far allows.
        best_baseline: the one with the lowest log-loss.
        skill: 1 - log-loss of the pipeline / log-loss of the best baseline.
        low, high: 95 % interval of the skill.
        positions: scored predictions with a position.
        gross_bps, net_bps: what a position earned on average before and after cost, bps of capital.
    """

    scored: int
    moved: int
    independent: int
    pipeline: Score
    experts: tuple[Score, ...]
    baselines: tuple[Score, ...]
    best_baseline: str
    skill: float
    low: float
    high: float
    positions: int
    gross_bps: float
    net_bps: float


def skill(outcomes: Iterable[OutcomeMatured], resamples: int = 1_000, seed: int = 20_240_808) -> Skill:
    """Figures over `outcomes`, of one symbol or several.

    Baselines are those that the outcomes carry: they knew what the pipeline knew. The interval is a percentile interval
    of the block bootstrap, because neighbouring outcomes overlap.

    Args:
        outcomes: in the order of their ids within each symbol.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        TickloopError: no outcome moved.
    """
    everything = sorted(outcomes, key=lambda outcome: outcome.symbol)  # stable: each symbol's stay in order
    moved = [outcome for outcome in everything if outcome.label]
    if not moved:
        raise TickloopError(f"expected outcomes that moved, was none among {len(everything)}; fix: feed more ticks")

    up = np.array([outcome.label > 0 for outcome in moved])
    experts = tuple(name for name in moved[0].experts if all(name in outcome.experts for outcome in moved))
    forecasts = {"pipeline": np.array([outcome.arms[0].probability for outcome in moved])}
    forecasts |= {name: np.array([outcome.experts[name] for outcome in moved]) for name in experts}
    forecasts |= {name: np.array([outcome.baselines.get(name, 0.5) for outcome in moved]) for name in BASELINES}
    losses = {name: scores.losses(forecast, up) for name, forecast in forecasts.items()}
    found = {
        name: Score(name, float(scores.hits(forecast, up).mean()), float(losses[name].mean()))
        for name, forecast in forecasts.items()
    }
    independent = sum(
        scores.independent([each.ts_prediction for each in moved if each.symbol == symbol], moved[0].horizon_ns)
        for symbol in sorted({outcome.symbol for outcome in moved})
    )
    best = min(BASELINES, key=lambda name: found[name].log_loss)
    symbols = np.array([outcome.symbol for outcome in moved])
    cells = bootstrap.cells(symbols, np.array([outcome.ts_prediction for outcome in moved]), moved[0].horizon_ns)
    ours, theirs = bootstrap.resampled_means([losses["pipeline"], losses[best]], cells, resamples, seed)
    low, high = bootstrap.interval(1.0 - ours / theirs)
    positions = [outcome.arms[0] for outcome in everything if outcome.arms[0].position_size]
    return Skill(
        scored=len(everything),
        moved=len(moved),
        independent=independent,
        pipeline=found["pipeline"],
        experts=tuple(found[name] for name in experts),
        baselines=tuple(found[name] for name in BASELINES),
        best_baseline=best,
        skill=1.0 - found["pipeline"].log_loss / found[best].log_loss,
        low=low,
        high=high,
        positions=len(positions),
        gross_bps=sum(arm.gross_bps for arm in positions) / max(1, len(positions)),
        net_bps=sum(arm.net_bps for arm in positions) / max(1, len(positions)),
    )
