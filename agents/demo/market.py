"""The ticks that a demo publishes: real ones from files, or those of a synthetic market with some broken ones added."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from msgspec import Struct

from agents.demo.plan import DemoPlan
from schemas.errors import ConfigurationError
from schemas.positions import root_id
from schemas.topics import TICKS
from streams.engine.feed import Feed, RawTick
from streams.engine.partitioner import partition_of
from streams.sources.bad_ticks import with_bad_ticks
from streams.sources.files import TickFile, merged
from streams.sources.synthetic import SYMBOLS, synthetic_market

SPOILT = 0.01
"""Share of the synthetic ticks that a broken one follows."""


class Market(Struct, frozen=True):
    """The ticks that a demo publishes.

    Attributes:
        title: description of the market, for people.
        synthetic: True for a synthetic market, False for ticks from files.
        feed: the ticks in order, broken ones included.
        seconds: event time from the first to the last tick, seconds.
    """

    title: str
    synthetic: bool
    feed: list[Feed]
    seconds: float


def market_of(plan: DemoPlan) -> Market:
    """The ticks that `plan` asks for.

    Broken ticks are inserted at random into a synthetic market, and `plan.count` does not include
    them. In the example there are six of them.

    >>> market = market_of(DemoPlan(count=500, seed=3))
    >>> len(market.feed), round(market.seconds, 2)
    (506, 1.31)

    Raises:
        ConfigurationError: the files hold no ticks.
    """
    if plan.files:
        title = "ticks of " + ", ".join(Path(name).name for name in plan.files)
        feed = list(_within(islice(merged(map(TickFile, plan.files)), plan.most), plan.seconds))
    else:
        title = f"a synthetic market of {len(SYMBOLS)} symbols, seed {plan.seed}"
        good = synthetic_market(plan.seed, ticks=plan.most, seconds=plan.seconds)
        feed = list(with_bad_ticks(good, SPOILT, plan.seed))
    times = [tick.ts_event for tick in feed if not isinstance(tick, RawTick)]
    if not times:
        raise ConfigurationError(f"expected ticks in {title}, found none; fix: another file, or a longer time")
    return Market(title, not plan.files, feed, (max(times) - min(times)) / 1e9)


def _within(ticks: Iterable[Feed], seconds: float | None) -> Iterator[Feed]:
    """Ticks whose event time is less than `seconds` after that of the first one; None takes all."""
    end: float | None = None
    for tick in ticks:
        if tick.ts_event is not None and seconds is not None:
            end = tick.ts_event + seconds * 1e9 if end is None else end
            if tick.ts_event >= end:
                return
        yield tick


def ids_of_broken(feed: Iterable[Feed], partitions: int) -> set[str]:
    """Ids that the broken ticks of `feed` get on the topic `ticks`, if nothing else is ever published there.

    An id names the partition and the offset of the tick.

    Args:
        feed: all ticks in order.
        partitions: number of partitions of the topic.
    """
    offsets = [0] * partitions
    ids = set()
    for tick in feed:
        partition = partition_of(tick.symbol, partitions)
        if isinstance(tick, RawTick):
            ids.add(root_id(TICKS.name, partition, offsets[partition]))
        offsets[partition] += 1
    return ids
