"""Makes records of the failures of components, of those that a person should know of."""

from msgspec import UNSET

from schemas.faults import ComponentFailed
from schemas.limits import LONGEST_CAUSE, LONGEST_NAME, cut
from streams.engine.faults import FAILED, Fault, Faults, count

TOLD = frozenset(10**power for power in range(16))
"""Counts of failures of which there is a record; what fails at every tick would otherwise write as many records."""


def fault_records(
    faults: Faults, failures: dict[str, int], symbol: str, ts_event: int, record_id: str, index: int
) -> list[ComponentFailed]:
    """Take out what was noted at one tick; return records of first failures of a component, tenth ones, and so on.

    Args:
        faults: failures of the components of the symbol; `noted` is unset afterwards.
        failures: number of failures by component, to which those at the tick are added.
        symbol: symbol of the tick.
        ts_event: event time of the tick, ns.
        record_id: id of the tick.
        index: number of records that follow from the tick already; the ids go on from it.

    >>> faults = Faults({"strategy rumour": 9})
    >>> faults.note("strategy rumour", "KeyError", "one half in its place")
    >>> [each.sentence for each in fault_records(faults, {}, "X", 5, "ticks:0:9", 0)]
    ['strategy rumour failed for the 10th time (KeyError): one half in its place; next told: the 100th time']
    """
    noted = faults.noted or []
    faults.noted = UNSET
    records: list[ComponentFailed] = []
    for each in noted:
        count(failures, each.component)
        if each.effect and each.number in TOLD:
            owner = each.owner
            records.append(
                ComponentFailed(
                    id=f"{record_id}:{index + len(records)}",
                    symbol=symbol,
                    ts_event=ts_event,
                    arm="" if owner is None else owner.name,
                    version="" if owner is None else owner.version,
                    component=cut(each.component, LONGEST_NAME),
                    effect=each.effect,
                    count=each.number,
                    size_bytes=each.size,
                    problem=cut(each.problem, LONGEST_CAUSE),
                    sentence=cut(_sentence(each)),
                )
            )
    return records


def _sentence(fault: Fault) -> str:
    who = fault.component if fault.owner is None else f"{fault.component} of {fault.owner.version}"
    after = f"; next told: the {10 * fault.number}th time"
    if fault.effect != FAILED:
        return f"{who} {fault.fallback}" + (after if fault.effect == "restarted" else "")
    times = f" for the {fault.number}th time" if fault.number > 1 else ""
    return f"{who} failed{times} ({fault.problem}): {fault.fallback}{after}"
