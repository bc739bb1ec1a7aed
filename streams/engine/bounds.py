"""Types of numbers with bounds, shared by many parameters; NaN and infinity are outside the bounds of every type."""

from typing import Annotated

from msgspec import Meta

MOST = 1_000_000_000
"""Largest count of labels, quotes, pairs or anything else."""

MOST_KEPT = 10_000
"""Largest number of values that a state keeps one by one, as they are in every snapshot."""

Count = Annotated[int, Meta(ge=1, le=MOST)]
"""A count of at least 1."""

CountOrNone = Annotated[int, Meta(ge=0, le=MOST)]
"""A count of at least 0."""

Kept = Annotated[int, Meta(ge=1, le=MOST_KEPT)]
"""Number of values that are kept one by one."""

Duration = Annotated[int, Meta(ge=0, lt=2**62)]
"""Duration of event time, ns, up to 146 years."""

Positive = Annotated[float, Meta(gt=0.0, le=1e9)]
"""A number above 0."""

NotNegative = Annotated[float, Meta(ge=0.0, le=1e9)]
"""A number of at least 0."""

Signed = Annotated[float, Meta(ge=-1_000.0, le=1_000.0)]
"""Log-odds, or a factor on them; beyond some dozens probabilities no longer change."""
