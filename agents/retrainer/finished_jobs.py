"""Follows the topic `candidates`, which has the result of every retrain, and keeps an index of these results."""

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
    """An index of the results of retrains on the topic `candidates`: which jobs are done, and the offset of each model.

    The models themselves are read from the topic when they are asked for. The index takes about 200 bytes for each
    retrain on the topic, and the retention of the topic bounds its size.

    Args:
        topic: follower of the topic `candidates`.

    Attributes:
        done: ids of the retrain jobs that have a result.
    """

    def __init__(self, topic: TopicFollower) -> None:
        self._topic = topic
        self._readable = ReadableRecords(CANDIDATES)
        self._models: dict[tuple[str, str], tuple[TopicPartition, int]] = {}
        self.done: set[str] = set()

    async def catch_up(self) -> None:
        """Add the results of retrains that were written since the last call, up to the present end of the topic.

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
        """Read stored models of a symbol by the SHA-256 of their states.

        A model is left out if no retrain made it, or if its record is no longer on the topic.

        Raises:
            KafkaError: the topic cannot be read.
            TickloopError: the SHA-256 of a stored model differs from the one by which the model was found.
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
    """Open an index of the results of retrains that has read the topic `candidates` up to its present end.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
        KafkaError: the topic cannot be read.
    """
    async with follow_topic(settings, bootstrap, CANDIDATES) as topic:
        finished = Finished(topic)
        await finished.catch_up()
        yield finished
