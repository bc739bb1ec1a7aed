"""Reserved names of arms, models and versions, with functions that make and recognise such names.

An arm is one of the variants of the pipeline that run side by side on a symbol. A record in the log of
ticks says which arm it is about, but not of what kind the arm is. The kind shows in the name: some
names, and all names with certain beginnings, are reserved for one kind each.
"""

import re
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

_BUILTIN_VERSION = re.compile(f"{BUILTIN}-[0-9a-f]{{8}}")


def candidate_arm(job: str, state: str) -> str:
    """Name of the arm (running variant of the pipeline) in which a retrained model is tested.

    The same model from another job gets another name.

    Args:
        job: id of the retrain job.
        state: SHA-256 of the model's state, 64 hex digits.

    >>> candidate_arm(job="retrain-ticks:3:1097:0", state="c1e8bd02bd57a46f")
    'candidate-3b3025f2095d'
    """
    return f"{CANDIDATE}{sha256(f'{job}|{state}'.encode()).hexdigest()[:12]}"


def is_candidate(arm: str) -> bool:
    """Whether an arm (running variant of the pipeline) tests a retrained model: its name begins with `candidate-`.

    >>> is_candidate("candidate-3b3025f2095d"), is_candidate("bold")
    (True, False)
    """
    return arm.startswith(CANDIDATE)


def builtin_version(made_with: str) -> str:
    """Name of the model version with which a symbol begins.

    Args:
        made_with: digest of the symbol's parameters, hex; the first 8 digits become part of the name.

    >>> builtin_version("1f2e3d4c5b6a7988")
    'builtin-1f2e3d4c'
    """
    return f"{BUILTIN}-{made_with[:8]}"


def is_builtin(version: str) -> bool:
    """Whether a name is that of a model version with which a symbol begins.

    Such a version is called `builtin`, or `builtin-` and 8 hex digits, which depend on the symbol's parameters.

    >>> [is_builtin(each) for each in ("builtin-1f2e3d4c", "builtin", "builtin-mine-2", "BTCUSDT-4f04804a6dcc")]
    [True, True, False, False]
    """
    return version == BUILTIN or _BUILTIN_VERSION.fullmatch(version) is not None


def arms_version(arm: str, number: int) -> str:
    """Name of an arm's model version, if the arm was started without a model and without a version name.

    Args:
        arm: name of the arm (running variant of the pipeline).
        number: number that tells versions of this arm apart.

    >>> arms_version("bold", number=3)
    'bold-3'
    """
    return f"{arm}-{number}"


def is_arms_version(version: str, arm: str) -> bool:
    """Whether a version's name has the form that `arms_version` gives: `arm`, a hyphen and a number.

    >>> [is_arms_version(each, "bold") for each in ("bold-3", "bold-er-3", "bold-", "bolder-3")]
    [True, False, False, False]
    """
    made_of, dash, number = version.rpartition("-")
    return made_of == arm and dash == "-" and number.isascii() and number.isdigit()
