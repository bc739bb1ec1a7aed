"""Posts alerts to a web address in the background, with up to four attempts each."""

import asyncio
import logging
from collections import deque

from aiohttp import ClientError, ClientSession, ClientTimeout

from schemas.alerts import Alert
from schemas.codec import encode
from schemas.errors import ConfigurationError

ATTEMPTS = 4
TIMEOUT_S = 5.0
FIRST_PAUSE_S = 1.0
MOST_WAITING = 100
"""Most alerts of one kind that wait to be posted."""

log = logging.getLogger(__name__)


class Webhook:
    """Posts alerts as JSON to a web address, one after the other; the kinds of alert take turns.

    There is a queue of at most 100 alerts for each kind. Anybody can cause any number of alerts about refused
    commands. In a single queue these would delay an important alert for hours, or push it out.

    Args:
        address: http or https address. It may contain a secret, so it is never logged.
        first_pause_s: pause after the first failed attempt, s; the pause doubles with each further attempt.

    Raises:
        ConfigurationError: the address does not begin with http:// or https://.
    """

    def __init__(self, address: str, first_pause_s: float = FIRST_PAUSE_S) -> None:
        if not address.startswith(("http://", "https://")):
            raise ConfigurationError("alert_webhook: expected an address that begins with http:// or https://")
        self._address = address
        self._first_pause_s = first_pause_s
        # By kind, the one whose turn is next first.
        self._waiting: dict[str, deque[Alert]] = {}
        self._come, self._idle = asyncio.Event(), asyncio.Event()

    def put(self, alert: Alert) -> None:
        """Add an alert to the queue of its kind. If the queue is full, the alert is dropped and an error logged."""
        waiting = self._waiting.setdefault(alert.kind, deque())
        if len(waiting) >= MOST_WAITING:
            log.error("webhook: %s such alerts are waiting, %s (%s) is not sent", len(waiting), alert.id, alert.kind)
            return
        waiting.append(alert)
        self._idle.clear()
        self._come.set()

    async def until_idle(self) -> None:
        """Wait until every alert that was added by `put` is delivered or given up."""
        await self._idle.wait()

    async def run(self) -> None:
        """Post the alerts in the queues, and those that are added later, until cancelled."""
        async with ClientSession(timeout=ClientTimeout(total=TIMEOUT_S)) as session:
            while True:
                if self._waiting:
                    await self._post(session, self._next())
                else:
                    self._idle.set()
                    self._come.clear()
                    await self._come.wait()

    def _next(self) -> Alert:
        kind = next(iter(self._waiting))
        waiting = self._waiting.pop(kind)
        alert = waiting.popleft()
        if waiting:
            self._waiting[kind] = waiting  # after the other kinds
        return alert

    async def _post(self, session: ClientSession, alert: Alert) -> None:
        problem = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(self._first_pause_s * 2 ** (attempt - 1))
            try:
                async with session.post(
                    self._address, data=encode(alert), headers={"Content-Type": "application/json"}
                ) as answer:
                    if answer.status < 300:
                        return
                    problem = f"status {answer.status}"
            except (ClientError, TimeoutError, ValueError) as error:
                # Only the kind: the text of these errors names the address.
                problem = type(error).__name__
        log.error("webhook: %s (%s) was not delivered in %s attempts: %s", alert.id, alert.kind, ATTEMPTS, problem)
