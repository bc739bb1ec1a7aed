"""Follows the topics whose records may call for an alert, and delivers these alerts."""

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
    """Follows the topics whose records may call for an alert, and delivers these alerts.

    An alert has the id of the record that caused it. After a crash some alerts may be written again; readers drop
    them by this id. Offsets are committed once the alerts up to them are acknowledged.

    Args:
        settings: settings of the system, with the prefix of its topic names and the name of its group.
        bootstrap: address of the Kafka cluster.
        producer: producer that is connected already.
        webhook: web address that alerts are posted to; None: there is none.
    """

    def __init__(self, settings: Settings, bootstrap: str, producer: AIOKafkaProducer, webhook: Webhook | None) -> None:
        self._settings, self._bootstrap = settings, bootstrap
        self._out = AlertsOut(settings, producer, webhook)
        self._readable = {settings.topic(topic.name): ReadableRecords(topic) for topic in SOURCES}
        self._once = {name: Once() for name in self._readable}

    async def run(self) -> None:
        """Deliver the alerts of existing and of new records until cancelled.

        Raises:
            KafkaError: a topic cannot be read or written.
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
