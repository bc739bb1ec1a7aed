"""Checks that logs and code are those that the state was computed from, and records on `log-events` when not.

Asked at every assignment before state is loaded, and of live partitions now and then. A log that is another one ends
the worker, and so does other code that nobody has accepted. Records that were deleted before they were read are lost:
that is an error, counted and written down, and the node goes on after them, for stopping would lose more.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import faust
from aiokafka.errors import KafkaError
from faust.types import TP

from agents.clients.log_events import log_events
from agents.config.settings import Settings
from agents.identity.computing import Identity
from agents.runtime.code_check import began, changed, check_code
from agents.runtime.counters import Counters
from agents.runtime.log_identity import LogsSeen, check_log, look
from agents.runtime.outbox import Outbox
from agents.runtime.recovery import Recovered
from agents.runtime.snapshots import Origin
from agents.runtime.transport import producer_of
from schemas.codec import encode
from schemas.errors import EnvironmentProblem
from schemas.log_events import ComputedBy, LogEvent, RecordsLost
from schemas.topics import LOG_EVENTS

log = logging.getLogger(__name__)

PATIENCE_S = 60.0
PAUSE_S = 1.0


class LogReading(NamedTuple):
    """A node's reading of one partition of its log.

    Attributes:
        node: name.
        log: topic of the registry.
        tp: partition on the cluster.
    """

    node: str
    log: str
    tp: TP


class IdentityCheck:
    """Looks after the logs and the code of one worker.

    Args:
        app: that reads.
        settings: where.
        bootstrap: address of the cluster.
        identity: of what computes.
    """

    def __init__(self, app: faust.App, settings: Settings, bootstrap: str, identity: Identity) -> None:
        self._app, self._settings, self._bootstrap, self.identity = app, settings, bootstrap, identity
        self._topic = settings.topic(LOG_EVENTS.name)
        self._is_there = True

    async def look(self, held: Mapping[LogReading, Recovered], topics: Sequence[str]) -> LogsSeen:
        """See the logs of some readings, and which of some topics there are; a broker that is away is waited for.

        Raises:
            StateError: a log is not the one that its snapshots were computed from.
            EnvironmentProblem: no broker answers for a minute.
        """
        partitions, marks = {reading.tp for reading in held}, {(r.tp, each.origin.mark) for r, each in held.items()}
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                seen = await look(self._bootstrap, partitions, marks, [*topics, self._topic])
                break
            except KafkaError as error:
                if self._app.should_stop or time.monotonic() > deadline:
                    raise EnvironmentProblem(
                        f"expected a look at the logs of {self._bootstrap}, got {error!r}; fix: `tickloop doctor`"
                    ) from error
                await asyncio.sleep(PAUSE_S)
        self._is_there = self._topic in seen.topics
        for reading, stored in held.items():
            check_log(reading.tp, reading.log, stored.offset, stored.origin, seen)
        return seen

    async def look_again(self, live: Iterable[tuple[LogReading, int, Origin]]) -> None:
        """Hold the logs as they are now against what was read of them: offset of the last record, and the record.

        Raises:
            StateError: one is another log by now.
            KafkaError: the cluster does not answer.
        """
        read = list(live)
        if not read:
            return
        seen = await look(
            self._bootstrap,
            {reading.tp for reading, *_ in read},
            {(reading.tp, each.mark) for reading, _, each in read},
        )
        for reading, offset, origin in read:
            check_log(reading.tp, reading.log, offset, origin, seen)

    async def check_code(self, held: Mapping[LogReading, Recovered], seen: LogsSeen) -> dict[LogReading, ComputedBy]:
        """What is to be written about the code that computes from here on, where it is news.

        Raises:
            StateError: it is not the one that snapshots were computed by, and nobody has accepted it.
        """
        mine, accepted = self.identity, self._settings.accept_code
        parts: Mapping[str, Mapping[str, str]] = {}
        if any(stored.origin.code not in ("", mine.digest) for stored in held.values()):
            known = await log_events(self._bootstrap, self._topic)
            parts = {event.code: event.parts for event in known if isinstance(event, ComputedBy)}
        events: dict[LogReading, ComputedBy] = {}
        for reading, stored in held.items():
            node, name, tp = reading
            if stored.offset < 0:
                events[reading] = began(node, name, tp.partition, seen.logs[tp].first, mine)
                continue
            before = stored.origin.code
            if not before:
                log.warning("%s-%d: snapshots do not say which code computed them; they are believed", *tp)
            if (changes := check_code(tp, before, mine, accepted, parts)) is not None:
                events[reading] = changed(node, name, tp.partition, stored.offset + 1, before, mine, changes)
                log.warning("%s", events[reading].sentence)
        return events

    def lost(self, reading: LogReading, counters: Counters, first: int, last: int) -> RecordsLost:
        """What is to be written about records that are gone; counts them."""
        number = reading.tp.partition
        counters.lost[number] += last - first + 1
        sentence = (
            f"offsets {first} to {last} of {reading.log}-{number} were deleted before {reading.node} had read them: "
            f"{last - first + 1} are lost, it goes on behind them"
        )
        log.error(
            "%s; fix: keep the log longer (retention.ms), or run more workers; `tickloop topics reset` computes "
            "everything anew from the ticks that are there",
            sentence,
        )
        return RecordsLost(reading.node, reading.log, number, first, last, sentence)

    async def look_into(self, reading: LogReading, counters: Counters, expected: int, found: int) -> int:
        """Records are missing: where those begin that the log still holds. What was deleted unread is written down.

        Args:
            reading: who reads what.
            counters: of the node.
            expected: first offset that is missing.
            found: first one that is not.
        """
        earliest: int = (await self._app.consumer.earliest_offsets(reading.tp))[reading.tp]
        first = min(earliest, found)
        if first <= expected:
            return expected
        await self.write([self.lost(reading, counters, expected, first - 1)], counters)
        return first

    async def write(self, events: Sequence[LogEvent], counters: Counters) -> None:
        """Write events down, and wait until that is durable."""
        if not events:
            return
        if not self._is_there:
            log.warning("there is no topic %s to write to; fix: `tickloop topics apply`", self._topic)
            return
        outbox = Outbox(producer_of(self._app), counters.sent)
        for event in events:
            outbox.append(self._topic, event.key, encode(event), event.partition)
        await outbox.flush()
        await asyncio.gather(*outbox.taken())
