"""Thread that measures a worker, checks its health, and serves `/metrics`, `/healthz` and `/readyz`.

It has its own event loop and its own connection to the broker, so that it answers even if the worker is stuck.
"""

import asyncio
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from aiohttp import web
from aiokafka.errors import KafkaError
from faust.types import TP
from msgspec import json
from msgspec.structs import replace
from prometheus_client.exposition import choose_encoder

from agents.config.settings import Settings
from agents.kafka import TopicPartition, clients
from agents.process.background import first_error, said
from agents.runtime.app import LoopApp
from agents.telemetry.health import RECOVERY, Health, HealthCheck, HealthLimits, Verdict
from agents.telemetry.metrics import ClientWarnings, Snapshot, WorkerMetrics, registry
from agents.telemetry.vitals import take_vitals

ASK_S = 1.0
ANSWER_WITHIN_MS = 2000
SHOWN_S = 60.0
"""For this long after it had to start again, the thread reports a failed check, seconds."""

log = logging.getLogger(__name__)


class WorkerWatch(threading.Thread):
    """Thread that measures a worker, checks its health, and serves the results over HTTP.

    Args:
        app: the worker's app.
        settings: the worker's settings.
        bootstrap: address of the brokers.
        slot: number of the worker, which is added to the configured port; None for a worker without a number.
        cluster: id of the Kafka cluster; empty if not known.
    """

    def __init__(self, app: LoopApp, settings: Settings, bootstrap: str, slot: int | None, cluster: str = "") -> None:
        super().__init__(name="watch", daemon=True)
        self._app, self._settings, self._brokers = app, settings, bootstrap
        self._home, self._cluster = str(settings.home_path), cluster
        self._worker = f"worker-{slot}" if slot is not None else ""
        self._port = settings.metrics_port + (slot or 0)
        self._health = Health(HealthLimits.of(settings), time.monotonic())
        self._answered = time.monotonic()
        self._ends: dict[TP, int] = {}
        self._begun_again: tuple[float, str] | None = None
        self._version = version("tickloop")
        warnings = ClientWarnings()
        logging.getLogger("aiokafka").addHandler(warnings)
        self._registry = registry(WorkerMetrics(app.runtime, settings.partitions, warnings, self.look))

    def run(self) -> None:
        """Measure and serve for as long as the process lives.

        After an error it logs the error, reports it as a failed check for a minute, and starts again. The worker
        itself is not affected.
        """
        while True:
            try:
                asyncio.run(self._serve())
            except Exception as error:
                log.exception("the watch of this worker ended, and begins again")
                self._begun_again = time.monotonic(), said(first_error(error))
            time.sleep(ASK_S)

    async def _serve(self) -> None:
        site = web.Application()
        site.router.add_get("/metrics", self._metrics)
        site.router.add_get("/healthz", self._healthz)
        site.router.add_get("/readyz", self._readyz)
        runner = web.AppRunner(site, access_log=None, handle_signals=False)
        await runner.setup()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(runner))
                group.create_task(self._keep_asking())
        finally:
            await runner.cleanup()  # or the port would be taken when it begins again

    async def _listen(self, runner: web.AppRunner) -> None:
        """Open the port, and try again every second while it is taken: a worker that is being replaced may still
        hold it.
        """
        where, before = f"{self._settings.metrics_host}:{self._port}", ""
        while True:
            try:
                await web.TCPSite(runner, self._settings.metrics_host, self._port).start()
            except OSError as error:
                if str(error) != before:
                    before = str(error)
                    log.warning(
                        "expected to serve metrics and health at %s, cannot yet: %s; "
                        "fix: another TICKLOOP_METRICS_PORT, if something else uses it",
                        where,
                        error,
                    )
                await asyncio.sleep(ASK_S)
            else:
                log.info("metrics and health at http://%s", where)
                return

    async def _keep_asking(self) -> None:
        while True:
            await self._ask_the_broker()
            await asyncio.sleep(ASK_S)

    async def _ask_the_broker(self) -> None:
        """Record every second that the broker answers and where the sources end, until the broker fails to answer."""
        sources = [
            TopicPartition(topic, number)
            for topic in dict.fromkeys(binding.source for binding in self._app.runtime.bindings)
            for number in range(self._settings.partitions)
        ]
        client = clients.consumer(self._brokers, request_timeout_ms=ANSWER_WITHIN_MS)
        try:
            await client.start()
            while True:
                ends = await client.end_offsets(sources)
                self._ends = {TP(*source): end for source, end in ends.items()}
                self._answered = time.monotonic()
                self.look()
                await asyncio.sleep(ASK_S)
        except (KafkaError, OSError) as error:
            log.info("the broker does not answer: %s", error)
        finally:
            await client.stop()

    def look(self) -> Snapshot:
        """Measure the worker and check its health now; the result holds both."""
        vitals = take_vitals(self._app, time.monotonic(), self._answered, self._ends)
        checks = self._health.examine(vitals, datetime.now(UTC)) + self._about_itself()
        ok = all(check.ok for check in checks)
        verdict = Verdict(ok, self._settings.group, self._worker, self._version, checks, self._home, self._cluster)
        return Snapshot(vitals, verdict, time.time_ns())

    def _about_itself(self) -> tuple[HealthCheck, ...]:
        """A failed check if this thread had to start again within the last minute; empty otherwise."""
        if self._begun_again is None:
            return ()
        at, why = self._begun_again
        ago = time.monotonic() - at
        if ago > SHOWN_S:
            return ()
        since = (datetime.now(UTC) - timedelta(seconds=ago)).isoformat(timespec="milliseconds")
        says = f"the watch itself ended {ago:.1f} s ago and began again: {why}"
        return (HealthCheck("watch", False, 1.0, 0.0, since, says),)

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})

    async def _readyz(self, _: web.Request) -> web.Response:
        return _answer(self.look().verdict)

    async def _healthz(self, _: web.Request) -> web.Response:
        whole = self.look().verdict
        checks = tuple(check for check in whole.checks if check.name != RECOVERY)
        ok = all(check.ok for check in checks)
        return _answer(replace(whole, ok=ok, checks=checks))


def _answer(verdict: Verdict) -> web.Response:
    return web.Response(body=json.encode(verdict), status=200 if verdict.ok else 503, content_type="application/json")
