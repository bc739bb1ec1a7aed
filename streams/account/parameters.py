"""Parameters of the paper (simulated) account."""

from hashlib import sha256
from typing import Annotated

from msgspec import Meta, Struct, json

from streams.engine.bounds import Positive


class AccountParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters that decide when the paper (simulated) account trades, and how often its state is recorded.

    Attributes:
        least_change: smallest change of a position that is traded, and smallest position that is opened; fraction of
            capital.
        closing_confidence: confidence (0.5 to 1) at which a prediction of the opposite direction closes a position at
            once, even if the prediction itself asks for no position.
        mark_every_ns: if the last record is at least this old, ns of event time, the next prediction leads to a record.
        drawdown_step_bps: a record is written at once when the drawdown is deeper than any recorded one by this much,
            bps of capital.
    """

    least_change: Annotated[float, Meta(ge=0.0, le=1e6)] = 0.001
    closing_confidence: Annotated[float, Meta(ge=0.5, le=1.0)] = 0.55
    mark_every_ns: Annotated[int, Meta(ge=1, lt=2**62)] = 60_000_000_000
    drawdown_step_bps: Positive = 1.0

    def digest(self) -> str:
        """SHA-256 of all parameters, 64 hex digits; equal parameters have the same digest in every process."""
        return sha256(json.encode(self)).hexdigest()
