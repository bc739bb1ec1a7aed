"""Rolls a new live version back if its predictions come too late and the version itself is the cause.

The timestamps of records raise the suspicion. Then the version and the version that it replaced are timed side by side
on the same ticks, to show whether the new version is slower by itself.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from contextlib import aclosing, suppress
from typing import Any

from aiokafka.structs import ConsumerRecord
from msgspec import Struct

from agents.clients.readable_records import ReadableRecords
from agents.clients.reader import Received, read
from agents.clients.repeats import Repeats
from agents.commands import requests
from agents.commands.writer import CommandWriter
from agents.config.settings import Settings
from agents.kafka import AIOKafkaProducer, TopicPartition, clients
from agents.process.background import owned
from agents.retrainer.paired_latency import PairedLatency, paired_latency
from agents.retrainer.slow_answers import Slowness
from schemas.codec import decoder
from schemas.commands import Command
from schemas.errors import ConfigurationError, Refused
from schemas.positions import position_of
from schemas.ticks import Quote, Trade
from schemas.topics import MODEL_VERSIONS, PREDICTIONS, TICKS
from schemas.versions import ModelVersion
from streams.market.parameters import MarketParameters
from streams.parameters import Parameters

BEFORE_S = 30.0
"""Time before a version went live, s, whose latencies are the reference."""

WATCHED_S = 300.0
"""Time after a version went live, s, for which it is watched."""

SPAN_S = 5.0
POLL_MS = 500

MOST_BESIDE = 500
"""Most ticks, the newest, on which two versions are timed side by side."""

MOST_WAITING = 50_000
"""Most predictions of a version that wait for their ticks; beyond, the oldest are dropped."""

Overrides = Mapping[str, Mapping[str, Any]]

log = logging.getLogger(__name__)


class TimedPrediction(Struct, frozen=True):
    """Those fields of a prediction that are needed to measure its latency.

    Attributes:
        id: id of the tick that the prediction answers.
        ts_event: event time of that tick, ns since 1970, UTC.
        model_version: version that made the prediction.
    """

    id: str
    ts_event: int
    model_version: str


_made = decoder(TimedPrediction)


class Watched:
    """Measures the latency of one version that has just gone live, from each tick to its prediction.

    Args:
        version: registry record by which the version went live.
        partition: partition of the version's symbol.
        since_ms: when that record was written, ms since 1970.
        limit_ms: largest acceptable latency, ms.

    Attributes:
        before: those parameters of the replaced version that differ from the configuration.
        slowness: latencies so far, and the suspicion that they raise.
        ts_event: event time of the newest prediction whose latency was measured, ns; at first that of
            `version`.
    """

    def __init__(self, version: ModelVersion, partition: int, since_ms: int, limit_ms: float) -> None:
        self.version, self.partition, self.since_ms = version, partition, since_ms
        self.before: Overrides = {}
        self.slowness = Slowness(version.version, limit_ms, SPAN_S)
        self.ts_event = version.ts_event
        self._ticks: deque[tuple[int, int]] = deque()
        self._newest: deque[tuple[int, bytes]] = deque(maxlen=MOST_BESIDE)
        self._waiting: deque[tuple[int, int, TimedPrediction]] = deque(maxlen=MOST_WAITING)
        self._newest_tick = -1
        self._repeats = Repeats()

    def tick(self, record: ConsumerRecord) -> None:
        """Add a tick of the symbol, with the time at which its record was written.

        The tick is ignored if it, or a tick with a higher offset, was added before.
        """
        if record.offset > self._newest_tick:
            self._newest_tick = record.offset
            self._ticks.append((record.offset, record.timestamp))
            self._newest.append((record.timestamp, record.value or b""))

    def prediction(self, record: ConsumerRecord) -> None:
        """Add a prediction of the symbol, with the time at which its record was written.

        After a crash a worker may write a prediction a second time. The second record is ignored: it
        was written after the crash, so its time says nothing about the latency. A record that is no
        prediction is logged and ignored.
        """
        try:
            made = _made(record.value)
            offset = position_of(made.id)[0]
        except (Refused, ValueError, IndexError) as error:
            log.error("%s-%s at %s: expected a prediction: %s", record.topic, record.partition, record.offset, error)
            return
        if self._repeats.is_new("", (offset,)):
            self._waiting.append((offset, record.timestamp, made))

    def pair(self) -> None:
        """Match predictions with their ticks, and add the time from tick to prediction to `slowness`.

        Predictions whose ticks have not been read yet wait for the next call.
        """
        ticks, waiting = self._ticks, self._waiting
        for _ in range(len(waiting)):
            offset, at_ms, made = waiting.popleft()
            if offset > self._newest_tick:
                waiting.append((offset, at_ms, made))  # its tick comes, or there is none: anybody may have written it
                continue
            while ticks and ticks[0][0] < offset:
                ticks.popleft()
            if ticks and ticks[0][0] == offset:
                self.ts_event = made.ts_event
                self.slowness.take(made.model_version, at_ms, float(at_ms - ticks[0][1]))

    def paired_latency(self, parameters: MarketParameters) -> PairedLatency:
        """Time the version and the version that it replaced on the newest ticks, at most 500.

        Args:
            parameters: configuration of the symbol.

        Raises:
            ValueError: one of the two versions cannot be built in this process.
        """
        decode, ticks = ReadableRecords(TICKS).decode, list[Quote | Trade]()
        for _, value in self._newest:
            with suppress(Refused):
                tick = decode(value)
                if isinstance(tick, Quote | Trade):
                    ticks.append(tick)
        return paired_latency(parameters, self.version.overrides, self.before, ticks)

    @property
    def per_second(self) -> float:
        """Mean rate of the newest ticks of the symbol, ticks per second; 0 for fewer than two ticks."""
        if len(self._newest) < 2:
            return 0.0
        return (len(self._newest) - 1) / max(1e-3, (self._newest[-1][0] - self._newest[0][0]) / 1e3)

    def roll_back(self, found: PairedLatency) -> Command:
        """Return the command that rolls the version back and stops it.

        Args:
            found: the comparison that has shown the version to be the cause of late predictions; the command's reason
                quotes it.
        """
        slowness, version = self.slowness, self.version
        request = requests.roll_back(
            f"{version.id}:slow",
            version.symbol,
            f"{version.version} is too slow: {slowness.verdict}; side by side on the same {found.ticks} ticks it takes "
            f"{found.ms:.3g} ms for one, the version before {found.before_ms:.3g} ms",
            version=version.version,
            metrics={"latency_p95_ms": slowness.p95_ms, "step_ms": found.ms, "step_before_ms": found.before_ms},
            stop=True,
            automatic=True,
        )
        return request.dated(self.ts_event)


class LatencyGuard:
    """Measures the latency of each version for five minutes after it went live, and rolls slow versions back.

    The latency is the time between the Kafka timestamps of a tick and of its prediction, so workers need not measure
    anything. The id of the command that rolls back follows from the registry record by which the version went live.
    After a crash the command may be written again, but it is carried out once.

    Args:
        settings: settings of the system, with the prefix of its topic names and the largest acceptable latency.
        bootstrap: address of the Kafka cluster.
        parameters: configuration of the workers.
        producer: producer that is connected already.
    """

    def __init__(self, settings: Settings, bootstrap: str, parameters: Parameters, producer: AIOKafkaProducer) -> None:
        self._settings, self._bootstrap, self._parameters = settings, bootstrap, parameters
        self._commands = CommandWriter(settings, producer)
        self._watched: dict[bytes, Watched] = {}
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Watch the latency of each version that goes live, until cancelled.

        Raises:
            KafkaError: a topic cannot be read or written.
            EnvironmentProblem: a topic is missing.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(owned("the reader of versions", self._listen()))
            while True:
                await self._changed.wait()
                await self._watch()

    async def _listen(self) -> None:
        readable = ReadableRecords(MODEL_VERSIONS)
        async with aclosing(read(self._bootstrap, self._settings.topic(MODEL_VERSIONS.name))) as records:
            async for record in records:
                version = readable(record)
                if version is not None:
                    self._told(version, record)

    def _told(self, version: ModelVersion, record: Received) -> None:
        """Take a registry record: watch a version that has just gone live, and no longer the one before it."""
        if version.status != "champion":
            # The version that it took the place of is told right after it, of the same command.
            watched = self._watched.get(version.symbol.encode())
            if watched is not None and watched.version.command == version.command:
                watched.before = version.overrides
            return
        key = version.symbol.encode()
        self._watched.pop(key, None)
        if version.change == "promote_variant" and time.time() - record.timestamp_ms / 1e3 < WATCHED_S:
            limit_ms = self._settings.latency_limit_ms
            self._watched[key] = Watched(version, record.partition, record.timestamp_ms, limit_ms)
        self._changed.set()

    async def _watch(self) -> None:
        """Read ticks and predictions of the watched versions until the set of watched versions changes."""
        self._changed.clear()
        if not self._watched:
            return
        ticks, predictions = (self._settings.topic(topic.name) for topic in (TICKS, PREDICTIONS))
        begin: dict[TopicPartition, int] = {}
        for each in self._watched.values():
            for topic in (ticks, predictions):
                place, at_ms = TopicPartition(topic, each.partition), each.since_ms - int(BEFORE_S * 1e3)
                begin[place] = min(begin.get(place, at_ms), at_ms)
        async with clients.started(clients.consumer(self._bootstrap, isolation_level="read_committed")) as consumer:
            consumer.assign(list(begin))
            for place, found in (await consumer.offsets_for_times(begin)).items():
                if found is None:
                    await consumer.seek_to_end(place)
                else:
                    consumer.seek(place, found.offset)
            while self._watched and not self._changed.is_set():
                for place, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                    self._take(records, are_ticks=place.topic == ticks)
                await self._judge()

    def _take(self, records: list[ConsumerRecord], *, are_ticks: bool) -> None:
        for record in records:
            watched = self._watched.get(record.key)
            if watched is not None:
                (watched.tick if are_ticks else watched.prediction)(record)

    async def _judge(self) -> None:
        now = time.time()
        for key, watched in list(self._watched.items()):
            watched.pair()
            if watched.slowness.verdict and (found := await self._caused(watched)):
                command = watched.roll_back(found)
                log.warning("%s: %s", command.symbol, command.cause)
                await self._commands.write(command, watched.version.id, watched.partition)
            elif now - watched.since_ms / 1e3 < WATCHED_S:
                continue
            # Another version may have gone live while the command was on its way.
            if self._watched.get(key) is watched:
                del self._watched[key]

    async def _caused(self, watched: Watched) -> PairedLatency | None:
        """Time a version that is suspected; return the comparison if it is the cause, else drop the suspicion."""
        version, slowness = watched.version, watched.slowness
        try:
            found = await asyncio.to_thread(watched.paired_latency, self._parameters.for_symbol(version.symbol))
        except (ValueError, ConfigurationError) as error:
            log.warning("%s of %s cannot be set beside another here: %s", version.version, version.symbol, error)
            slowness.acquit()
            return None
        if found.explains(slowness.p95_ms, watched.per_second):
            return found
        log.warning(
            "%s: predictions take %.0f ms, but %s is not why: %.3g ms for a tick, %.3g ms the version before it",
            version.symbol, slowness.p95_ms, version.version, found.ms, found.before_ms,
        )  # fmt: skip
        slowness.acquit()
        return None
