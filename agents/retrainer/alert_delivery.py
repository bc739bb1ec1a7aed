"""Delivers alerts to the log of the retrainer, to the topic `alerts`, and to a webhook."""

import asyncio
import logging
import time

from agents.config.settings import Settings
from agents.kafka import AIOKafkaProducer
from agents.retrainer.webhook import Webhook
from schemas.alerts import Alert
from schemas.codec import encode
from schemas.topics import ALERTS

STALE_S = 600.0
"""Largest age of the record that an alert is about, s, for the webhook to get the alert."""

LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

log = logging.getLogger(__name__)


class AlertsOut:
    """Delivers alerts to the log of the process, to the topic `alerts`, and to a webhook.

    The webhook gets an alert only if the record that caused the alert is less than ten minutes old.
    Without this limit, a system that is started on old topics would post one alert for each old cause.

    Args:
        settings: settings of the system, with the prefix of its topic names.
        producer: producer that is connected already.
        webhook: web address that alerts are posted to; None: there is none.
    """

    def __init__(self, settings: Settings, producer: AIOKafkaProducer, webhook: Webhook | None) -> None:
        self._topic, self._producer, self._webhook = settings.topic(ALERTS.name), producer, webhook

    async def put(self, alert: Alert, partition: int, written_s: float | None = None) -> asyncio.Future[object]:
        """Deliver an alert; the returned future is done once the Kafka cluster has acknowledged the alert.

        Args:
            alert: alert to deliver.
            partition: partition of the alert's symbol.
            written_s: when the record that caused the alert was written, seconds since 1970; None: now.

        Raises:
            KafkaError: the cluster does not accept the record.
        """
        log.log(LEVELS[alert.severity], "%s: %s", alert.kind, alert.sentence)
        if self._webhook is not None and (written_s is None or time.time() - written_s < STALE_S):
            self._webhook.put(alert)
        acknowledged: asyncio.Future[object] = await self._producer.send(
            self._topic, encode(alert), alert.symbol.encode(), partition=partition
        )
        return acknowledged
