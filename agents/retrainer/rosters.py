"""Alerts when the market node does not compute the versions that the lifecycle node names."""

import asyncio
import time

from agents.clients.rosters import Differing, rosters
from agents.config.settings import Settings
from agents.kafka import AIOKafkaProducer
from agents.retrainer.alert_delivery import AlertsOut
from agents.retrainer.webhook import Webhook
from schemas.alerts import Alert
from schemas.topics import OUTCOMES

EVERY_S = 60.0
AGAIN_S = 3_600.0
"""Somebody is reminded as long as it lasts."""


def roster_alert(differing: Differing) -> Alert:
    """What is said about a symbol whose versions are not those that they should be."""
    outcome = differing.outcome
    return Alert(
        id=outcome.id,
        node=f"{OUTCOMES.name}/{outcome.symbol}",
        symbol=outcome.symbol,
        ts_event=outcome.ts_event,
        kind="roster",
        severity="error",
        subject=outcome.arms[0].model_version,
        sentence=differing.sentence,
    )


class RosterWatch:
    """Looks every minute; a difference that two looks in a row show is an alert, and again every hour.

    Args:
        settings: where.
        bootstrap: address of the cluster.
        producer: connected.
        webhook: that is told too, if there is one.
    """

    def __init__(self, settings: Settings, bootstrap: str, producer: AIOKafkaProducer, webhook: Webhook | None) -> None:
        self._settings, self._bootstrap = settings, bootstrap
        self._out = AlertsOut(settings, producer, webhook)
        self._seen: dict[str, str] = {}
        self._told_at: dict[tuple[str, str], float] = {}

    async def run(self) -> None:
        """Look, and look again, until cancelled.

        Raises:
            EnvironmentProblem: a topic is missing.
            KafkaError: the cluster does not let us.
        """
        async with rosters(self._settings, self._bootstrap) as found:
            while True:
                await self.take(await found.look(), time.monotonic())
                await asyncio.sleep(EVERY_S)

    async def take(self, differing: list[Differing], now_s: float) -> None:
        """Take the differences that one look has shown, at a time of the monotonic clock."""
        before, self._seen = self._seen, {each.outcome.symbol: each.sentence for each in differing}
        self._told_at = {told: at for told, at in self._told_at.items() if now_s - at < AGAIN_S}
        for each in differing:
            told = each.outcome.symbol, each.sentence
            if before.get(told[0]) == told[1] and told not in self._told_at:
                self._told_at[told] = now_s
                await (await self._out.put(roster_alert(each), each.partition))
