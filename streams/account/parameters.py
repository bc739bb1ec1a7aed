"""Parameters of the paper account."""

from hashlib import sha256
from typing import Annotated

from msgspec import Meta, Struct, json

from streams.engine.bounds import Positive


class AccountParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When positions are traded and closed, and how often the account is recorded.

    Attributes:
        least_change: smaller changes of the position are not traded, and smaller positions not opened; fraction of
            capital.
        closing_confidence: confidence from which on a prediction of the other side closes a position at once, even if
            it asks for none itself.
        mark_every_ns: longest time between two records of a symbol with predictions, ns of event time.
        drawdown_step_bps: a drawdown deeper by this much than any recorded one is recorded at once, bps of capital.
    """

    least_change: Annotated[float, Meta(ge=0.0, le=1e6)] = 0.001
    closing_confidence: Annotated[float, Meta(ge=0.5, le=1.0)] = 0.55
    mark_every_ns: Annotated[int, Meta(ge=1, lt=2**62)] = 60_000_000_000
    drawdown_step_bps: Positive = 1.0

    def digest(self) -> str:
        """SHA-256 over all parameters, 64 hex digits: equal parameters, equal digest, in every process."""
        return sha256(json.encode(self)).hexdigest()
