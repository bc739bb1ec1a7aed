"""What can be told about a tick by what came before it: late, repeated or absurdly far away; and when to give in."""

from dataclasses import dataclass

from schemas.errors import Refused
from streams.parameters import AdmissionParameters


@dataclass
class AdmissionState:
    """What a symbol's next tick is compared with.

    Attributes:
        clock: event time of the symbol, ns: the latest that was taken; 0 before the first tick.
        sequence: the venue's number of the last tick that had one.
        rivals: ticks refused in a row that agree with one another.
        rival_clock: event time of the last of them, ns.
        rival_price: price of the last of them, quote currency.
    """

    clock: int = 0
    sequence: int | None = None
    rivals: int = 0
    rival_clock: int = 0
    rival_price: float = 0.0


class Admission:
    """Keeps a symbol's clock and refuses what does not fit.

    One tick with a wrong date must not make every honest one late for ever, nor a true shift of the price be refused
    for ever: when `resync_after` refused ticks in a row are in order and near one another, the newcomer is believed.

    >>> admission, state = Admission(AdmissionParameters(resync_after=2)), AdmissionState()
    >>> admission.admit(state, ts_event=9_000, sequence=None, price=100.0, last=0.0)
    True
    >>> admission.admit(state, ts_event=50, sequence=None, price=100.0, last=100.0)
    Traceback (most recent call last):
    ...
    schemas.errors.Refused: late: expected ts_event from 9000 on, was 50
    >>> admission.admit(state, ts_event=51, sequence=None, price=100.0, last=100.0), state.clock
    (False, 51)
    """

    def __init__(self, parameters: AdmissionParameters) -> None:
        self._tolerance = parameters.late_tolerance_ns
        self._max_jump = parameters.max_jump
        self._resync_after = parameters.resync_after

    def admit(self, state: AdmissionState, ts_event: int, sequence: int | None, price: float, last: float) -> bool:
        """Take a tick and move the clock.

        Args:
            state: of the tick's symbol.
            ts_event: its event time, ns.
            sequence: the venue's number of it, if there is one.
            price: mid of the quote, or price of the trade.
            last: reference price before it, 0 when there is none.

        Returns:
            Whether it goes on from what came before; if not, the symbol starts anew with it.

        Raises:
            Refused: `duplicate`, `late` or `absurd_jump`; only the count of rivals has moved.
        """
        clock = state.clock
        if ts_event <= clock:
            if sequence is not None and state.sequence is not None and sequence <= state.sequence:
                raise Refused("duplicate", f"expected a sequence number above {state.sequence}, was {sequence}")
            if ts_event < clock - self._tolerance:
                if self._outvoted(state, ts_event, price):
                    return self._start_anew(state, ts_event, sequence)
                raise Refused("late", f"expected ts_event from {clock - self._tolerance} on, was {ts_event}")
            ts_event = clock
        if last > 0.0 and abs(price - last) > self._max_jump * last:
            if self._outvoted(state, ts_event, price):
                return self._start_anew(state, ts_event, sequence)
            raise Refused("absurd_jump", f"expected a price within {self._max_jump:.0%} of {last}, was {price}")
        state.clock = ts_event
        if sequence is not None:
            state.sequence = sequence
        state.rivals = 0
        return True

    def _outvoted(self, state: AdmissionState, ts_event: int, price: float) -> bool:
        near = abs(price - state.rival_price) <= self._max_jump * state.rival_price
        state.rivals = state.rivals + 1 if state.rivals and near and ts_event >= state.rival_clock else 1
        state.rival_clock = ts_event
        state.rival_price = price
        return state.rivals >= self._resync_after

    def _start_anew(self, state: AdmissionState, ts_event: int, sequence: int | None) -> bool:
        state.clock = ts_event
        state.sequence = sequence
        state.rivals = 0
        return False
