"""Reads `log-events`, on which workers record what happened to their logs."""

from typing import Any

from agents.clients.reader import read_blocks
from schemas.codec import decoder
from schemas.errors import EnvironmentProblem, Refused
from schemas.log_events import LogEvent
from schemas.topics import LOG_EVENTS

_decode: Any = decoder(LOG_EVENTS.record)


async def log_events(bootstrap: str, topic: str) -> list[LogEvent]:
    """All records that are on the topic now, in the order of each partition; empty if there is no such topic.

    Args:
        bootstrap: address of the cluster.
        topic: name on the broker.
    """
    newest: dict[bytes, LogEvent] = {}
    try:
        async for block in read_blocks(bootstrap, topic, until_end=True, repeats=True):
            for record in block:
                try:
                    event = _decode(record.value)
                except Refused:  # written by somebody else
                    continue
                newest.pop(key := record.key or b"", None)
                newest[key] = event
    except EnvironmentProblem:
        return []
    return [*newest.values()]
