"""Protocol of regime detectors, which tell the regime and its probability at each quote."""

from collections.abc import Sequence
from typing import Any, Protocol

from streams.market.regime.labels import Regime


class Detector(Protocol):
    """A regime detector: tells at each quote whether the market is calm or volatile, and ranging or trending.

    The detector itself holds only parameters. What it learns about a symbol is in a separate state object.
    """

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the features that `advance` takes, in that order; features named here are computed."""
        ...

    @property
    def state(self) -> type[Any]:
        """Type of a state, a `Struct` or a dataclass of bounded size; only what a state holds survives restarts."""
        ...

    def start(self) -> Any:
        """Return the state before the first quote."""
        ...

    def current(self, state: Any) -> tuple[Regime, float]:
        """Return the present regime and its probability, 0 to 1, without changing the state."""
        ...

    def advance(self, state: Any, features: Sequence[float]) -> tuple[Regime, float]:
        """Take one quote into the state; return the regime from now on and its probability, 0 to 1.

        Args:
            state: the symbol's state, which is changed.
            features: values of the features that `needs` names, in that order, as of this quote.
        """
        ...
