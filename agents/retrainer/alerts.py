"""Turns records that people should know of at once into alerts."""

import asyncio

from aiokafka.structs import ConsumerRecord

from agents.clients.readable_records import ReadableRecords
from agents.clients.reader import Once
from agents.clients.topic_partitions import partition_count
from agents.config.settings import Settings
from agents.kafka import AIOKafkaProducer, TopicPartition
from agents.kafka.committed_reads import opened
from agents.retrainer.alert_delivery import AlertsOut
from agents.retrainer.webhook import Webhook
from streams.monitoring.alerts import SOURCES, alert_of

POLL_MS = 200


class Alerts:
    """Follows the topics that alerts come from.

    An alert has the id of the record that it is about, so one that is written again after a crash is dropped by
    readers. How far it got is committed once alerts are acknowledged.

    Args:
        settings: where.
        bootstrap: address of the cluster.
        producer: connected.
        webhook: that is told too, if there is one.
    """

    def __init__(self, settings: Settings, bootstrap: str, producer: AIOKafkaProducer, webhook: Webhook | None) -> None:
        self._settings, self._bootstrap = settings, bootstrap
        self._out = AlertsOut(settings, producer, webhook)
        self._readable = {settings.topic(topic.name): ReadableRecords(topic) for topic in SOURCES}
        self._once = {name: Once() for name in self._readable}

    async def run(self) -> None:
        """Deliver alerts about existing and new records, until cancelled.

        Raises:
            KafkaError: the cluster does not let us.
            EnvironmentProblem: a topic is missing.
        """
        partitions = [
            TopicPartition(name, number)
            for name in self._readable
            for number in range(await partition_count(self._bootstrap, name))
        ]
        group = f"{self._settings.group}-alerts"
        async with opened(self._bootstrap, group_id=group) as consumer:
            consumer.assign(partitions)
            while True:
                fetched = await consumer.getmany(timeout_ms=POLL_MS)
                if not fetched:
                    continue
                acks = [ack for tp, records in fetched.items() for ack in await self._take(tp, records)]
                await asyncio.gather(*acks)
                await consumer.commit({tp: records[-1].offset + 1 for tp, records in fetched.items()})

    async def _take(self, tp: TopicPartition, records: list[ConsumerRecord]) -> list[asyncio.Future[object]]:
        acks = []
        for record in records:
            if not self._once[tp.topic].is_new(tp.partition, record.value):
                continue
            alert = alert_of(self._readable[tp.topic](record))
            if alert is not None:
                acks.append(await self._out.put(alert, tp.partition, record.timestamp / 1e3))
        return acks
