"""Reads the last ticks of one symbol from the topic of ticks, backwards from its end, within a bound."""

from collections.abc import Callable

from aiokafka.errors import KafkaError
from msgspec import Struct

from agents.kafka import TopicPartition
from agents.kafka.committed_reads import opened
from schemas.codec import decoder
from schemas.errors import EnvironmentProblem, Refused
from schemas.ticks import Directive, Quote, Trade
from schemas.topics import TICKS

BLOCK = 10_000
"""Offsets that are read at once."""

MOST_LOOKED_AT = 5_000_000
"""Offsets that are looked at in all: a rare symbol shares its partition with busy ones."""

WAIT_MS = 3_000

_tick = decoder(TICKS.record)


class SymbolTicks(Struct, frozen=True):
    """The last ticks of a symbol that were found on its partition.

    Attributes:
        ticks: id and record of each quote or trade, in the order of the log.
        looked_at: number of offsets that were looked at.
        whole: whether the search ended at the oldest record of the partition.
    """

    ticks: list[tuple[str, Quote | Trade]]
    looked_at: int
    whole: bool


async def last_ticks(
    bootstrap: str,
    topic: str,
    partition: int,
    symbol: str,
    most: int,
    progress: Callable[[int], None] = lambda found: None,
) -> SymbolTicks:
    """Return the last `most` quotes and trades of a symbol, or as many as there are on its partition.

    At most `MOST_LOOKED_AT` (5,000,000) offsets are looked at.

    Args:
        bootstrap: address of the cluster.
        topic: name of the topic of ticks on the broker, prefix included.
        partition: number of the symbol's partition.
        symbol: symbol whose ticks are wanted.
        most: largest number of ticks to return.
        progress: called after each block with the number of ticks found so far.

    Raises:
        EnvironmentProblem: the topic cannot be read.
    """
    tp = TopicPartition(topic, partition)
    found: list[tuple[str, Quote | Trade]] = []  # newest first
    try:
        async with opened(bootstrap) as consumer:
            consumer.assign([tp])
            first, end = (await consumer.beginning_offsets([tp]))[tp], (await consumer.end_offsets([tp]))[tp]
            least, stop = max(first, end - MOST_LOOKED_AT), end
            while stop > least and len(found) < most:
                begin = max(least, stop - BLOCK)
                consumer.seek(tp, begin)
                block: list[tuple[str, Quote | Trade]] = []
                while await consumer.position(tp) < stop:
                    fetched = await consumer.getmany(tp, timeout_ms=WAIT_MS)
                    block.extend(
                        (f"{TICKS.name}:{partition}:{record.offset}", tick)
                        for record in fetched.get(tp, ())
                        if record.offset < stop and (tick := _of(symbol, record.value)) is not None
                    )
                found += reversed(block)
                stop = begin
                progress(min(len(found), most))
    except KafkaError as error:
        raise EnvironmentProblem(f"expected to read {topic} from {bootstrap}, got {error!r}") from error
    return SymbolTicks(found[:most][::-1], end - stop, stop <= first)


def _of(symbol: str, value: bytes | None) -> Quote | Trade | None:
    try:
        tick = _tick(value)
    except Refused:
        return None
    return None if tick.symbol != symbol or isinstance(tick, Directive) else tick
