"""Baselines: forecasts without a model, each with its hit rate so far as probability."""

from collections.abc import Sequence
from dataclasses import dataclass

from streams.scoring.called import Called

BASELINES = ("majority", "last_move", "imbalance_sign")
"""Names of the baselines, in the order of every tuple of their probabilities."""


@dataclass
class BaselineState:
    """Hits and calls of the baselines so far, each from a prior of one hit and one miss; only matured labels count.

    Attributes:
        hits: right calls of each baseline; for the majority: moves up.
        calls: calls of each baseline that met a move; for the majority: moves.
        last: side of the last move that is known, 0 before the first.
    """

    hits: list[int]
    calls: list[int]
    last: int = 0


def start() -> BaselineState:
    """State before the first label."""
    return BaselineState([1] * len(BASELINES), [2] * len(BASELINES))


def call(state: BaselineState, imbalance: float) -> Called:
    """Forecasts of the baselines at a tick: probabilities of an upward move, and called sides.

    Args:
        state: hits and calls so far.
        imbalance: queue imbalance of the book; its sign is a baseline.

    >>> state = start()
    >>> learn(state, call(state, 0.4), up=True)
    >>> [round(opinion, 3) for opinion in call(state, -0.1).opinions]
    [0.667, 0.5, 0.333]
    """
    sides = (1, state.last, 1 if imbalance > 0.0 else -1 if imbalance < 0.0 else 0)
    hits, calls = state.hits, state.calls
    majority = _opinion(sides[0], hits[0], calls[0])
    last_move = _opinion(sides[1], hits[1], calls[1])
    imbalance_sign = _opinion(sides[2], hits[2], calls[2])
    return Called((majority, last_move, imbalance_sign), sides)


def learn(state: BaselineState, called: Called, up: bool) -> None:
    """Learn one label, given the forecasts at prediction time."""
    label = 1 if up else -1
    for index, side in enumerate(called.sides):
        if side:
            state.calls[index] += 1
            state.hits[index] += side == label
    state.last = label


def by_name(opinions: Sequence[float]) -> dict[str, float]:
    """Probabilities by name of the baseline, as in an outcome."""
    return dict(zip(BASELINES, opinions, strict=True))


def _opinion(side: int, hits: int, calls: int) -> float:
    rate = hits / calls
    return 0.5 if side == 0 else rate if side > 0 else 1.0 - rate
