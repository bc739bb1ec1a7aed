"""Reads the topic `log-events`: changes of code and losses of records, as workers recorded them.

A change of code means that a worker computes with other code than before, from some offset on. A loss
means that records were deleted before a worker had read them.
"""

from typing import Any

from agents.clients.reader import read_blocks
from schemas.codec import decoder
from schemas.errors import EnvironmentProblem, Refused
from schemas.log_events import LogEvent
from schemas.topics import LOG_EVENTS

_decode: Any = decoder(LOG_EVENTS.record)


async def log_events(bootstrap: str, topic: str) -> list[LogEvent]:
    """Return the newest record of each key on the topic of log events, up to its present end.

    Records of one partition are returned in the order in which they were written. Records that are no log
    events are skipped. The list is empty if there is no such topic, or if no cluster answers.

    Args:
        bootstrap: address of the cluster.
        topic: name of the topic on the broker, prefix included.
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
