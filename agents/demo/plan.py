"""The options of a demo, as its user chose them."""

from typing import Annotated

from msgspec import Meta, Struct

DEFAULT_RATE = 2_500.0
DEFAULT_RUN_S = 30.0
MOST_TICKS = 1_000_000
"""The proof at the end holds the whole run in memory."""


class DemoPlan(Struct, frozen=True, kw_only=True):
    """The options of one demo.

    Attributes:
        files: files of real ticks to publish; empty plays a synthetic market.
        count: largest number of ticks to publish, not counting broken ones. If `count` and `seconds`
            are both None, as many ticks are published as `rate` gives in 30 s.
        seconds: event time to play, seconds; None sets no limit. If `count` is given too, whichever
            limit is reached first ends the market; otherwise the second limit is a million ticks.
        seed: seed of the synthetic market.
        rate: ticks to publish per second.
        kill: whether to kill a worker half-way.
    """

    files: tuple[str, ...] = ()
    count: Annotated[int, Meta(ge=1, le=MOST_TICKS)] | None = None
    seconds: float | None = None
    seed: int = 0
    rate: float = DEFAULT_RATE
    kill: bool = True

    @property
    def most(self) -> int:
        """Largest number of ticks to publish, not counting broken ones.

        It is `count` if given. Otherwise it is a million if `seconds` limits the market, or else what
        `rate` gives in 30 s.

        >>> DemoPlan(rate=100.0).most, DemoPlan(count=7).most, DemoPlan(seconds=2.0).most
        (3000, 7, 1000000)
        """
        if self.count is not None:
            return self.count
        return MOST_TICKS if self.seconds is not None else round(self.rate * DEFAULT_RUN_S)
