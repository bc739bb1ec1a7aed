"""Label uniqueness: a weight from 0 to 1 for each label, as labels of neighbouring predictions overlap in time.

A label is the direction of the move after a prediction; it covers the time up to the prediction's horizon.
"""

from dataclasses import dataclass
from typing import Final

MEMORY: Final = 200
"""Labels in the running mean."""


@dataclass
class UniquenessState:
    """State from which the weight (uniqueness) of the next label of a symbol is computed.

    Attributes:
        last: event time of the prediction of the last label, ns; -1 before the first, and after the symbol's
            event time was set back or jumped.
        seen: number of labels so far, counted up to `MEMORY` (200).
        worth: running mean over labels of the fraction of the horizon that was new, 0 to 1; see `update`.
    """

    last: int = -1
    seen: int = 0
    worth: float = 0.5


def update(state: UniquenessState, ts_prediction: int, horizon_ns: int) -> float:
    """Add the next label, and return its uniqueness: the weight, 0 to 1, that it has in learning.

    The new part of a label is the time from the prediction before to its own prediction, as a fraction of its horizon,
    at most 1. The uniqueness is the mean of this part over the latest labels, so that the first label of a burst does
    not count more than the others.

    Args:
        state: state after the labels so far; changed in place.
        ts_prediction: event time of the label's prediction, ns.
        horizon_ns: horizon of the prediction, ns.

    >>> state = UniquenessState()
    >>> [round(update(state, ts, horizon_ns=100), 3) for ts in (0, 10, 20, 30, 1_000)]
    [0.75, 0.533, 0.425, 0.36, 0.467]

    References:
        López de Prado (2018), Advances in Financial Machine Learning, section 4.4: average uniqueness of a label.
    """
    fresh = 1.0 if state.last < 0 else min(1.0, max(0.0, (ts_prediction - state.last) / horizon_ns))
    state.last = ts_prediction
    if state.seen < MEMORY:
        state.seen += 1
    state.worth += (fresh - state.worth) / (state.seen + 1)
    return state.worth
