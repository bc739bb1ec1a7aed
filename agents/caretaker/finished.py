"""What retrains came to so far: followed once, so that no job reads the whole of `candidates` again."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from agents.clients.topic_partitions import partition_count
from agents.kafka import AIOKafkaConsumer, TopicPartition
from agents.settings import Settings
from schemas.codec import decoder
from schemas.errors import Refused, TickloopError
from schemas.models import ModelState
from schemas.retraining import RetrainFinished
from schemas.topics import CANDIDATES
from streams.retraining.identity import state_sha256

POLL_MS = 200


class Finished:
    """Follows `candidates`; of each record it keeps where it lies, and fetches a model when a job wants it.

    It grows by some 200 bytes for each retrain that the topic holds, whose retention bounds them.

    Args:
        consumer: assigned to every partition of the topic.

    Attributes:
        done: jobs whose result is there.
    """

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._decode = decoder(RetrainFinished)
        self._next = dict.fromkeys(consumer.assignment(), 0)
        self._models: dict[tuple[str, str], tuple[TopicPartition, int]] = {}
        self.done: set[str] = set()

    async def catch_up(self) -> None:
        """Read on to what is the end now.

        Raises:
            KafkaError: the topic cannot be read.
        """
        consumer = self._consumer
        first, end = await consumer.beginning_offsets(self._next), await consumer.end_offsets(self._next)
        for tp, offset in self._next.items():
            consumer.seek(tp, max(offset, first[tp]))
        while any([await consumer.position(tp) < end[tp] for tp in end]):
            for tp, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                for record in records:
                    self._take(tp, record)
        self._next = {tp: await consumer.position(tp) for tp in end}

    def _take(self, tp: TopicPartition, record: Any) -> None:
        try:
            finished = self._decode(record.value)
        except Refused:  # nothing that a retrainer wrote
            return
        self.done.add(finished.result.job_id)
        if finished.result.candidate is not None:
            self._models[finished.symbol, finished.result.sha256] = tp, record.offset

    async def models(self, symbol: str, sha256s: Sequence[str]) -> list[ModelState]:
        """Models of a symbol by the SHA-256 of their states; those that no retrain made are left out.

        Raises:
            KafkaError: the topic cannot be read.
            TickloopError: a state is another than its SHA-256 says.
        """
        found = []
        for sha256 in sha256s:
            place = self._models.get((symbol, sha256))
            if place is not None and (state := await self._at(*place)) is not None:
                if state_sha256(state) != sha256:
                    raise TickloopError(f"expected a stored version of SHA-256 {sha256[:12]}, was another: corrupt")
                found.append(state)
        return found

    async def _at(self, tp: TopicPartition, offset: int) -> ModelState | None:
        """The model of a record; none if its retention is over."""
        consumer = self._consumer
        consumer.seek(tp, offset)
        while (await consumer.position(tp)) <= offset:
            for record in (await consumer.getmany(tp, timeout_ms=POLL_MS)).get(tp, ()):
                if record.offset == offset:
                    state: ModelState | None = self._decode(record.value).result.candidate
                    return state
        return None


@asynccontextmanager
async def finished_retrains(settings: Settings, bootstrap: str) -> AsyncIterator[Finished]:
    """Follow what retrains came to, as far as it lies on the topic now.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
        KafkaError: the topic cannot be read.
    """
    topic = settings.topic(CANDIDATES.name)
    count = await partition_count(bootstrap, topic)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=20,
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(count)])
        finished = Finished(consumer)
        await finished.catch_up()
        yield finished
    finally:
        await consumer.stop()
