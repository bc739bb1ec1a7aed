"""Compares the model versions that should run with those that really run.

The topic `model-versions` says which versions should run. Outcomes, the records that score predictions,
show which ones really predicted. The two can differ after a fault that nothing else would notice.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka.errors import KafkaError

from agents.clients.topic_follower import TopicFollower, follow_topic
from agents.config.settings import Settings
from agents.kafka import AIOKafkaConsumer, TopicPartition
from agents.kafka.committed_reads import opened
from schemas.codec import decoder
from schemas.errors import EnvironmentProblem, Refused
from schemas.outcomes import OutcomeMatured
from schemas.positions import position_of
from schemas.topics import MODEL_VERSIONS, OUTCOMES, TICKS
from schemas.versions import ModelVersion
from streams.lifecycle.rosters import Difference, difference, said, shown

NEWEST = 100
"""Newest outcomes of each partition that are compared; symbols without one among them are left out."""

SETTLED_MS = 10_000
"""Time after a record of the registry, ms, by which its directive is certain to be in the tick log."""

POLL_MS = 200


class Differing(NamedTuple):
    """A symbol whose running model versions are not those that the topic `model-versions` names.

    Attributes:
        partition: partition of the symbol's ticks.
        outcome: record that scores a prediction and shows which versions run.
        difference: both lists of versions, and what to do about the difference.
    """

    partition: int
    outcome: OutcomeMatured
    difference: Difference

    @property
    def sentence(self) -> str:
        """Sentence for a person that says what differs and what to do about it."""
        return self.difference.sentence


class Rosters:
    """Compares the versions that should run, as `model-versions` says, with those that do; made by `rosters`.

    Which versions do run is read from the newest outcomes, records that score predictions. The object remembers from
    one comparison to the next which versions of each symbol should run, and when that last changed.
    """

    def __init__(self, settings: Settings, topic: TopicFollower, consumer: AIOKafkaConsumer) -> None:
        self._settings, self._topic, self._consumer = settings, topic, consumer
        self._decode = decoder(ModelVersion)
        self._running: dict[str, dict[str, ModelVersion]] = {}
        self._changed_ms: dict[str, int] = {}

    async def look(self) -> list[Differing]:
        """Return the symbols whose newest outcome shows other running versions than the topic `model-versions` names.

        Both topics are read up to their present ends. After a change of a symbol's versions, the symbol is left out
        until its newest outcome stems from a tick that certainly came after the change.

        Raises:
            KafkaError: a topic cannot be read.
        """
        outcomes = await self._newest_outcomes()
        # The registry is read after the outcomes, so a change in between is known and earlier outcomes are left out.
        await self._follow()
        found = []
        for (partition, symbol), outcome in outcomes.items():
            versions = self._running.get(symbol, {})
            differs = difference(symbol, said(versions.values()), shown(outcome))
            if differs is not None and await self._was_settled(partition, symbol, outcome):
                found.append(Differing(partition, outcome, differs))
        return found

    async def _follow(self) -> None:
        async for _, record in self._topic.new():
            try:
                version = self._decode(record.value)
            except Refused:  # nothing that a lifecycle node wrote
                continue
            running = self._running.setdefault(version.symbol, {})
            if version.arm:
                running[version.version] = version
            else:
                running.pop(version.version, None)
            # Its writer chose this time; one in the future would keep the symbol from being compared.
            changed_ms = min(record.timestamp, int(1e3 * time.time()))
            self._changed_ms[version.symbol] = max(changed_ms, self._changed_ms.get(version.symbol, 0))

    async def _newest_outcomes(self) -> dict[tuple[int, str], OutcomeMatured]:
        decode, consumer = decoder(OutcomeMatured), self._consumer
        topic = self._settings.topic(OUTCOMES.name)
        partitions = [TopicPartition(topic, number) for number in range(self._settings.partitions)]
        consumer.assign(partitions)
        first, end = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for tp in partitions:
            consumer.seek(tp, max(first[tp], end[tp] - NEWEST))
        found: dict[tuple[int, str], OutcomeMatured] = {}
        while any([await consumer.position(tp) < end[tp] for tp in partitions]):
            for tp, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                for record in records:
                    try:
                        outcome = decode(record.value)
                    except Refused:
                        continue
                    if outcome.arms:
                        found[tp.partition, outcome.symbol] = outcome
        return found

    async def _was_settled(self, partition: int, symbol: str, outcome: OutcomeMatured) -> bool:
        """Return whether the outcome's tick arrived well after the last change of the symbol's versions."""
        tp = TopicPartition(self._settings.topic(TICKS.name), partition)
        if symbol not in self._changed_ms:
            return True
        later = (await self._consumer.offsets_for_times({tp: self._changed_ms[symbol] + SETTLED_MS}))[tp]
        try:
            return later is not None and position_of(outcome.prediction_id)[0] >= later.offset
        except (ValueError, IndexError):  # no outcome that a worker wrote
            return False


@asynccontextmanager
async def rosters(settings: Settings, bootstrap: str) -> AsyncIterator[Rosters]:
    """Open a `Rosters` for the duration of the block; its first `look` reads the whole topic `model-versions`.

    Args:
        settings: settings of the deployment; its prefix is put before topic names.
        bootstrap: address of the cluster.

    Raises:
        EnvironmentProblem: no cluster answers, or a topic is missing.
        KafkaError: a topic cannot be read.
    """
    async with follow_topic(settings, bootstrap, MODEL_VERSIONS) as topic, opened(bootstrap) as consumer:
        yield Rosters(settings, topic, consumer)


async def differing_rosters(settings: Settings, bootstrap: str) -> list[Differing]:
    """Compare once, and return the symbols whose running versions are not those that `model-versions` names.

    Args:
        settings: settings of the deployment; its prefix is put before topic names.
        bootstrap: address of the cluster.

    Raises:
        EnvironmentProblem: no cluster answers, or a topic is missing or cannot be read.
    """
    try:
        async with rosters(settings, bootstrap) as found:
            return await found.look()
    except KafkaError as error:
        raise EnvironmentProblem(f"expected to read the versions that run from {bootstrap}, got {error!r}") from error
