"""Whether a tick goes on from what came before it, is refused, or begins a new generation of the symbol's clock."""

from dataclasses import dataclass
from typing import Final, Literal

from schemas.breaks import BreakReason
from schemas.errors import Refused
from streams.parameters import AdmissionParameters

GOES_ON: Final = ""
"""A tick goes on from the one before it."""

Taken = Literal["", "set_back", "ahead", "price"]
"""How a tick is taken: it goes on from the one before, or the clock breaks at it, and why."""

SPACINGS: Final = 2
"""So many times the distance of ticks that were believed, no jump of their symbol is too far."""

HORIZONS: Final = 20
"""So many horizons ahead, no jump is too far."""

REPEATS: Final = 50
"""A row of ticks with repeats among them is believed after so many times the refusals that others are."""


@dataclass
class AdmissionState:
    """What a symbol's next tick is compared with.

    Attributes:
        clock: event time of the symbol, ns: the latest that was taken; 0 before the first tick.
        sequence: the venue's number of the last tick that had one.
        rivals: ticks refused in a row that agree with one another.
        rival_clock: event time of the last of them, ns.
        rival_price: price of the last of them, quote currency.
        generation: how often the clock has broken.
        apart: widest distance between two rivals of the row, ns.
        spacing: the same of the last row that was believed to have jumped ahead, ns.
        known: a number that the venue gave at least `resync_after` ticks ago: what lies at or below it was seen.
        counted: the number that becomes `known` next.
        taken: ticks with a number since `counted` was noted.
        repeats: whether the row of rivals holds a tick that was seen before.
        refused: ticks that were refused before the last break.
    """

    clock: int = 0
    sequence: int | None = None
    rivals: int = 0
    rival_clock: int = 0
    rival_price: float = 0.0
    generation: int = 0
    apart: int = 0
    spacing: int = 0
    known: int | None = None
    counted: int | None = None
    taken: int = 0
    repeats: bool = False
    refused: int = 0


class Admission:
    """Keeps a symbol's clock and refuses what does not fit.

    One tick with a wrong date, number or price must not move the clock, nor may a true shift be refused for ever: when
    `resync_after` refused ticks in a row are in order and near one another, they are right and the past was wrong. The
    vote is the same back as ahead. Every refusal counts in it, so no symbol is ever closed. Only a row in which the
    venue's own numbers show repeats has to be `REPEATS` times as long: a producer may send a long batch twice.

    Args:
        parameters: how much disorder to bear.
        horizon_ns: of the predictions, ns.

    >>> admission, state = Admission(AdmissionParameters(resync_after=2)), AdmissionState()
    >>> admission.admit(state, ts_event=9_000, sequence=None, price=100.0, last=0.0)
    ''
    >>> admission.admit(state, ts_event=50, sequence=None, price=100.0, last=100.0)
    Traceback (most recent call last):
    ...
    schemas.errors.Refused: late: expected ts_event from 9000 on, was 50
    >>> admission.admit(state, ts_event=51, sequence=None, price=100.0, last=100.0), state.clock, state.generation
    ('set_back', 51, 1)
    """

    def __init__(self, parameters: AdmissionParameters, horizon_ns: int = 0) -> None:
        self._tolerance = parameters.late_tolerance_ns
        self._max_jump = parameters.max_jump
        self._max_gap = max(parameters.max_gap_ns, HORIZONS * horizon_ns)
        self._resync_after = parameters.resync_after

    def admit(self, state: AdmissionState, ts_event: int, sequence: int | None, price: float, last: float) -> Taken:
        """Take a tick and move the clock.

        Args:
            state: of the tick's symbol.
            ts_event: its event time, ns.
            sequence: the venue's number of it, if there is one.
            price: mid of the quote, or price of the trade.
            last: reference price before it, 0 when there is none.

        Returns:
            `GOES_ON`, or why a new generation begins with it.

        Raises:
            Refused: `duplicate`, `late`, `ahead` or `absurd_jump`; only the count of rivals has moved.
        """
        clock = state.clock
        if ts_event <= clock:
            if sequence is not None and state.sequence is not None and sequence <= state.sequence:
                return self._repeated(state, ts_event, sequence, price, last)
            if ts_event < clock - self._tolerance:
                if self._outvoted(state, ts_event, price):
                    return self._break(state, ts_event, sequence, "set_back")
                raise Refused("late", f"expected ts_event from {clock - self._tolerance} on, was {ts_event}")
            ts_event = clock
        elif clock and ts_event - clock > self._max_gap and ts_event - clock > SPACINGS * state.spacing:
            if self._outvoted(state, ts_event, price):
                state.spacing = state.apart
                return self._break(state, ts_event, sequence, "ahead")
            raise Refused("ahead", f"expected ts_event up to {clock + self._max_gap}, was {ts_event}")
        if last > 0.0 and abs(price - last) > self._max_jump * last:
            if self._outvoted(state, ts_event, price):
                return self._break(state, ts_event, sequence, "price")
            raise Refused("absurd_jump", f"expected a price within {self._max_jump:.0%} of {last}, was {price}")
        state.clock = ts_event
        if sequence is not None:
            self._count(state, sequence)
        state.rivals = 0
        return GOES_ON

    def _repeated(self, state: AdmissionState, ts_event: int, sequence: int, price: float, last: float) -> Taken:
        """A number that is not above the last one: a tick that came before, or the last number was the wrong one."""
        repeats = state.known is not None and sequence <= state.known
        if not self._outvoted(state, ts_event, price, repeats):
            raise Refused("duplicate", f"expected a sequence number above {state.sequence}, was {sequence}")
        if ts_event < state.clock - self._tolerance:
            return self._break(state, ts_event, sequence, "set_back")
        if abs(price - last) > self._max_jump * last:
            return self._break(state, max(ts_event, state.clock), sequence, "price")
        # At the symbol's own time only the numbers were wrong: they begin anew, and the clock goes on.
        state.sequence, state.known, state.counted, state.taken = sequence, None, None, 0
        state.rivals = 0
        return GOES_ON

    def _count(self, state: AdmissionState, sequence: int) -> None:
        state.sequence = sequence
        state.taken += 1
        if state.taken >= self._resync_after:
            state.known, state.counted, state.taken = state.counted, sequence, 0

    def _outvoted(self, state: AdmissionState, ts_event: int, price: float, repeats: bool = False) -> bool:
        near = abs(price - state.rival_price) <= self._max_jump * state.rival_price
        if state.rivals and near and ts_event >= state.rival_clock:
            state.rivals += 1
            state.apart = max(state.apart, ts_event - state.rival_clock)
            state.repeats = state.repeats or repeats
        else:
            state.rivals, state.apart, state.repeats = 1, 0, repeats
        state.rival_clock = ts_event
        state.rival_price = price
        return state.rivals >= (self._resync_after * REPEATS if state.repeats else self._resync_after)

    def _break(self, state: AdmissionState, ts_event: int, sequence: int | None, reason: BreakReason) -> BreakReason:
        state.clock = ts_event
        state.sequence, state.known, state.counted, state.taken = sequence, None, None, 0
        state.refused, state.rivals = state.rivals - 1, 0
        state.generation += 1
        return reason
