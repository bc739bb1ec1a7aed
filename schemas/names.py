"""Names that records agree on: of arms, of the model among the experts, of the version that a symbol begins with."""

from hashlib import sha256
from typing import Final

LIVE: Final = "live"
"""Name of the arm whose opinions become predictions: the champion."""

MODEL: Final = "signed_logistic"
"""Name of an arm's own model among its experts."""

BUILTIN: Final = "builtin"
"""Name in directives of the version that a symbol begins with, whatever that version is called."""

CANDIDATE: Final = "candidate-"
"""Arms of this name were made by a retrain: tested against the live one, watched once live, without being declared."""


def candidate_arm(job: str, state: str) -> str:
    """Name of the arm that a model runs under until it is live; a stored one that comes again has another.

    Args:
        job: id of the retrain job.
        state: SHA-256 of the model's state, 64 hex digits.

    >>> candidate_arm("retrain-ticks:3:1097:0", "c1e8bd02bd57a46f")
    'candidate-3b3025f2095d'
    """
    return f"{CANDIDATE}{sha256(f'{job}|{state}'.encode()).hexdigest()[:12]}"
