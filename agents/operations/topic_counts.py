"""Counts the records of each topic and the lag of the workers, from offsets that the broker reports."""

import asyncio
from collections.abc import Collection, Iterable
from typing import NamedTuple, Self

from agents.clients.committed import committed
from agents.config.settings import Settings
from agents.kafka import TopicPartition, clients
from schemas.topics import TOPICS
from streams.engine.chain import chained
from streams.parameters import Parameters
from streams.topology import nodes


class TopicCounts(NamedTuple):
    """Numbers of records at one moment.

    Attributes:
        records: sum of the end offsets over all partitions, by topic name (without the system's prefix); repeated
            records count too.
        lag: number of records that the workers have still to apply and store, over all topics that they read.
    """

    records: dict[str, int]
    lag: int


class Gauge:
    """Reads end offsets of topics and the committed offsets of the workers.

    Used as a context manager: `async with Gauge(settings, bootstrap) as gauge: counts = await gauge.read()`.

    Args:
        settings: settings of the workers.
        bootstrap: addresses of the brokers, `host:port[,host:port...]`.
        sources: names (without the system's prefix) of the topics that the workers read; empty means the topics that
            the workers of the whole system read.
    """

    def __init__(self, settings: Settings, bootstrap: str, sources: Collection[str] = ()) -> None:
        self._settings = settings
        self._sources = sorted(sources or {node.source.name for node in chained(nodes(Parameters()))})
        self._consumer = clients.consumer(bootstrap)
        self._admin = clients.administrator(bootstrap)

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
            await self._admin.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(self._consumer.stop(), self._admin.close())

    async def read(self) -> TopicCounts:
        """Read the present number of records and the lag."""
        names = {self._settings.topic(topic.name): topic.name for topic in TOPICS}
        # Ends are asked for last: whatever the nodes wrote before they committed is counted.
        reached = await committed(self._admin, self._settings.group)
        ends = await self._consumer.end_offsets(self._partitions(names))
        records = dict.fromkeys(names.values(), 0)
        for partition, end in ends.items():
            records[names[partition.topic]] += end
        lag = sum(
            ends[source] - reached.get(source, 0)
            for source in self._partitions(map(self._settings.topic, self._sources))
        )
        return TopicCounts(records, lag)

    def _partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [TopicPartition(topic, number) for topic in topics for number in range(self._settings.partitions)]
