"""Reads the newest records of the topics as they are written.

It joins no consumer group, and skips records rather than fall far behind.
"""

import asyncio
from collections.abc import Sequence
from typing import Self

from aiokafka.errors import GroupCoordinatorNotAvailableError

from agents.clients.committed import committed
from agents.clients.reader import Received
from agents.config.settings import Settings
from agents.dashboard.follow.following import Place
from agents.dashboard.state.latency import A_BLOCK, PredictionTimes, answered
from agents.dashboard.state.rates import Ends
from agents.kafka import TopicPartition, clients
from schemas.errors import EnvironmentProblem
from schemas.topics import OUTCOMES, PAPER_ACCOUNT, PREDICTIONS, TICKS, TOPICS

BACKLOG = {PREDICTIONS.name: 3_000, OUTCOMES.name: 2_500, PAPER_ACCOUNT.name: 500}
"""Number of newest records of each partition that a page starts with, by topic; `RARE` for all other topics."""

RARE = 20_000

MOST_BEHIND = 4_000
"""Most records of a busy partition to lag behind; beyond it all but the newest `NEWEST` are skipped. Only samples
become smaller, since counts come from offsets."""

NEWEST = 1_000
FETCH_WAIT_MS = 250
FETCH_LEAST_BYTES = 64 * 1024
ANSWER_S = 4.0
TICKS_AT_ONCE = 48 * 1024


