"""What a regime detector is: an operator that names the regime as of each quote and says how sure it is."""

from collections.abc import Sequence
from typing import Any, Protocol

from streams.market.regime.labels import Regime


class Detector(Protocol):
    """Advances a state of its own kind; the detector itself holds nothing but parameters."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the features that it looks at; they are computed because of it."""
        ...

    @property
    def state(self) -> type[Any]:
        """Type of its state, a `Struct` or a dataclass of bounded size: only what stands in it survives a restart."""
        ...

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
