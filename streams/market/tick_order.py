"""Stateful checks of a tick against earlier ones: it is taken, refused, or begins a break of the clock or a jump."""

from dataclasses import dataclass, field
from typing import Final, Literal

from schemas.breaks import BreakReason
from schemas.errors import Refused
from schemas.ticks import Quote, Trade
from streams.market.parameters import AdmissionParameters

GOES_ON: Final = ""
"""The tick fits the ones before it."""

LARGEST_JUMP: Final = 1e4
"""Factor of a price change beyond which the price counts as being in another unit or of another instrument."""

JUMPED: Final = "price"
"""The price jumped, as the refused ticks before it showed."""

Taken = Literal["", "set_back", "ahead", "scale", "price"]
"""How a tick is taken: it fits the ones before, the clock breaks at it, or the price alone jumps."""

SPACINGS: Final = 2
"""Multiple of the spacing of an accepted row of refused ticks up to which later jumps in time are taken."""

HORIZONS: Final = 20
"""Horizons that a tick may be ahead of the last one, whatever `max_gap_ns`."""

REPEATS: Final = 50
"""Factor on `resync_after` for a row of refused ticks with repeats among them."""

REMEMBERED: Final = 64
"""Ticks that are kept of one packet, and of one row of refused ticks."""


@dataclass
class AdmissionState:
    """Clock and sequence number of a symbol, and the row of refused ticks (rivals) that agree with one another.

    Attributes:
        clock: event time of the symbol, ns: the latest that was taken; 0 before the first tick.
        sequence: the venue's number of the last tick that had one.
        rivals: number of ticks refused in a row that agree with one another.
        rival_clock: event time of the last of them, ns.
        rival_price: price of the last of them, quote currency.
        row: event time (ns) and price (quote currency) of the first `REMEMBERED` of them.
        generation: how often the clock has broken.
        jumps: how often the price has jumped.
        apart: widest distance between two rivals of the row, ns.
        spacing: the same of the last row that was accepted as a jump ahead in time, ns.
        known: sequence number of at least `resync_after` ticks ago: numbers at or below it are repeats.
        counted: the number that becomes `known` next.
        taken: ticks with a number since `counted` was noted.
        repeats: whether the row holds a tick that was seen before.
        refused: ticks that were refused before the last break or jump.
        latest: the last tick that had a number.
        packet: those before it with the same number and time, the last `REMEMBERED`.
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
    row: list[tuple[int, float]] = field(default_factory=list)
    jumps: int = 0
    latest: Quote | Trade | None = None
    packet: list[Quote | Trade] = field(default_factory=list)


class Admission:
    """Operator that keeps a symbol's clock and refuses ticks that contradict it, until enough of them agree.

    One tick with a wrong date, number or price does not move the clock, but a lasting shift is accepted: when
    `resync_after` refused ticks in a row are in order and near one another, the clock goes to them, back as well as
    ahead. Every refused tick counts, so no symbol is refused for ever. A row in which sequence numbers show repeats has
    to be `REPEATS` times as long, since a producer may send a long batch twice.

    Args:
        parameters: tolerances.
        horizon_ns: of the predictions, ns.

    >>> admission, state = Admission(AdmissionParameters(resync_after=2)), AdmissionState()
    >>> times = {at: Trade("X", at, price=100.0, size=1.0) for at in (9_000, 50, 51)}
    >>> admission.admit(state, times[9_000], price=100.0, last=0.0)
    ''
    >>> admission.admit(state, times[50], price=100.0, last=100.0)
    Traceback (most recent call last):
    ...
    schemas.errors.Refused: late: expected ts_event from 9000 on, was 50
    >>> admission.admit(state, times[51], price=100.0, last=100.0), state.clock, state.generation
    ('set_back', 51, 1)
    """

    def __init__(self, parameters: AdmissionParameters, horizon_ns: int = 0) -> None:
        self._tolerance = parameters.late_tolerance_ns
        self._max_jump = parameters.max_jump
        self._max_gap = max(parameters.max_gap_ns, HORIZONS * horizon_ns)
        self._resync_after = parameters.resync_after

    def admit(self, state: AdmissionState, tick: Quote | Trade, price: float, last: float) -> Taken:
        """Take a tick and move the clock.

        Args:
            state: of the tick's symbol.
            tick: to be taken.
            price: mid of the quote, or price of the trade.
            last: reference price before it, 0 when there is none.

        Returns:
            `GOES_ON`; or the reason of the break of the clock at it; or `price` for a jump.

        Raises:
            Refused: `duplicate`, `late`, `ahead` or `absurd_jump`; only the count of rivals has moved.
        """
        clock, ts_event, sequence = state.clock, tick.ts_event, tick.seq
        if ts_event <= clock:
            if (
                sequence is not None
                and state.sequence is not None
                and (sequence < state.sequence or (sequence == state.sequence and not self._is_next(state, tick)))
            ):
                return self._repeated(state, tick, sequence, price, last)
            if ts_event < clock - self._tolerance:
                if self._outvoted(state, ts_event, price):
                    return self._break(state, tick, "set_back")
                raise Refused("late", f"expected ts_event from {clock - self._tolerance} on, was {ts_event}")
            ts_event = clock
        elif clock and ts_event - clock > self._max_gap and ts_event - clock > SPACINGS * state.spacing:
            if self._outvoted(state, ts_event, price):
                state.spacing = state.apart
                return self._break(state, tick, "ahead")
            raise Refused("ahead", f"expected ts_event up to {clock + self._max_gap}, was {ts_event}")
        if last > 0.0 and abs(price - last) > self._max_jump * last:
            if self._outvoted(state, ts_event, price):
                return self._jump(state, tick, price, last)
            raise Refused("absurd_jump", f"expected a price within {self._max_jump:.0%} of {last}, was {price}")
        state.clock = ts_event
        if sequence is not None:
            self._count(state, tick, sequence)
        if state.rivals:
            state.rivals, state.row = 0, []
        return GOES_ON

    def _is_next(self, state: AdmissionState, tick: Quote | Trade) -> bool:
        """Whether a tick with the last sequence number is a new one of the same packet.

        Some venues number packets, not ticks: later ticks of a packet are newer.
        """
        latest = state.latest
        if latest is None or latest.ts_event != tick.ts_event or latest == tick or tick in state.packet:
            return False
        state.packet = [*state.packet[1 - REMEMBERED :], latest]
        return True

    def _repeated(self, state: AdmissionState, tick: Quote | Trade, sequence: int, price: float, last: float) -> Taken:
        """Take or refuse a tick whose sequence number is not above the last: a repeat, or the last number was wrong."""
        repeats = state.known is not None and sequence <= state.known
        if not self._outvoted(state, tick.ts_event, price, repeats):
            raise Refused("duplicate", f"expected a sequence number above {state.sequence}, was {sequence}")
        if tick.ts_event < state.clock - self._tolerance:
            return self._break(state, tick, "set_back")
        if abs(price - last) > self._max_jump * last:
            return self._jump(state, tick, price, last)
        # At the symbol's own time only the numbers were wrong: they begin anew, and the clock goes on.
        self._begin_numbers(state, tick)
        state.row = []
        return GOES_ON

    def _count(self, state: AdmissionState, tick: Quote | Trade, sequence: int) -> None:
        latest = state.latest
        if state.packet and latest is not None and (sequence != state.sequence or tick.ts_event != latest.ts_event):
            state.packet = []
        state.latest = tick
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
            state.rivals, state.apart, state.repeats, state.row = 1, 0, repeats, []
        state.rival_clock = ts_event
        state.rival_price = price
        if len(state.row) < REMEMBERED:
            state.row.append((ts_event, price))
        return state.rivals >= (self._resync_after * REPEATS if state.repeats else self._resync_after)

    def _break(self, state: AdmissionState, tick: Quote | Trade, reason: BreakReason) -> BreakReason:
        state.clock = max(state.clock, tick.ts_event) if reason == "scale" else tick.ts_event
        self._begin_numbers(state, tick)
        state.generation += 1
        return reason

    def _jump(self, state: AdmissionState, tick: Quote | Trade, price: float, last: float) -> BreakReason:
        """Take a jump of the price that the refused ticks agree on; a change of unit breaks the clock as well."""
        if max(price, last) > LARGEST_JUMP * min(price, last):
            return self._break(state, tick, "scale")
        state.clock = max(state.clock, tick.ts_event)
        self._begin_numbers(state, tick)
        state.jumps += 1
        return JUMPED

    def _begin_numbers(self, state: AdmissionState, tick: Quote | Trade) -> None:
        state.sequence, state.known, state.counted, state.taken = tick.seq, None, None, 0
        state.latest, state.packet = tick if tick.seq is not None else None, []
        state.refused, state.rivals = state.rivals - 1, 0