class Tail:
    """Consumers that read the newest records of some topics during one session with a cluster.

    Use it as `async with Tail(...) as tail`.

    Args:
        settings: the settings that the workers run with.
        bootstrap: address of the cluster.
        topics: names of the topics to read, without the prefix that they have on the cluster.
        reached: offset to continue from, by topic and partition; kept up to date by `poll`. A partition that
            is not in it is read from a few thousand records before its end.

    Attributes:
        cluster: id of the cluster; empty before the session has begun.
    """

    def __init__(
        self, settings: Settings, bootstrap: str, topics: Sequence[str], reached: dict[tuple[str, int], int]
    ) -> None:
        self._settings = settings
        self._names = {settings.topic(name): name for name in topics}
        self._reached = reached
        self._consumer = clients.log_reader(
            bootstrap, fetch_max_wait_ms=FETCH_WAIT_MS, fetch_min_bytes=FETCH_LEAST_BYTES
        )
        self._ticks = clients.consumer(
            bootstrap,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=20,
            max_partition_fetch_bytes=TICKS_AT_ONCE,
        )
        self._admin = clients.administrator(bootstrap, ANSWER_S)
        self.cluster = ""
        self._newest: dict[int, list[tuple[int, bytes | None]]] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._all = [
            TopicPartition(settings.topic(topic.name), number)
            for topic in TOPICS
            for number in range(settings.partitions)
        ]

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(2 * ANSWER_S):
                await self._admin.start()
                await self._check()
                self.cluster = str((await self._admin.describe_cluster())["cluster_id"] or "")
                await asyncio.gather(self._consumer.start(), self._ticks.start())
                await self._begin()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(self._consumer.stop(), self._ticks.stop(), self._admin.close())

    async def _check(self) -> None:
        found = {topic["topic"] for topic in await self._admin.describe_topics() if not topic["error_code"]}
        if missing := [topic.name for topic in TOPICS if self._settings.topic(topic.name) not in found]:
            raise EnvironmentProblem(
                f"the cluster lacks the topic {self._settings.topic(missing[0])}"
                + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
                + "; fix: `tickloop up`, or `tickloop topics apply`"
            )

    async def _begin(self) -> None:
        partitions = [each for each in self._all if each.topic in self._names]
        self._consumer.assign(partitions)
        self._ticks.assign([each for each in self._all if each.topic == self._settings.topic(TICKS.name)])
        first, end = await self._consumer.beginning_offsets(partitions), await self._consumer.end_offsets(partitions)
        for each in partitions:
            name = self._names[each.topic]
            wanted = self._reached.get((name, each.partition), end[each] - BACKLOG.get(name, RARE))
            self._consumer.seek(each, min(end[each], max(first[each], wanted)))

    async def poll(self, timeout_ms: int = 0) -> list[tuple[str, list[Received]]]:
        """Records fetched since the last call, as blocks of one partition each, with the name of their topic.

        The call moves `reached` on. If it finds a partition of a busy topic over 4,000 records behind, it skips to
        near the partition's end.

        Args:
            timeout_ms: longest time to wait for a record, ms.
        """
        found = []
        for partition, records in (await self._consumer.getmany(timeout_ms=timeout_ms)).items():
            name = self._names[partition.topic]
            block = [Received(each.partition, each.offset, each.timestamp, each.key, each.value) for each in records]
            self._reached[name, partition.partition] = block[-1].offset + 1
            if name == PREDICTIONS.name:
                self._newest[partition.partition] = [(each.timestamp_ms, each.value) for each in block[-A_BLOCK:]]
            found.append((name, block))
            if name in BACKLOG:
                self._keep_up(partition, block[-1].offset)
        return found

    def _keep_up(self, partition: TopicPartition, offset: int) -> None:
        end = self._consumer.highwater(partition)
        if end is not None and end - offset > MOST_BEHIND:
            self._consumer.seek(partition, end - NEWEST)

    async def ends(self, now: float) -> Ends:
        """End offset of every topic, and the offsets that the workers have committed for ticks.

        Args:
            now: wall clock, seconds since 1970, which is stored with the offsets.

        Raises:
            TimeoutError: the broker does not answer in time.
            KafkaError: the broker answers with an error.
        """
        async with asyncio.timeout(ANSWER_S):
            held = await committed(self._admin, self._settings.group)
            ends = await self._ticks.end_offsets(self._all)
        self._ends = ends
        records: dict[str, int] = dict.fromkeys((topic.name for topic in TOPICS), 0)
        names = {self._settings.topic(topic.name): topic.name for topic in TOPICS}
        lags, covered = {}, {}
        for each, end in ends.items():
            records[names[each.topic]] += end
            if each.topic == self._settings.topic(TICKS.name):
                covered[each.partition] = held.get(each, 0)
                lags[each.partition] = end - covered[each.partition]
        return Ends(now, records, lags, covered)

    async def reach(self) -> tuple[dict[Place, int], dict[Place, int]]:
        """Two mappings by topic and partition: the offset to be read next, and the offset behind the last readable
        record.

        Raises:
            TimeoutError: the broker does not answer in time.
            KafkaError: the broker answers with an error.
        """
        followed = [each for each in self._all if each.topic in self._names]
        async with asyncio.timeout(ANSWER_S):
            # A record written between these two requests counts as waiting, but only until the next measurement.
            positions = {each: await self._consumer.position(each) for each in followed}
            ends = await self._consumer.end_offsets(followed)
        return (
            {(self._names[each.topic], each.partition): position for each, position in positions.items()},
            {(self._names[each.topic], each.partition): end for each, end in ends.items()},
        )

    async def group(self) -> tuple[str, int]:
        """State of the workers' consumer group as Kafka names it, and the number of its members.

        The result is ("", -1) if no consumer group has ever existed on the cluster.

        Raises:
            TimeoutError: the broker does not answer in time.
            KafkaError: the broker answers with an error.
        """
        try:
            async with asyncio.timeout(ANSWER_S):
                (answer,) = await self._admin.describe_consumer_groups([self._settings.group])
        except GroupCoordinatorNotAvailableError:  # a new cluster that never had a group
            return "", -1
        (described,) = answer.to_object()["groups"]
        return str(described["state"]), len(described["members"])

    async def pairs(self) -> list[tuple[dict[int, PredictionTimes], dict[int, int]]]:
        """Times of recent predictions and of the ticks that they were made from.

        Each item is for one partition: a pair of mappings, both with the offset of the tick as key. The first gives
        the times of the prediction, the second the time in ms at which the tick was written. Each prediction is
        returned once only.

        Raises:
            TimeoutError: the broker does not answer in time.
            KafkaError: the broker answers with an error.
        """
        newest, self._newest = self._newest, {}
        topic = self._settings.topic(TICKS.name)
        wanted = {}
        for number, values in newest.items():
            end = self._ends.get(TopicPartition(topic, number), 0)
            # Only predictions that name an existing tick, since anybody may have written them.
            if made := {offset: each for offset, each in answered(values).items() if 0 <= offset < end}:
                wanted[number] = made
        for number, made in wanted.items():
            self._ticks.seek(TopicPartition(topic, number), min(made))
        found: dict[int, dict[int, int]] = {number: {} for number in wanted}
        async with asyncio.timeout(ANSWER_S):
            for number, made in wanted.items():
                fetched = await self._ticks.getmany(
                    TopicPartition(topic, number), timeout_ms=200, max_records=4 * A_BLOCK
                )
                for records in fetched.values():
                    found[number] = {each.offset: each.timestamp for each in records if each.offset in made}
        return [(wanted[number], found[number]) for number in wanted]
