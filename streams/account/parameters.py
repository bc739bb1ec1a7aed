"""Terms of the paper account."""

from hashlib import sha256
from typing import Annotated

from msgspec import Meta, Struct, json

from streams.engine.bounds import Positive


class AccountParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How predictions become positions, and how often they are valued on the topic.

    Attributes:
        least_change: smaller changes of the position are not traded, and smaller positions not opened; fraction of
            capital.
        closing_confidence: a prediction of the other side that is this sure ends a position before its time, whether or
            not it asks for a position itself.
        mark_every_ns: longest time between two records of a symbol with predictions, ns of event time.
        drawdown_step_bps: a drawdown that is deeper by this much than any record shows is written at once.
    """

    least_change: Annotated[float, Meta(ge=0.0, le=1e6)] = 0.001
    closing_confidence: Annotated[float, Meta(ge=0.5, le=1.0)] = 0.55
    mark_every_ns: Annotated[int, Meta(ge=1, lt=2**62)] = 60_000_000_000
    drawdown_step_bps: Positive = 1.0

    def digest(self) -> str:
        """SHA-256 over all parameters, 64 hex digits: equal parameters, equal digest, in every process."""
        return sha256(json.encode(self)).hexdigest()
