"""Delivers an alert to the retrainer's log, to the topic, and, while it is recent, to the webhook."""

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
"""Of older news the webhook is not told: whoever starts the system on an old log knows them."""

LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

log = logging.getLogger(__name__)


class AlertsOut:
    """Delivers alerts of every part of the retrainer: to the log, the topic and the webhook.

    Args:
        settings: where.
        producer: connected.
        webhook: that is told too, if there is one.
    """

    def __init__(self, settings: Settings, producer: AIOKafkaProducer, webhook: Webhook | None) -> None:
        self._topic, self._producer, self._webhook = settings.topic(ALERTS.name), producer, webhook

    async def put(self, alert: Alert, partition: int, written_s: float | None = None) -> asyncio.Future[object]:
        """Put one out; what is returned is done once the cluster has it.

        Args:
            alert: to put out.
            partition: of its symbol.
            written_s: when what it is about was written, seconds since 1970; none: now.

        Raises:
            KafkaError: the cluster does not take it.
        """
        log.log(LEVELS[alert.severity], "%s: %s", alert.kind, alert.sentence)
        if self._webhook is not None and (written_s is None or time.time() - written_s < STALE_S):
            self._webhook.put(alert)
        acknowledged: asyncio.Future[object] = await self._producer.send(
            self._topic, encode(alert), alert.symbol.encode(), partition=partition
        )
        return acknowledged
