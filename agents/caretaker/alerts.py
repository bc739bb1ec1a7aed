"""Alerts: what the topics tell that somebody should hear of at once, onto one topic, into the log, to the webhook."""

import asyncio
import logging
import time

from aiokafka.structs import ConsumerRecord

from agents.caretaker.webhook import Webhook
from agents.clients.readable import Readable
from agents.clients.reader import Once
from agents.clients.topic_partitions import partition_count
from agents.kafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from agents.settings import Settings
from schemas.alerts import Alert
from schemas.codec import encode
from schemas.topics import ALERTS
from streams.alerts import SOURCES, alert_of

POLL_MS = 200
STALE_S = 600.0
"""Of older news the webhook is not told: whoever starts the system on an old log knows them."""

LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

log = logging.getLogger(__name__)


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
        self._producer, self._webhook = producer, webhook
        self._readable = {settings.topic(topic.name): Readable(topic) for topic in SOURCES}
        self._once = {name: Once() for name in self._readable}

    async def run(self) -> None:
        """Pass on what there is and what comes, until cancelled.

        Raises:
            KafkaError: the cluster does not let us.
            EnvironmentProblem: a topic is missing.
        """
        partitions = [
            TopicPartition(name, number)
            for name in self._readable
            for number in range(await partition_count(self._bootstrap, name))
        ]
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=f"{self._settings.group}-alerts",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=50,
        )
        await consumer.start()
        try:
            consumer.assign(partitions)
            while True:
                fetched = await consumer.getmany(timeout_ms=POLL_MS)
                if not fetched:
                    continue
                acks = [ack for tp, records in fetched.items() for ack in await self._take(tp, records)]
                await asyncio.gather(*acks)
                await consumer.commit({tp: records[-1].offset + 1 for tp, records in fetched.items()})
        finally:
            await consumer.stop()

    async def _take(self, tp: TopicPartition, records: list[ConsumerRecord]) -> list[asyncio.Future[object]]:
        acks = []
        for record in records:
            if not self._once[tp.topic].is_new(tp.partition, record.value):
                continue
            alert = alert_of(self._readable[tp.topic](record))
            if alert is not None:
                self._tell(alert, record.timestamp / 1e3)
                topic = self._settings.topic(ALERTS.name)
                acks.append(
                    await self._producer.send(topic, encode(alert), alert.symbol.encode(), partition=tp.partition)
                )
        return acks

    def _tell(self, alert: Alert, written_s: float) -> None:
        log.log(LEVELS[alert.severity], "%s: %s", alert.kind, alert.sentence)
        if self._webhook is not None and time.time() - written_s < STALE_S:
            self._webhook.put(alert)
