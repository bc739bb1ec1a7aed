"""Alerts a person when the model versions that run on a symbol differ from those that the registry says should run."""

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
"""Time after which the alert about a lasting difference is repeated, s."""


def roster_alert(differing: Differing) -> Alert:
    """Make the alert for a symbol whose running model versions differ from those in the registry.

    Args:
        differing: the difference, and the outcome that shows which versions run on the symbol.
    """
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
    """Compares every minute the model versions that run with those that the registry says should run.

    A difference found by two comparisons in a row causes an alert. The alert is repeated every hour while the
    difference lasts.

    Args:
        settings: settings of the system, with the prefix of its topic names.
        bootstrap: address of the Kafka cluster.
        producer: producer that is connected already.
        webhook: web address that alerts are posted to; None: there is none.
    """

    def __init__(self, settings: Settings, bootstrap: str, producer: AIOKafkaProducer, webhook: Webhook | None) -> None:
        self._settings, self._bootstrap = settings, bootstrap
        self._out = AlertsOut(settings, producer, webhook)
        self._seen: dict[str, str] = {}
        self._told_at: dict[tuple[str, str], float] = {}

    async def run(self) -> None:
        """Compare the running model versions with the registry every minute, and deliver alerts, until cancelled.

        Raises:
            EnvironmentProblem: a topic is missing.
            KafkaError: a topic cannot be read or written.
        """
        async with rosters(self._settings, self._bootstrap) as found:
            while True:
                await self.take(await found.look(), time.monotonic())
                await asyncio.sleep(EVERY_S)

    async def take(self, differing: list[Differing], now_s: float) -> None:
        """Deliver an alert for each difference that the previous comparison found as well.

        An alert is left out if an alert with the same symbol and sentence was sent within the last hour.

        Args:
            differing: differences found by the new comparison: symbols on which the versions that run are not those
                that should run by the registry.
            now_s: time of the comparison by the monotonic clock, s.
        """
        before, self._seen = self._seen, {each.outcome.symbol: each.sentence for each in differing}
        self._told_at = {told: at for told, at in self._told_at.items() if now_s - at < AGAIN_S}
        for each in differing:
            told = each.outcome.symbol, each.sentence
            if before.get(told[0]) == told[1] and told not in self._told_at:
                self._told_at[told] = now_s
                await (await self._out.put(roster_alert(each), each.partition))
