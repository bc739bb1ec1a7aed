"""Protocol of a family: a group of features that are computed together from one state."""

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from streams.market.features.moment import Moment

__all__ = ["Family", "Feature", "Moment", "NoState"]


class Feature(Struct, frozen=True):
    """Description of one feature, which is a number computed from the last quotes and trades.

    Attributes:
        name: unique among all features.
        unit: `bps`, `sigma` (standard deviations), or a range such as `-1..1` for a number without a unit.
        signed: whether the value changes its sign in a mirrored market, where rises are falls and bids are asks. The
            model that predicts the direction of the price takes only signed features.
        formula: how the value is computed, in one line.
        source: where the formula comes from: author, year, equation.
        scale_free: whether the value stays the same when all prices, or all sizes, are multiplied by a constant.
    """

    name: str
    unit: str
    signed: bool
    formula: str
    source: str = ""
    scale_free: bool = True


class NoState(Struct, array_like=True):
    """Empty state, for a family that computes its features from the last tick alone."""


class Family(Protocol):
    """A group of features of one symbol that are computed together, in constant time, from a state of bounded size.

    A family whose features depend on trades also has a method `trade(state, now)`. This method is called at every trade
    and returns the values of the features, as `advance` does. If there is no valid quote, the price of the trade also
    becomes the reference price, and `advance` is called after `trade`. A family whose state grows after `start` also
    has a method `fullest(mid)`, which returns a state that takes as many bytes as any can.

    A built-in family can compute its features over any window. Its class then has an attribute `windows`, the lengths
    that are usual, and its `features` have `{window}` in their names and formulas. Its instances are made for the
    windows that components need: a strategy that needs `return_500ms` gets it because it says so.
    """

    @property
    def features(self) -> tuple[Feature, ...]:
        """Descriptions of the features, in the order in which `advance` returns their values."""
        ...

    @property
    def state(self) -> type[Any]:
        """Type of the family's state, a `msgspec.Struct` or a dataclass; only what a state holds survives restarts."""
        ...

    def start(self, mid: float) -> Any:
        """Return the family's state before the first tick of a symbol.

        Args:
            mid: the first reference price (mid of a quote, or price of a trade), quote currency. The state must be as
                if the reference price had always been `mid`.
        """
        ...

    def advance(self, state: Any, now: Moment) -> Sequence[float]:
        """Update the state by a new reference price; return a finite number for each of `features`, in that order.

        Args:
            state: the family's state for one symbol, which is changed.
            now: the market as of this tick. `now.mid` is the reference price: the mid, or the last trade's price if
                there is no valid quote.
        """
        ...
