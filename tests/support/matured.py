"""An outcome of which a test says only what it is about."""

from typing import Any

from msgspec.structs import replace

from schemas.outcomes import ArmOutcome, OutcomeMatured

PLAIN = OutcomeMatured("", "", "X", 1, 0, 1, 100.0, 100.0, 0.0, 1, "calm-range", (), {}, "", {})


def matured(number: int, ts_event: int, horizon_ns: int = 1, partition: int = 0, **fields: Any) -> OutcomeMatured:
    """What became of the prediction on the tick at an offset, at `ts_event`, ns; all other fields are plain ones."""
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
    """Arms by name, version and net return, bps; the live one first."""
    return tuple(ArmOutcome(name, version, "flat", 0.6, 0.1, net, net) for name, version, net in arms)
