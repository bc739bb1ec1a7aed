"""Protocol of regime detectors, which give the regime and its probability at each quote."""

from collections.abc import Sequence
from typing import Any, Protocol

from streams.market.regime.labels import Regime


class Detector(Protocol):
    """Advances a state of its own kind; the detector itself holds nothing but parameters."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the features that it needs, which are then computed."""
        ...

    @property
    def state(self) -> type[Any]:
        """Type of its state, a `Struct` or a dataclass of bounded size: only what is in it survives a restart."""
        ...

    def start(self) -> Any:
        """State before the first quote."""
        ...

    def current(self, state: Any) -> tuple[Regime, float]:
        """The present regime and its probability."""
        ...

    def advance(self, state: Any, features: Sequence[float]) -> tuple[Regime, float]:
        """Take the next quote, return what `current` would.

        Args:
            state: moved on in place.
            features: values of `needs` as of this quote, in that order.
        """
        ...
