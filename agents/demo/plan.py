"""What to show: the choices of somebody who starts the demo."""

from typing import Annotated

from msgspec import Meta, Struct

DEFAULT_RATE = 2_500.0
DEFAULT_RUN_S = 30.0
MOST_TICKS = 1_000_000
"""The proof at the end holds the whole run in memory."""


class DemoPlan(Struct, frozen=True, kw_only=True):
    """One demo.

    Attributes:
        files: real ticks to play; empty: a synthetic market.
        count: most ticks to publish, without broken ones; None: what `DEFAULT_RUN_S` at this rate takes, unless
            `seconds` says something else.
        seconds: of market time to play.
        seed: of the synthetic market.
        rate: ticks a second.
        kill: whether a worker is killed half-way.
    """

    files: tuple[str, ...] = ()
    count: Annotated[int, Meta(ge=1, le=MOST_TICKS)] | None = None
    seconds: float | None = None
    seed: int = 0
    rate: float = DEFAULT_RATE
    kill: bool = True

    @property
    def most(self) -> int:
        """Most ticks to publish.

        >>> DemoPlan(rate=100.0).most, DemoPlan(count=7).most, DemoPlan(seconds=2.0).most
        (3000, 7, 1000000)
        """
        if self.count is not None:
            return self.count
        return MOST_TICKS if self.seconds is not None else round(self.rate * DEFAULT_RUN_S)
