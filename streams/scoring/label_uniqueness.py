"""Label uniqueness: labels of neighbouring predictions overlap in time, so each counts for less than one."""

from dataclasses import dataclass
from typing import Final

MEMORY: Final = 200
"""Labels in the running mean."""


@dataclass
class UniquenessState:
    """State from which the uniqueness of labels is computed.

    Attributes:
        last: event time of the last prediction whose label came, ns; -1 before the first, and after a break.
        seen: labels taken, up to `MEMORY`.
        worth: mean fraction of its horizon that a label covered and the one before it did not, 0 to 1.
    """

    last: int = -1
    seen: int = 0
    worth: float = 0.5


def update(state: UniquenessState, ts_prediction: int, horizon_ns: int) -> float:
    """Take the next label; return its uniqueness, 0 to 1, with which it is weighted in learning.

    Each label covers as much new time as its prediction was later than the one before, at most its own horizon: these
    parts add up to the number of independent labels. The uniqueness is their mean, so that the first label of a burst
    does not count more than the others.

    Args:
        state: of the labels so far.
        ts_prediction: event time of the label's prediction, ns.
        horizon_ns: how far ahead that looked, ns.

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
