"""A worker's metrics and health over HTTP; the app is built but not started."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from msgspec import json
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from agents.broker import ports
from agents.config.settings import Settings
from agents.kafka.fetches import Fetched
from agents.runtime.app import LoopApp, create_app
from agents.runtime.live_partition import LivePartition, PartitionServices
from agents.runtime.outbox import Post
from agents.runtime.recovery import NOTHING
from agents.telemetry import watch
from agents.telemetry.health import Verdict
from agents.telemetry.health_queries import Stranger, ask_worker, state
from agents.telemetry.watch import WorkerWatch
from schemas.codec import encode
from schemas.ticks import Trade
from streams.parameters import Parameters
from streams.topology import nodes
from tests.support.counting import COUNTS, Counted, CountingNode

OPEN_METRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


class Worker:
    """An app with one live partition of the counting node, and its health."""

    def __init__(self, settings: Settings) -> None:
        self.app: LoopApp = create_app(settings, "127.0.0.1:1", [CountingNode()])
        self.binding = self.app.runtime.bindings[0]
        producer = SimpleNamespace(create_batch=lambda: SimpleNamespace(append=lambda **_: object(), size=lambda: 0))
        topics: dict[type, str] = {Counted: COUNTS.name}
        ways = PartitionServices(
            cast(Any, producer), Post(), topics, "log", 1, 1_000_000, lambda _: None, self.binding.counters
        )
        self.live = LivePartition(CountingNode(), 3, NOTHING, ways)
        self.binding.live[3] = self.live
        self.watch = WorkerWatch(self.app, settings, "127.0.0.1:1", 1)

    async def take(self, symbols: list[str]) -> None:
        records = [
            SimpleNamespace(offset=offset, timestamp=0, key=b"", value=encode(Trade(symbol, 1 + offset, 1.0, 1.0)))
            for offset, symbol in enumerate(symbols)
        ]
        await self.live.take(Fetched.of(records, 0, len(records)))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=str(tmp_path), metrics_port=ports.any_free() - 1)


@pytest.fixture
def worker(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    async def silent(_: WorkerWatch) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(watch.WorkerWatch, "_keep_asking", silent)
    client = logging.getLogger("aiokafka")
    before = client.handlers[:]
    yield Worker(settings)
    client.handlers[:] = before


async def get(settings: Settings, path: str) -> tuple[int, str]:
    address = f"http://127.0.0.1:{settings.metrics_port + 1}{path}"
    async with aiohttp.ClientSession() as session:
        for _ in range(100):
            try:
                async with session.get(address, headers=OPEN_METRICS) as response:
                    return response.status, await response.text()
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)
    raise TimeoutError(address)


async def scraped(settings: Settings) -> dict[tuple[str, str], float]:
    """Value of each sample by its name and labels, read with a parser of the Prometheus format."""
    _, text = await get(settings, "/metrics")
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    return {
        (sample.name, ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


async def test_the_metrics_show_what_was_done(worker: Worker, settings: Settings) -> None:
    worker.watch.start()
    await worker.take(["A", "B", "A"])
    await worker.take(["A", "B", "A", "C"])
    logging.getLogger("aiokafka.producer.sender").warning("Got error produce response, retrying")
    found = await scraped(settings)
    where = "node=counting,partition=3,topic=ticks"
    assert found["tickloop_records_applied_total", where] == 4
    assert found["tickloop_records_repeated_total", where] == 3
    assert found["tickloop_keys", where] == 3
    assert found["tickloop_step_seconds_count", "node=counting"] == 3, "of every fourth turn"
    assert found["tickloop_step_seconds_bucket", "le=+Inf,node=counting"] == 3
    assert found["tickloop_wait_seconds_bucket", "le=60.0,node=counting"] == 0, "the records are of 1970"
    assert found["tickloop_assigned_partitions", "node=counting,topic=ticks"] == 1
    assert found["tickloop_topic_partitions", "node=counting,topic=ticks"] == 8
    assert found["tickloop_client_warnings_total", "part=producer"] == 1
    assert found["process_resident_memory_bytes", ""] > 1e6
    assert ("tickloop_lag_records", where) not in found, "no broker has said where the topic ends"


async def test_failures_of_components_are_counted_by_component(settings: Settings) -> None:
    settings = replace(settings, metrics_port=ports.any_free() - 1)
    app = create_app(settings, "127.0.0.1:1", nodes(Parameters()))
    exported = WorkerWatch(app, settings, "127.0.0.1:1", 1)._registry
    market = app.runtime.bindings[0].node
    market.failures["model forest"] = 7
    name, labels = "tickloop_component_faults_total", {"node": "market", "component": "model forest"}
    assert exported.get_sample_value(name, labels) == 7.0


async def test_a_thousand_symbols_make_no_more_series_than_one(worker: Worker, settings: Settings) -> None:
    worker.watch.start()
    await worker.take(["A"])
    await worker.take(["A"])
    few = len(await scraped(settings))
    await worker.take([f"S{number}" for number in range(1_000)])
    many = await scraped(settings)
    assert many["tickloop_keys", "node=counting,partition=3,topic=ticks"] > 900
    assert len(many) == few


async def test_a_worker_may_be_healthy_and_not_ready(worker: Worker, settings: Settings) -> None:
    worker.watch.start()
    status, body = await get(settings, "/healthz")
    assert status == 200, body
    status, body = await get(settings, "/readyz")
    verdict = json.decode(body, type=Verdict)
    assert (status, [check.name for check in verdict.checks if not check.ok]) == (503, ["recovery"])
    assert (await get(settings, "/"))[0] == 404
    assert state(await ask_worker(settings, 1)) == "recovering"

    worker.app.runtime.recovering_since = None
    assert (await get(settings, "/readyz"))[0] == 200
    worker.live.checkpointed_at -= 60
    status, body = await get(settings, "/healthz")
    assert status == 503
    assert "expected at most 10 s" in body
    assert state(await ask_worker(settings, 1)).startswith("not well: checkpoint: 60.")


async def test_a_blocked_event_loop_is_reported_though_it_cannot_answer(worker: Worker, settings: Settings) -> None:
    """The health is answered by another thread, while the event loop of the app, here this test's, is blocked."""
    worker.watch.start()
    worker.app.runtime.beat = 1e-9
    status, body = await get(settings, "/healthz")
    assert status == 503
    assert [check.name for check in json.decode(body, type=Verdict).checks if not check.ok] == ["loop"]


