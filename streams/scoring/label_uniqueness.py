"""Label uniqueness: a weight from 0 to 1 for each label, smaller the more the label overlaps others in time.

A label is the direction of the move after a prediction. It covers the time from the prediction to the end of the
prediction's horizon.
"""

from dataclasses import dataclass
from typing import Final

MEMORY: Final = 200
"""Labels in the running mean."""


@dataclass
class UniquenessState:
    """State from which the weight (uniqueness) of the next label of a symbol is computed.

    Attributes:
        last: event time of the prediction of the last label, ns; -1 before the first label, and after the symbol's
            event time changed abruptly.
        seen: number of labels so far, counted up to `MEMORY` (200).
        worth: mean, over the latest labels, of the fraction of the horizon that did not overlap with the label before,
            0 to 1.
    """

    last: int = -1
    seen: int = 0
    worth: float = 0.5


def update(state: UniquenessState, ts_prediction: int, horizon_ns: int) -> float:
    """Add the next label, and return its uniqueness: the weight, 0 to 1, that it has in learning.

    The new part of a label is the time since the prediction of the label before, as a fraction of the horizon, at most
    1. The uniqueness is the mean of the new parts of the latest labels, so that the first label of a burst does not
    count much more than the others. The mean starts with one value of 0.5.

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
