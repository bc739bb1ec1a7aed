"""Finds which model version predicts a symbol at present: the version named in the symbol's newest prediction."""

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
    """The fields of a symbol's newest prediction that say which model version made it.

    Attributes:
        id: id of the prediction, equal to the id of its tick: `ticks:PARTITION:OFFSET`.
        symbol: instrument that is predicted.
        ts_event: event time of the tick, ns since 1970, UTC.
        model_version: name of the version that made the prediction.
    """

    id: TickId
    symbol: Symbol
    ts_event: EventTime
    model_version: Name


_decode = decoder(Predicting)


async def predicting(settings: Settings, bootstrap: str, symbol: str | None = None) -> dict[str, Predicting]:
    """Return the newest prediction of each symbol, by symbol, searched from the end of the topic `predictions`.

    For all symbols the newest 2,000 records of each partition are searched; a symbol without a prediction among
    them is left out. For a single symbol that is not found there, the newest 20,000 are searched.

    Args:
        settings: settings of the deployment; its prefix is put before the topic's name.
        bootstrap: address of the cluster.
        symbol: the only symbol to look for; None: all of them.

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
