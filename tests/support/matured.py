"""Makes outcomes of which a test sets only the fields that matter to it."""

from typing import Any

from msgspec.structs import replace

from schemas.outcomes import ArmOutcome, OutcomeMatured

PLAIN = OutcomeMatured("", "", "X", 1, 0, 1, 100.0, 100.0, 0.0, 1, "calm-range", (), {}, "", {})


def matured(number: int, ts_event: int, horizon_ns: int = 1, partition: int = 0, **fields: Any) -> OutcomeMatured:
    """An outcome whose other fields have plain values.

    Args:
        number: offset of the tick whose prediction was scored.
        ts_event: event time of the outcome, ns.
        horizon_ns: how long before that the prediction was made, ns.
        partition: partition of the tick.
        fields: other fields of the record.
    """
    return replace(
        PLAIN,
        id=f"ticks:{partition}:{number + 1}:0",
        prediction_id=f"ticks:{partition}:{number}",
        ts_event=ts_event,
        ts_prediction=ts_event - horizon_ns,
        horizon_ns=horizon_ns,
        **fields,
    )


def earned(*arms: tuple[str, str, float]) -> tuple[ArmOutcome, ...]:
    """Results of the model versions in an outcome, from name, version and net return (bps); the live one first."""
    return tuple(ArmOutcome(name, version, "flat", 0.6, 0.1, net, net) for name, version, net in arms)
