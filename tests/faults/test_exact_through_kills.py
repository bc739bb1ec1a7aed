"""kill -9, joins, stops, pauses and a dead broker, at random moments: nothing lost, doubled or different."""

import asyncio
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from live_loop import LiveLoop

from agents.broker import process
from agents.broker.launch import start
from agents.broker.process import Running
from agents.clients.pace import Pace
from agents.settings import Settings
from schemas.topics import PREDICTIONS
from streams.market import MarketNode
from streams.sources.synthetic import synthetic_market

pytestmark = [pytest.mark.broker, pytest.mark.faults]

SYMBOLS = [f"SYM{number}" for number in range(24)]


def loop_of(bootstrap: str, prefix: str, folder: Path, **settings: object) -> LiveLoop:
    chosen = Settings.load({}, prefix=prefix, checkpoint_s=0.5, session_timeout_s=4.0, **settings)
    return LiveLoop(MarketNode(), chosen, bootstrap, folder / "workers.log")


async def publish_over(loop: LiveLoop, ticks: int, seconds: float, seed: int) -> None:
    """Publish a synthetic market, spread over a time."""
    await loop.publish(synthetic_market(seed, SYMBOLS, ticks=ticks), Pace(rate=ticks / seconds))


async def test_six_kills_of_a_worker_during_200k_ticks(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    rng = random.Random(20261122)
    async with loop_of(bootstrap, prefix, tmp_path) as loop:
        loop.start(1)
        publishing = asyncio.create_task(publish_over(loop, 200_000, seconds=25, seed=1))
        for _ in range(6):
            await asyncio.sleep(rng.uniform(3.0, 5.0))
            loop.kill(1)
            loop.start(1)
        await publishing
        await loop.until_caught_up()
        verdict = await loop.verdict()
        print(verdict)
        assert verdict.is_exact, verdict
        assert verdict.expected >= 200_000
        assert verdict.repeats > 0, "no kill hit between an output and its checkpoint: the test showed nothing"


async def test_two_workers_join_kill_and_stop(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    async with loop_of(bootstrap, prefix, tmp_path) as loop:
        loop.start(1)
        publishing = asyncio.create_task(publish_over(loop, 100_000, seconds=20, seed=2))
        await asyncio.sleep(5)
        loop.start(2)
        await asyncio.sleep(5)
        loop.kill(1)
        await asyncio.sleep(2)
        loop.start(1)
        await asyncio.sleep(4)
        assert await loop.stop(2) == 0
        await publishing
        await loop.until_caught_up()
        verdict = await loop.verdict()
        print(verdict)
        assert verdict.is_exact, verdict


async def test_a_paused_worker_wakes_up_replaced(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    async with loop_of(bootstrap, prefix, tmp_path) as loop:
        loop.start(1)
        publishing = asyncio.create_task(publish_over(loop, 60_000, seconds=20, seed=3))
        await asyncio.sleep(5)
        loop.start(2)
        await asyncio.sleep(4)
        loop.workers[1].send_signal(signal.SIGSTOP)
        await asyncio.sleep(7)
        loop.workers[1].send_signal(signal.SIGCONT)
        await publishing
        # Whatever the one that woke up wrote must not be what a successor builds on.
        loop.kill(2)
        loop.kill(1)
        loop.start(3)
        await loop.until_caught_up()
        verdict = await loop.verdict()
        print(verdict)
        assert verdict.is_exact, verdict


async def test_kill_of_the_broker(fresh_broker: Callable[[str], Running], prefix: str, tmp_path: Path) -> None:
    broker = await asyncio.to_thread(fresh_broker, "broker")
    home = tmp_path / "broker"
    async with loop_of(broker.address, prefix, tmp_path) as loop:
        loop.start(1)
        await loop.publish(synthetic_market(4, SYMBOLS, ticks=20_000))
        await loop.until_stored(PREDICTIONS.name, 1)
        publishing = asyncio.create_task(publish_over(loop, 60_000, seconds=10, seed=5))
        await asyncio.sleep(5)
        alive = process.running(home)
        assert alive is not None
        assert alive.process is not None
        alive.process.kill()
        await asyncio.sleep(3)
        await asyncio.to_thread(start, home)
        await publishing
        await loop.until_caught_up()
        verdict = await loop.verdict()
        print(verdict)
        assert verdict.is_exact, verdict
        assert verdict.expected >= 80_000


async def test_the_bytes_are_the_same_with_few_snapshots_a_checkpoint(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """A checkpoint that has room for one symbol only: symbols stand at many different offsets when the kill comes."""
    async with loop_of(bootstrap, prefix, tmp_path, partitions=2, checkpoint_bytes=1) as loop:
        loop.start(1)
        publishing = asyncio.create_task(publish_over(loop, 40_000, seconds=8, seed=6))
        await asyncio.sleep(7)
        loop.kill(1)
        loop.start(1)
        await publishing
        await asyncio.sleep(1)
        loop.kill(1)
        loop.start(1)
        await loop.until_caught_up()
        verdict = await loop.verdict()
        print(verdict)
        assert verdict.is_exact, verdict
