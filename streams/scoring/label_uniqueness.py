"""How much one label is worth: labels of neighbouring predictions overlap in time and say nearly the same."""

from dataclasses import dataclass
from typing import Final

MEMORY: Final = 200
"""Labels that the mean looks back on."""


@dataclass
class OverlapState:
    """What the worth is computed from.

    Attributes:
        last: event time of the last prediction whose label came, ns; -1 before the first, and after a break.
        seen: labels taken, up to `MEMORY`.
        worth: mean part of the horizon that a label covered and the one before it did not, 0 to 1.
    """

    last: int = -1
    seen: int = 0
    worth: float = 0.5


class Overlap:
    """Advances an `OverlapState`.

    Each label covers as much new time as its prediction was later than the one before, at most the horizon; the sum
    of these parts is the number of independent labels. The mean is used, so that the first label of a burst does not
    count more than the others.

    >>> overlap, state = Overlap(horizon_ns=100), OverlapState()
    >>> [round(overlap.learn(state, ts), 3) for ts in (0, 10, 20, 30, 1_000)]
    [0.75, 0.533, 0.425, 0.36, 0.467]

    References:
        López de Prado (2018), Advances in Financial Machine Learning, section 4.4: average uniqueness of a label.
    """

    def __init__(self, horizon_ns: int) -> None:
        self._horizon = horizon_ns

    def learn(self, state: OverlapState, ts_prediction: int) -> float:
        """Take the next label by the event time of its prediction, ns; return what a label is worth, 0 to 1."""
        fresh = 1.0 if state.last < 0 else min(1.0, max(0.0, (ts_prediction - state.last) / self._horizon))
        state.last = ts_prediction
        if state.seen < MEMORY:
            state.seen += 1
        state.worth += (fresh - state.worth) / (state.seen + 1)
        return state.worth
