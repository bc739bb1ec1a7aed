"""The feature `mid_age`: how long ago the mid last changed."""

from dataclasses import dataclass
from math import log1p
from typing import ClassVar, Final

from streams.market.features.family import Feature, Moment

NEVER: Final = -(2**62)


@dataclass
class MidAgeState:
    """When the mid last changed.

    Attributes:
        changed_at: event time of the last change, ns; that of the first tick before the first change.
        clock: largest event time so far, ns.
    """

    changed_at: int
    clock: int


class MidAge:
    """Computes the logarithm of the time since the last change of the mid, at each tick.

    >>> age = MidAge()
    >>> state = age.start(100.0)
    >>> _ = age.advance(state, Moment(101.0, move=1.0, ts_event=5_000_000_000))
    >>> [round(value, 3) for value in age.trade(state, Moment(101.0, ts_event=5_019_000_000))]  # 19 ms later
    [2.996]
    """

    features: ClassVar = (
        Feature("mid_age", "log", False, "log(1 + milliseconds since the mid last changed)", "definition"),
    )
    state: ClassVar = MidAgeState

    def start(self, mid: float) -> MidAgeState:
        """Return the state before the first tick; the state does not depend on `mid`."""
        return MidAgeState(NEVER, NEVER)

    def trade(self, state: MidAgeState, now: Moment) -> tuple[float]:
        """Return the age at the time of a trade, which moves the time but not the mid."""
        return self._at(state, now.ts_event, changed=False)

    def advance(self, state: MidAgeState, now: Moment) -> tuple[float]:
        """Take note of a change of the mid; return the age."""
        return self._at(state, now.ts_event, changed=now.move != 0.0)

    def _at(self, state: MidAgeState, ts_event: int, changed: bool) -> tuple[float]:
        if ts_event > state.clock:
            state.clock = ts_event
        if changed or state.changed_at == NEVER:
            state.changed_at = state.clock
        return (log1p((state.clock - state.changed_at) * 1e-6),)
