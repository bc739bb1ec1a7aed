"""Finds the version that predicts a symbol now: the one that its newest prediction names."""

from contextlib import aclosing

from msgspec import Struct

from agents.clients.reader import Received, read_blocks
from agents.config.settings import Settings
from schemas.codec import decoder
from schemas.errors import Refused
from schemas.limits import EventTime, Name, Symbol, TickId
from schemas.topics import PREDICTIONS

LOOKED_AT = (2_000, 20_000)
"""Numbers of newest predictions of each partition that are searched for a symbol, in turn."""


class Predicting(Struct, frozen=True):
    """The fields of a symbol's newest prediction that say which version made it.

    Attributes:
        id: of the tick that it answers.
        symbol: of it.
        ts_event: event time of it, ns.
        model_version: that made it.
    """

    id: TickId
    symbol: Symbol
    ts_event: EventTime
    model_version: Name


_decode = decoder(Predicting)


async def predicting(settings: Settings, bootstrap: str, symbol: str | None = None) -> dict[str, Predicting]:
    """The newest prediction of one symbol or of all, by symbol; without symbols that have been quiet for long.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
    """
    found: dict[str, Predicting] = {}
    for newest in LOOKED_AT if symbol else LOOKED_AT[:1]:
        found = await _newest(settings, bootstrap, symbol, newest)
        if found:
            break
    return found


async def _newest(settings: Settings, bootstrap: str, symbol: str | None, newest: int) -> dict[str, Predicting]:
    last: dict[bytes, Received] = {}
    topic = settings.topic(PREDICTIONS.name)
    async with aclosing(read_blocks(bootstrap, topic, start=-newest, each=True, until_end=True)) as blocks:
        async for block in blocks:
            for record in block:
                key = record.key or b""
                before = last.get(key)
                # A symbol may have moved between partitions; only within one is the order that of the log.
                if before is None or record.timestamp_ms >= before.timestamp_ms:
                    last[key] = record
    wanted = last.values() if symbol is None else [last[key] for key in (symbol.encode(),) if key in last]
    found = {}
    for record in wanted:
        try:
            made = _decode(record.value)
        except Refused:  # nothing that a worker wrote
            continue
        found[made.symbol] = made
    return found
