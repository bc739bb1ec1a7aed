"""`/healthz`, `/readyz` and the metrics of workers, while the broker or another worker is killed and comes back."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agents.broker import ports
from agents.broker.launch import start
from agents.broker.process import RunningBroker
from agents.config.settings import Settings
from agents.telemetry.health import BROKER_S, Verdict
from agents.telemetry.health_queries import Answer, ask_worker
from schemas.topics import PREDICTIONS
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from tests.support.live_loop import LiveLoop

pytestmark = [pytest.mark.broker, pytest.mark.faults]

PATIENCE_S = 60.0
TICKS = 2_000


def wrong(verdict: Answer) -> list[str]:
    return (
        ["no answer"] if not isinstance(verdict, Verdict) else [check.name for check in verdict.checks if not check.ok]
    )


async def until(settings: Settings, slot: int, holds: Callable[[list[str]], bool]) -> tuple[Answer, float]:
    """Ask a worker for its health until the names of its failed checks satisfy `holds`.

    Returns:
        The worker's last answer, and the seconds that it took.
    """
    began = time.monotonic()
    while True:
        verdict = await ask_worker(settings, slot)
        if holds(wrong(verdict)):
            return verdict, time.monotonic() - began
        assert time.monotonic() - began < PATIENCE_S, verdict
        await asyncio.sleep(0.1)


async def status(settings: Settings, slot: int, path: str) -> int:
    address = f"http://127.0.0.1:{settings.metrics_port + slot}{path}"
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        return response.status


async def metric(settings: Settings, slot: int, name: str) -> float:
    """Sum of a worker's metric over its labels."""
    address = f"http://127.0.0.1:{settings.metrics_port + slot}/metrics"
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        text = await response.text()
    families = text_string_to_metric_families(text)
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)


def two_ports() -> int:
    """A port such that the next two ports are free."""
    while True:
        port = ports.any_free()
        if ports.is_free(port + 1) and ports.is_free(port + 2):
            return port


async def test_health_turns_within_seconds_and_clears(
    fresh_broker: Callable[[str], RunningBroker], prefix: str, tmp_path: Path
) -> None:
    broker = await asyncio.to_thread(fresh_broker, "home")
    settings = Settings.load(
        {},
        home=str(tmp_path),
        prefix=prefix,
        partitions=4,
        checkpoint_s=0.5,
        session_timeout_s=6.0,
        metrics_port=two_ports(),
    )
    serving = {"TICKLOOP_METRICS_PORT": str(settings.metrics_port)}
    async with LiveLoop(nodes(Parameters()), settings, broker.address, tmp_path / "workers.log") as loop:
        loop.start(1, **serving)
        loop.start(2, **serving)
        for slot in (1, 2):
            await until(settings, slot, lambda found: found == [])
        market = synthetic_market(7)
        await loop.publish(next(market) for _ in range(TICKS))
        await loop.until_caught_up()
        applied = sum([await metric(settings, slot, "tickloop_records_applied_total") for slot in (1, 2)])
        assert applied >= TICKS
        sent = len(await loop.stored(PREDICTIONS.name))
        assert sent == TICKS
        assert await metric(settings, 1, "tickloop_broker_silence_seconds") < BROKER_S
        assert [await metric(settings, slot, "tickloop_assigned_partitions") for slot in (1, 2)].count(0) == 0

        assert broker.process is not None
        broker.process.kill()
        verdict, took = await until(settings, 1, lambda found: "broker" in found)
        assert took < BROKER_S + 10, "the rest is that of a busy machine"
        assert verdict is not None
        assert await status(settings, 1, "/healthz") == 503
        await asyncio.to_thread(start, tmp_path / "home")
        for slot in (1, 2):
            await until(settings, slot, lambda found: found == [])
            assert await status(settings, slot, "/healthz") == 200
        await loop.publish(next(market) for _ in range(TICKS))
        await loop.until_caught_up()

        before = await metric(settings, 1, "tickloop_rebalances_total")
        os.kill(loop.workers[2].pid, signal.SIGSTOP)
        _, took = await until(settings, 2, lambda found: found == ["no answer"])
        assert took < 15, "the rest is that of a busy machine"
        began = time.monotonic()
        while await metric(settings, 1, "tickloop_rebalances_total") == before:
            assert time.monotonic() - began < PATIENCE_S, "the peer's partitions did not come over"
            await asyncio.sleep(0.2)
        await until(settings, 1, lambda found: found == [])
        os.kill(loop.workers[2].pid, signal.SIGCONT)
        await until(settings, 2, lambda found: found == [])
        assert (await loop.verdict()).is_exact


async def test_a_worker_that_recovers_is_well_and_not_ready(
    fresh_broker: Callable[[str], RunningBroker], prefix: str, tmp_path: Path
) -> None:
    broker = await asyncio.to_thread(fresh_broker, "home")
    settings = Settings.load(
        {}, home=str(tmp_path), prefix=prefix, partitions=4, session_timeout_s=6.0, metrics_port=two_ports()
    )
    async with LiveLoop(nodes(Parameters()), settings, broker.address, tmp_path / "workers.log") as loop:
        loop.start(1, TICKLOOP_METRICS_PORT=str(settings.metrics_port))
        await until(settings, 1, lambda found: found == ["recovery"])
        assert await status(settings, 1, "/healthz") == 200
        await until(settings, 1, lambda found: found == [])
        assert await status(settings, 1, "/readyz") == 200
