"""Baselines: three simple forecasts without a model, whose probabilities are their hit rates so far.

`majority` gives the fraction of earlier moves that went up as its probability of an upward move. `last_move` predicts
the direction of the last move. `imbalance_sign` predicts up if the queue at the best bid is longer than that at the
best ask, down if it is shorter, and nothing if both are equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from streams.scoring.called import Called

BASELINES = ("majority", "last_move", "imbalance_sign")
"""Names of the baselines, in the order of every tuple of their probabilities."""


@dataclass
class BaselineState:
    """For each baseline, as `BASELINES` lists them, the number of its predictions and of its right predictions.

    Each baseline starts as if it had been right once and wrong once. Only predictions of a direction after which the
    mid moved are counted.

    Attributes:
        hits: number of right predictions; for `majority`, number of upward moves.
        calls: number of predictions; for `majority`, number of moves.
        last: direction of the last known move: 1 up, -1 down, 0 before the first.
    """

    hits: list[int]
    calls: list[int]
    last: int = 0


def start() -> BaselineState:
    """State of the baselines before the first outcome: each was right once and wrong once."""
    return BaselineState([1] * len(BASELINES), [2] * len(BASELINES))


def call(state: BaselineState, imbalance: float) -> Called:
    """Forecasts at a tick: for each baseline the probability of an upward move and the predicted direction.

    Args:
        state: counts of right and wrong predictions so far; not changed.
        imbalance: queue imbalance at the best bid and ask, -1 to 1; its sign is the forecast of
            `imbalance_sign`.

    In this example the mid moved up after the first call. `majority` and `imbalance_sign` have then been
    right twice and wrong once; `last_move` had predicted nothing. At the second call `imbalance_sign`
    predicts down:

    >>> state = start()
    >>> learn(state, call(state, 0.4), up=True)
    >>> [round(opinion, 3) for opinion in call(state, -0.1).opinions]  # majority, last_move, imbalance_sign
    [0.667, 0.5, 0.333]
    """
    sides = (1, state.last, 1 if imbalance > 0.0 else -1 if imbalance < 0.0 else 0)
    hits, calls = state.hits, state.calls
    majority = _opinion(sides[0], hits[0], calls[0])
    last_move = _opinion(sides[1], hits[1], calls[1])
    imbalance_sign = _opinion(sides[2], hits[2], calls[2])
    return Called((majority, last_move, imbalance_sign), sides)


def learn(state: BaselineState, called: Called, up: bool) -> None:
    """Update the counts of each baseline with the outcome of one prediction.

    Args:
        state: counts of right and wrong predictions so far; changed in place.
        called: what the baselines forecast when the prediction was made.
        up: whether the mid then moved up; call this function only for outcomes in which the mid moved.
    """
    label = 1 if up else -1
    for index, side in enumerate(called.sides):
        if side:
            state.calls[index] += 1
            state.hits[index] += side == label
    state.last = label


def by_name(opinions: Sequence[float]) -> dict[str, float]:
    """Dict from the name of each baseline to its probability.

    Args:
        opinions: probability by each baseline: `majority`, `last_move` and `imbalance_sign`.
    """
    return dict(zip(BASELINES, opinions, strict=True))


def _opinion(side: int, hits: int, calls: int) -> float:
    rate = hits / calls
    return 0.5 if side == 0 else rate if side > 0 else 1.0 - rate
