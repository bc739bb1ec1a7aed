"""Reserved names: of arms, of the model among the experts, of the version that a symbol begins with."""

from hashlib import sha256
from typing import Final

LIVE: Final = "live"
"""Name of the arm whose opinions become predictions: the champion."""

MODEL: Final = "signed_logistic"
"""Name of an arm's own model among its experts."""

BUILTIN: Final = "builtin"
"""Name in directives of the version that a symbol begins with, whatever that version is called."""

CANDIDATE: Final = "candidate-"
"""Prefix of the arms of candidates: a retrain made them; they are tested and watched without a declaration."""


def candidate_arm(job: str, state: str) -> str:
    """Name of the arm of a candidate; another job gives the same model another name.

    Args:
        job: id of the retrain job.
        state: SHA-256 of the model's state, 64 hex digits.

    >>> candidate_arm("retrain-ticks:3:1097:0", "c1e8bd02bd57a46f")
    'candidate-3b3025f2095d'
    """
    return f"{CANDIDATE}{sha256(f'{job}|{state}'.encode()).hexdigest()[:12]}"
