"""What a model version is, in 64 hex digits, and how its arm is called while it is tested."""

from hashlib import sha256 as _sha256

from schemas.codec import encode
from schemas.models import ModelState


def state_sha256(state: ModelState) -> str:
    """SHA-256 of the canonical state: its JSON, fields in declared order, shortest digits of each double.

    >>> from schemas.models import SignedLogisticState
    >>> state_sha256(ModelState("v1", SignedLogisticState(("a",), (0.5,), (1.0,), 10)))[:16]
    'c1e8bd02bd57a46f'
    """
    return _sha256(encode(state)).hexdigest()


CANDIDATE = "candidate-"
"""Arms of this name are tested against the live one, and watched once they are live, without being declared."""


def candidate_arm(job: str, sha256: str) -> str:
    """Name of the arm that a model runs under until it is live; a stored one that comes again has another.

    >>> candidate_arm("retrain-ticks:3:1097:0", "c1e8bd02bd57a46f")
    'candidate-3b3025f2095d'
    """
    return f"{CANDIDATE}{_sha256(f'{job}|{sha256}'.encode()).hexdigest()[:12]}"
