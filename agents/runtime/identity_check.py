"""Checks that snapshots were computed from the topics that are read now and by the present code.

Deviations are recorded on the topic `log-events`. The check is made before state is loaded, and every minute
afterwards. The worker ends if a topic was replaced by another one, or if the code changed and no setting accepts
the change. Records that were deleted before the worker read them are counted and recorded as lost. The worker
then goes on after the lost records, because more would be lost if it stopped.
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
    """Names of a node (a computation over one topic) and of one partition of the topic that it reads.

    Attributes:
        node: name of the node.
        log: name of the topic, without the system's prefix.
        tp: name of the topic on the cluster, and number of the partition.
    """

    node: str
    log: str
    tp: TP


class IdentityCheck:
    """Checks, for one worker, that snapshots were computed from the topics that it reads and by the code that it runs.

    Args:
        app: the Faust app of the worker.
        settings: settings of the worker.
        bootstrap: addresses of the brokers, `host:port[,host:port...]`.
        identity: digests of the present code.
    """

    def __init__(self, app: faust.App, settings: Settings, bootstrap: str, identity: Identity) -> None:
        self._app, self._settings, self._bootstrap, self.identity = app, settings, bootstrap, identity
        self._topic = settings.topic(LOG_EVENTS.name)
        self._is_there = True

    async def look(self, held: Mapping[LogReading, Recovered], topics: Sequence[str]) -> LogsSeen:
        """Read the present state of the worker's input topics, and check that the snapshots were computed from them.

        A broker that does not answer is waited for up to a minute.

        Args:
            held: the recovered state of each partition, for each computation that reads it.
            topics: names of further topics; the answer says which of them exist.

        Returns:
            The state of the topics.

        Raises:
            StateError: a topic is not the one that the snapshots were computed from.
            EnvironmentProblem: no broker answered within a minute.
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
        """Check that no topic was replaced by another one of the same name since its records were applied.

        Args:
            live: for each assigned partition of each computation: its names, the offset of the last record applied, and
                the identity of the topic from which it was applied.

        Raises:
            StateError: a topic was replaced by another one.
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
        """Check that the recovered snapshots were computed by the present code, or that a setting accepts the change.

        Args:
            held: the recovered state of each partition, for each computation that reads it.
            seen: the present state of the input topics.

        Returns:
            Records for the topic `log-events`: one for each partition that begins without snapshots, or whose snapshots
            other code computed.

        Raises:
            StateError: other code computed the snapshots, and the present code is not accepted.
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
        """Count and log the loss of the records from offset `first` to `last`, which were deleted unread.

        Args:
            reading: the partition, and the node (a computation over one topic) that reads it.
            counters: figures about the computation, in which the number of lost records is increased.
            first, last: first and last lost offset.

        Returns:
            The record about the loss, for `log-events`; it is not written yet.
        """
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
        """Find out where to read on when fetched records begin after the expected offset, and record what was deleted.

        Args:
            reading: the partition, and the node (a computation over one topic) that reads it.
            counters: figures about the computation.
            expected: first offset that is missing.
            found: first offset that was fetched.

        Returns:
            The first offset from `expected` on that the partition still holds. Records before it were deleted unread.
        """
        earliest: int = (await self._app.consumer.earliest_offsets(reading.tp))[reading.tp]
        first = min(earliest, found)
        if first <= expected:
            return expected
        await self.write([self.lost(reading, counters, expected, first - 1)], counters)
        return first

    async def write(self, events: Sequence[LogEvent], counters: Counters) -> None:
        """Write `events` to the topic `log-events`, and wait until the broker has acknowledged them.

        If the topic does not exist, a warning is logged instead.
        """
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
