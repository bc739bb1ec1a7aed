"""Checks of a tick against earlier ones of its symbol: time, sequence number and price.

A tick that contradicts the earlier ones is refused. When enough refused ticks agree with one another, their time and
price are accepted: the symbol has made an abrupt change.
"""

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
    """What the next tick of a symbol is compared with: time, sequence number, and a row of refused ticks.

    A row is made of refused ticks that agree with one another: each is not older than the tick before it in
    the row, and its price is close to that tick's price. When a row is long enough, its time and price are
    accepted. The change is called a break if the time or the unit of the price changes, and a jump if the
    price alone changes.

    A tick whose sequence number is `known` or lower is a repeat. So that `known` lies some ticks back, it
    takes the value of `counted` each time `resync_after` more ticks with a sequence number have been
    accepted; then `counted` takes the number of the last of them.

    Attributes:
        clock: latest accepted event time of the symbol, ns; 0 before the first tick.
        sequence: sequence number of the last tick that had one; None if there was none.
        rivals: number of ticks in the row.
        rival_clock: event time of the last tick in the row, ns.
        rival_price: price of the last tick in the row, quote currency.
        generation: number of breaks so far.
        apart: largest distance in time between two successive ticks in the row, ns.
        spacing: the value of `apart` in the last row that was accepted as a step ahead in time, ns.
        known: sequence number up to which ticks are repeats; None if not known yet.
        counted: sequence number that becomes `known` next; None if there is none yet.
        taken: number of ticks with a sequence number that were accepted since `counted` last changed.
        repeats: whether the sequence number of some tick in the row shows that the tick is a repeat.
        refused: number of refused ticks in the row with which the last break or jump was accepted.
        row: event time (ns) and price (quote currency) of the first 64 ticks in the row.
        jumps: number of jumps of the price so far.
        latest: last tick that had a sequence number; None if there was none.
        packet: earlier ticks with the same sequence number and time as `latest`, at most 64.
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
    """Accepts or refuses each tick of a symbol by comparing it with earlier ones, and keeps the symbol's time.

    A single tick with a wrong time, sequence number or price is refused. A lasting change is accepted: it
    takes `resync_after` successive ticks that contradict the earlier ones but agree with one another. The
    last of these ticks is accepted, those before it are refused. The symbol then goes on with their time
    and price, even if their time is earlier, so no symbol is refused for ever. If sequence numbers show
    that some of these ticks are repeats, 50 times as many are needed, because a producer may send a long
    batch twice.

    Args:
        parameters: tolerances.
        horizon_ns: how far ahead predictions look, ns; a step in time of 20 horizons is always accepted.

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
        """Accept or refuse a tick; if it is accepted, move the symbol's time to it.

        A tick that contradicts earlier ones is refused, unless it completes a row of `resync_after`
        such ticks that agree with one another. Then the tick is accepted, and with it the change of
        time or price that all ticks of the row show.

        Args:
            state: the symbol's state, which is changed. If the tick is refused, only its memory of
                refused ticks changes.
            tick: quote or trade that has passed the checks of a tick by itself.
            price: mid of the quote, or price of the trade, quote currency.
            last: reference price before this tick, quote currency; 0 if there is none.

        Returns:
            An empty string if the tick is accepted without such a change. Otherwise the change that was
            accepted: `set_back` if the tick's time is far before the symbol's time, `ahead` if it is
            far after; `scale` if the price changed by a factor above 10,000, as in another unit;
            `price` if the price jumped by less.

        Raises:
            Refused: the tick is refused, for the reason `duplicate` (sequence number not above the last
                one), `late` (time far before the symbol's), `ahead` (time far after; as long as the row
                is too short for the return value `ahead`) or `absurd_jump` (price far off).
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
        """Whether a tick with the last sequence number is a new tick of the same packet; if so, note it.

        Some venues number packets, not ticks: several ticks of one packet then have the same number.
        """
        latest = state.latest
        if latest is None or latest.ts_event != tick.ts_event or latest == tick or tick in state.packet:
            return False
        state.packet = [*state.packet[1 - REMEMBERED :], latest]
        return True

    def _repeated(self, state: AdmissionState, tick: Quote | Trade, sequence: int, price: float, last: float) -> Taken:
        """Accept or refuse a tick whose sequence number is not above the last one.

        Either the tick is a repeat, or the last number was wrong.
        """
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
        """Accept a jump of the price on which the refused ticks agree; a factor above 10,000 also breaks the time."""
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
