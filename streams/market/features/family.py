"""Protocol of families of features: rolling numbers that are computed together from one state."""

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from streams.market.features.moment import Moment

__all__ = ["Family", "Feature", "Moment", "NoState"]


class Feature(Struct, frozen=True):
    """Description of one feature, a number of the vector.

    Attributes:
        name: unique among all features.
        unit: `bps`, `sigma`, or a range such as `-1..1` if it has no unit.
        signed: whether it flips when the market is mirrored; only such features can enter the direction model.
        formula: in one line.
        source: where the formula comes from: author, year, equation.
        scale_free: whether it stays the same when all prices, or all sizes, are multiplied by a constant.
    """

    name: str
    unit: str
    signed: bool
    formula: str
    source: str = ""
    scale_free: bool = True


class NoState(Struct, array_like=True):
    """State of a family that needs none."""


class Family(Protocol):
    """Numbers of one symbol that are computed together, in constant time, from a bounded state.

    A family whose features look at trades has a method `trade(state, now)` too: it takes each trade in and answers
    like `advance`. While there was no quote the price of a trade is the reference price: `advance` follows `trade`.

    """

    @property
    def features(self) -> tuple[Feature, ...]:
        """Descriptions of the features, in the order of the values."""
        ...

    @property
    def state(self) -> type[Any]:
        """Type of the state, a `msgspec.Struct` or a dataclass: only what is in it survives a restart."""
        ...

    def start(self, mid: float) -> Any:
        """State of a symbol whose reference price has always been `mid`."""
        ...

    def advance(self, state: Any, now: Moment) -> Sequence[float]:
        """Take the next reference price; return one finite number for each of `features`."""
        ...
