"""What a model version is, in 64 hex digits."""

from hashlib import sha256

from schemas.codec import encode
from schemas.models import ModelState


def state_sha256(state: ModelState) -> str:
    """SHA-256 of the canonical state: its JSON, fields in declared order, shortest digits of each double.

    >>> from schemas.models import SignedLogisticState
    >>> state_sha256(ModelState("v1", SignedLogisticState(("a",), (0.5,), (1.0,), 10)))[:16]
    'c1e8bd02bd57a46f'
    """
    return sha256(encode(state)).hexdigest()
