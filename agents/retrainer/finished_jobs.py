"""Follows the results of retrains on `candidates`, so that a job need not read the whole topic."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from agents.clients.readable_records import ReadableRecords
from agents.clients.topic_follower import TopicFollower, follow_topic
from agents.config.settings import Settings
from agents.kafka import TopicPartition
from schemas.errors import TickloopError
from schemas.models import ModelState, state_sha256
from schemas.topics import CANDIDATES


class Finished:
    """Follows `candidates`; of each record it keeps where it lies, and fetches a model when a job wants it.

    It grows by some 200 bytes for each retrain that the topic holds, whose retention bounds them.

    Args:
        topic: that is followed.

    Attributes:
        done: jobs whose result is there.
    """

    def __init__(self, topic: TopicFollower) -> None:
        self._topic = topic
        self._readable = ReadableRecords(CANDIDATES)
        self._models: dict[tuple[str, str], tuple[TopicPartition, int]] = {}
        self.done: set[str] = set()

    async def catch_up(self) -> None:
        """Read on to what is the end now.

        Raises:
            KafkaError: the topic cannot be read.
        """
        async for tp, record in self._topic.new():
            finished = self._readable(record)
            if finished is None:
                continue
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
            record = None if place is None else await self._topic.at(*place)
            finished = None if record is None else self._readable(record)
            if finished is None:
                continue
            state = finished.result.candidate
            if state is None or state_sha256(state) != sha256:
                raise TickloopError(f"expected a stored version of SHA-256 {sha256[:12]}, was another: it is corrupt")
            found.append(state)
        return found


@asynccontextmanager
async def finished_retrains(settings: Settings, bootstrap: str) -> AsyncIterator[Finished]:
    """Follow what retrains came to, as far as it lies on the topic now.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
        KafkaError: the topic cannot be read.
    """
    async with follow_topic(settings, bootstrap, CANDIDATES) as topic:
        finished = Finished(topic)
        await finished.catch_up()
        yield finished
