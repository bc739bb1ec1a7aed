"""Makes records of breaks: abrupt changes of a symbol's event time or price that were accepted as real."""

from msgspec import UNSET

from schemas.breaks import BreakReason, ClockBroken
from streams.market.tick_order import JUMPED, AdmissionState


def clock_broken(
    admission: AdmissionState, symbol: str, before: int, record_id: str, reason: BreakReason, dropped: int
) -> ClockBroken:
    """Return the record of a break that was accepted at the present tick.

    Args:
        admission: time and sequence number of the ticks so far, the present one included.
        symbol: name of the symbol.
        before: event time of the symbol before the tick, ns.
        record_id: id of the tick.
        reason: kind of the break.
        dropped: number of predictions that are never scored because of it.
    """
    now, generation = admission.clock, admission.generation
    if reason == JUMPED:
        sentence = f"{symbol}: its price jumped by more than max_jump; what was predicted before is scored with it"
    else:
        sentence = (
            f"{symbol}: its clock went from {before} to {now} ({reason}); generation {generation} begins, "
            f"{dropped} predictions stay unscored"
        )
    return ClockBroken(
        id=f"{record_id}:0",
        symbol=symbol,
        ts_event=now,
        before=before,
        generation=generation,
        reason=reason,
        refused=admission.refused,
        dropped=dropped,
        sentence=sentence,
        jumps=admission.jumps or UNSET,
    )
