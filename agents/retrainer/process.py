"""Runs the parts of the retrainer in one process with one Kafka producer."""

import asyncio

from aiokafka.errors import KafkaError

from agents.config.settings import Settings
from agents.kafka import clients
from agents.process.background import owned, ungrouped
from agents.retrainer.alerts import Alerts
from agents.retrainer.jobs import Retrainer
from agents.retrainer.latency_guard import LatencyGuard
from agents.retrainer.rosters import RosterWatch
from agents.retrainer.webhook import Webhook
from schemas.errors import EnvironmentProblem, TickloopError
from streams.parameters import Parameters


async def run_retrainer(settings: Settings, bootstrap: str, parameters: Parameters) -> None:
    """Run retrains, alerts, and the checks of latency and of running versions, until cancelled.

    If one part ends, all parts end, so that the supervisor starts the process again.

    Raises:
        EnvironmentProblem: the cluster does not answer, lacks a topic or refuses a record.
        TickloopError: a part ended without an error, or with an unexpected one.
        ConfigurationError: the webhook's address does not begin with http:// or https://.
    """
    webhook = Webhook(settings.alert_webhook) if settings.alert_webhook else None
    producer = clients.producer(bootstrap, linger_ms=5)
    try:
        await producer.start()
        async with ungrouped(TickloopError, KafkaError), asyncio.TaskGroup() as group:
            group.create_task(owned("the retrain jobs", Retrainer(settings, bootstrap, parameters, producer).run()))
            group.create_task(owned("the follower of alerts", Alerts(settings, bootstrap, producer, webhook).run()))
            group.create_task(
                owned("the watch over rosters", RosterWatch(settings, bootstrap, producer, webhook).run())
            )
            if settings.latency_limit_ms > 0.0:
                group.create_task(
                    owned("the watch over latency", LatencyGuard(settings, bootstrap, parameters, producer).run())
                )
            if webhook is not None:
                group.create_task(owned("the webhook", webhook.run()))
    except KafkaError as error:
        raise EnvironmentProblem(f"expected {bootstrap} to answer, got {error!r}") from None
    finally:
        await producer.stop()