async def test_the_worker_of_another_system_is_not_taken_for_ours(worker: Worker, settings: Settings) -> None:
    worker.watch.start()
    await get(settings, "/healthz")
    assert isinstance(await ask_worker(settings, 1), Verdict)
    theirs = Stranger(f"worker-1 of {settings.home} (group tickloop)")
    for other in (replace(settings, prefix="other-"), replace(settings, home=f"{settings.home}/other")):
        assert await ask_worker(other, 1) == theirs
        assert state(await ask_worker(other, 2)) == "does not answer"


async def test_the_cluster_says_which_system_it_is_wherever_its_parts_have_their_folders(
    worker: Worker, settings: Settings
) -> None:
    worker.watch._cluster = "one"
    worker.watch.start()
    await get(settings, "/healthz")
    elsewhere = replace(settings, home=f"{settings.home}/other")
    assert isinstance(await ask_worker(elsewhere, 1, "one"), Verdict)
    assert isinstance(await ask_worker(settings, 1, "two"), Stranger)


async def test_a_health_watch_that_ends_is_started_again_and_logged(
    worker: Worker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "ASK_S", 0.01)
    times = 0

    async def dies_once(_: WorkerWatch) -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise OverflowError("too far")
        await asyncio.Event().wait()

    monkeypatch.setattr(watch.WorkerWatch, "_keep_asking", dies_once)
    worker.watch.start()
    async with asyncio.timeout(20):
        while times < 2:  # noqa: ASYNC110 - another thread's
            await asyncio.sleep(0.01)
    status, body = await get(settings, "/healthz")
    (check,) = [each for each in json.decode(body, type=Verdict).checks if each.name == "watch"]
    assert (status, check.ok) == (503, False)
    assert "began again: OverflowError: too far" in check.says
    monkeypatch.setattr(watch, "SHOWN_S", 0.0)
    _, body = await get(settings, "/healthz")
    assert "watch" not in [each.name for each in json.decode(body, type=Verdict).checks], "it runs again"
