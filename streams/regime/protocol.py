"""What a regime detector is: an operator that names the regime as of each quote and says how sure it is."""

from collections.abc import Sequence
from typing import Any, Protocol

from streams.regime.labels import Regime


class Detector(Protocol):
    """Advances a state of its own kind; the detector itself holds nothing but parameters.

    Attributes:
        needs: names of the features that it looks at; they are computed because of it.
        state: type of its state: a `msgspec.Struct` that MessagePack gives back bit for bit, of bounded size.
    """

    needs: tuple[str, ...]
    state: type

    def start(self) -> Any:
        """State of a market that was never seen."""
        ...

    def current(self, state: Any) -> tuple[Regime, float]:
        """The regime as it stands, and the probability that it is this one."""
        ...

    def advance(self, state: Any, features: Sequence[float]) -> tuple[Regime, float]:
        """Take the next quote, return what `current` would.

        Args:
            state: moved on in place.
            features: values of `needs` as of this quote, in that order.
        """
        ...
