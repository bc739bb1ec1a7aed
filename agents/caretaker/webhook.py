"""Alerts to a web address: a few attempts each, nothing waits for them, and the address is nobody's to read."""

import asyncio
import logging

from aiohttp import ClientError, ClientSession, ClientTimeout

from schemas.alerts import Alert
from schemas.codec import encode
from schemas.errors import ConfigurationError

ATTEMPTS = 4
TIMEOUT_S = 5.0
FIRST_PAUSE_S = 1.0
MOST_WAITING = 1_000

log = logging.getLogger(__name__)


class Webhook:
    """Posts alerts as JSON, one after the other.

    Args:
        address: where to; http or https. It may carry a secret, so it is never logged.

    Raises:
        ConfigurationError: it is no such address.
    """

    def __init__(self, address: str, first_pause_s: float = FIRST_PAUSE_S) -> None:
        if not address.startswith(("http://", "https://")):
            raise ConfigurationError("alert_webhook: expected an address that begins with http:// or https://")
        self._address = address
        self._first_pause_s = first_pause_s
        self._waiting: asyncio.Queue[Alert] = asyncio.Queue(MOST_WAITING)

    def put(self, alert: Alert) -> None:
        """Have an alert posted soon; one that finds too many waiting is dropped, and said so."""
        try:
            self._waiting.put_nowait(alert)
        except asyncio.QueueFull:
            log.error("webhook: %s alerts are waiting, %s (%s) is not sent", MOST_WAITING, alert.id, alert.kind)

    async def run(self) -> None:
        """Post what is put, until cancelled."""
        async with ClientSession(timeout=ClientTimeout(total=TIMEOUT_S)) as session:
            while True:
                await self._post(session, await self._waiting.get())
                self._waiting.task_done()

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
