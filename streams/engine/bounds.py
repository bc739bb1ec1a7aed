"""Bounds that many parameters share: wide enough for any meaning that they have, and never NaN or infinity."""

from typing import Annotated

from msgspec import Meta

MOST = 1_000_000_000
"""Of anything that is counted, one by one or in labels, quotes, pairs."""

MOST_KEPT = 10_000
"""Of values that a state keeps one by one: they are in every snapshot."""

Count = Annotated[int, Meta(ge=1, le=MOST)]
"""How many there are, at least one."""

CountOrNone = Annotated[int, Meta(ge=0, le=MOST)]
"""How many there are, 0 where that means something."""

Kept = Annotated[int, Meta(ge=1, le=MOST_KEPT)]
"""How many values are kept one by one."""

Duration = Annotated[int, Meta(ge=0, lt=2**62)]
"""Event time, ns: up to 146 years."""

Positive = Annotated[float, Meta(gt=0.0, le=1e9)]
"""A size of something, above 0."""

NotNegative = Annotated[float, Meta(ge=0.0, le=1e9)]
"""A size of something, or 0."""

Signed = Annotated[float, Meta(ge=-1_000.0, le=1_000.0)]
"""Log-odds, or a multiple of them: beyond some dozens nothing changes any more."""
