"""How good the predictions were: beside baselines that a fair reader would try first, with an honest interval."""

from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from schemas.errors import TickloopError
from schemas.outcomes import OutcomeMatured

BASELINES = ("majority", "last move", "imbalance sign")
BLOCK_HORIZONS = 10
"""Outcomes within a block of this many horizons stay together in the bootstrap."""


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

    Baselines see what the pipeline saw: at each prediction only outcomes that had matured. The interval is a
    percentile interval of the block bootstrap, because neighbouring outcomes overlap.

    Args:
        outcomes: in the order of their ids within each symbol.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        TickloopError: no outcome moved.

    References:
        Carlstein (1986), The use of subseries values for estimating the variance: non-overlapping blocks.
    """
    by_symbol: dict[str, list[OutcomeMatured]] = {}
    for outcome in outcomes:
        by_symbol.setdefault(outcome.symbol, []).append(outcome)
    everything = [outcome for of_symbol in by_symbol.values() for outcome in of_symbol]
    moved = [outcome for outcome in everything if outcome.label]
    if not moved:
        raise TickloopError(f"expected outcomes that moved, was none among {len(everything)}; fix: feed more ticks")

    up = np.array([outcome.label > 0 for outcome in moved])
    forecasts = {"pipeline": np.array([outcome.arms[0].probability for outcome in moved])}
    experts = tuple(name for name in moved[0].experts if all(name in outcome.experts for outcome in moved))
    forecasts |= {name: np.array([outcome.experts[name] for outcome in moved]) for name in experts}
    baselines = [row for of_symbol in by_symbol.values() for row in _baselines(of_symbol)]
    losses = {name: _losses(forecast, up) for name, forecast in forecasts.items()}
    scores = {name: _score(name, forecast, up) for name, forecast in forecasts.items()}
    for name, column in zip(BASELINES, np.array(baselines).T, strict=True):
        losses[name] = _losses(column, up)
        scores[name] = _score(name, column, up)

    best = min(BASELINES, key=lambda name: scores[name].log_loss)
    low, high = _interval(losses["pipeline"], losses[best], _blocks(moved), resamples, seed)
    positions = [outcome.arms[0] for outcome in everything if outcome.arms[0].position_size]
    return Skill(
        scored=len(everything),
        moved=len(moved),
        independent=sum(_independent(of_symbol) for of_symbol in by_symbol.values()),
        pipeline=scores["pipeline"],
        experts=tuple(scores[name] for name in experts),
        baselines=tuple(scores[name] for name in BASELINES),
        best_baseline=best,
        skill=1.0 - scores["pipeline"].log_loss / scores[best].log_loss,
        low=low,
        high=high,
        positions=len(positions),
        gross_bps=sum(arm.gross_bps for arm in positions) / max(1, len(positions)),
        net_bps=sum(arm.net_bps for arm in positions) / max(1, len(positions)),
    )


class _Tally:
    """A baseline's hit rate so far, from a prior of one hit and one miss."""

    def __init__(self) -> None:
        self.hits = 1
        self.tries = 2

    def probability(self, side: int) -> float:
        rate = self.hits / self.tries
        return 0.5 if side == 0 else rate if side > 0 else 1.0 - rate

    def count(self, side: int, label: int) -> None:
        if side:
            self.tries += 1
            self.hits += side == label


def _baselines(outcomes: list[OutcomeMatured]) -> list[tuple[float, float, float]]:
    """Probability of up according to each baseline, for every outcome of one symbol that moved."""
    rows = []
    sides: list[tuple[int, int]] = []
    last_move, imbalance = _Tally(), _Tally()
    ups, moves, last, known = 1, 2, 0, 0
    for outcome in outcomes:
        while known < len(sides) and outcomes[known].ts_event <= outcome.ts_prediction:
            label = outcomes[known].label
            if label:
                last_move.count(sides[known][0], label)
                imbalance.count(sides[known][1], label)
                ups += label > 0
                moves += 1
                last = label
            known += 1
        leaning = outcome.features["queue_imbalance"]
        side = (leaning > 0.0) - (leaning < 0.0)
        sides.append((last, side))
        if outcome.label:
            rows.append((ups / moves, last_move.probability(last), imbalance.probability(side)))
    return rows


def _losses(forecast: np.ndarray, up: np.ndarray) -> np.ndarray:
    return -np.log(np.where(up, forecast, 1.0 - forecast))


def _score(name: str, forecast: np.ndarray, up: np.ndarray) -> Score:
    called = np.where(forecast == 0.5, 0.5, (forecast > 0.5) == up)
    return Score(name, float(called.mean()), float(_losses(forecast, up).mean()))


def _independent(outcomes: list[OutcomeMatured]) -> int:
    count, free_from = 0, 0
    for outcome in outcomes:
        if outcome.label and outcome.ts_prediction >= free_from:
            count += 1
            free_from = outcome.ts_prediction + outcome.horizon_ns
    return count


def _blocks(moved: list[OutcomeMatured]) -> np.ndarray:
    numbers: dict[tuple[str, int], int] = {}
    return np.array(
        [
            numbers.setdefault(
                (outcome.symbol, outcome.ts_prediction // (BLOCK_HORIZONS * outcome.horizon_ns)), len(numbers)
            )
            for outcome in moved
        ]
    )


def _interval(
    losses: np.ndarray, baseline: np.ndarray, blocks: np.ndarray, resamples: int, seed: int
) -> tuple[float, float]:
    ours = np.bincount(blocks, losses)
    theirs = np.bincount(blocks, baseline)
    chosen = np.random.default_rng(seed).integers(len(ours), size=(resamples, len(ours)))
    skills = 1.0 - ours[chosen].sum(axis=1) / theirs[chosen].sum(axis=1)
    low, high = np.quantile(skills, (0.025, 0.975))
    return float(low), float(high)
