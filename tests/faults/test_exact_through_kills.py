"""No record is lost, doubled or different through kill -9 of workers, joins, stops, pauses and a killed broker."""

import asyncio
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agents.broker import process
from agents.broker.launch import start
from agents.broker.process import RunningBroker
from agents.config.settings import Settings
from schemas.ticks import Quote, Trade
from schemas.topics import PAPER_ACCOUNT, PREDICTIONS
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from tests.support.live_loop import LiveLoop

pytestmark = [pytest.mark.broker, pytest.mark.faults]

SESSION_TIMEOUT_S = 4.0
SYMBOLS = [f"SYM{number}" for number in range(24)]


def loop_of(bootstrap: str, prefix: str, folder: Path, **settings: object) -> LiveLoop:
    chosen = Settings.load({}, prefix=prefix, checkpoint_s=0.5, session_timeout_s=SESSION_TIMEOUT_S, **settings)
    return LiveLoop(nodes(Parameters()), chosen, bootstrap, folder / "workers.log")


def symbols_of(seed: int) -> Iterator[Quote | Trade]:
    return synthetic_market(seed, SYMBOLS)


async def test_nothing_is_lost_or_doubled_in_six_kills_of_a_worker(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    rng = random.Random(20261122)
    async with loop_of(bootstrap, prefix, tmp_path) as loop:
        loop.start(1)
        async with loop.market(symbols_of(1), ticks=200_000, rate=6_000):
            for _ in range(6):
                await loop.until_ready(1)
                await asyncio.sleep(rng.uniform(0.2, 2.5))
                loop.kill(1)
                loop.start(1)
        await loop.until_caught_up()
        verdict = await loop.verdict()
        print(verdict)
        assert verdict.is_exact, verdict
        assert verdict.expected >= 200_000
        assert verdict.repeats > 0, "no kill hit between an output and its checkpoint: the test showed nothing"


async def test_two_workers_join_kill_and_stop(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    async with loop_of(bootstrap, prefix, tmp_path) as loop:
        loop.start(1)
        async with loop.market(symbols_of(2), ticks=100_000, rate=4_000):
            await loop.until_ready(1)
            await asyncio.sleep(1)
            loop.start(2)
            await loop.until_ready(2)
            await asyncio.sleep(1.3)
            loop.kill(1)
            await asyncio.sleep(1)
            loop.start(1)
            await loop.until_ready(1)
            await asyncio.sleep(1.3)
            assert await loop.stop(2) == 0
        await loop.until_caught_up()
        verdict = await loop.verdict()
        print(verdict)
        assert verdict.is_exact, verdict
        assert verdict.expected >= 100_000
        assert len(await loop.stored(PAPER_ACCOUNT.name)) >= len(SYMBOLS), "the verdict is over both nodes"


async def test_a_paused_worker_wakes_up_replaced(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    async with loop_of(bootstrap, prefix, tmp_path) as loop:
        loop.start(1)
        async with loop.market(symbols_of(3), ticks=60_000, rate=3_000):
            await loop.until_ready(1)
            loop.start(2)
            await loop.until_ready(2)
            await asyncio.sleep(1.3)
            loop.workers[1].send_signal(signal.SIGSTOP)
            await asyncio.sleep(SESSION_TIMEOUT_S + 2)
            loop.workers[1].send_signal(signal.SIGCONT)
            await asyncio.sleep(1)
        # Whatever the one that woke up wrote must not be what a successor builds on.
        loop.kill(2)
        loop.kill(1)
        loop.start(3)
        await loop.until_caught_up()
        verdict = await loop.verdict()
        print(verdict)
        assert verdict.is_exact, verdict


async def test_nothing_is_lost_or_doubled_when_the_broker_is_killed(
    fresh_broker: Callable[[str], RunningBroker], prefix: str, tmp_path: Path
) -> None:
    broker = await asyncio.to_thread(fresh_broker, "broker")
    home = tmp_path / "broker"
    async with loop_of(broker.address, prefix, tmp_path) as loop:
        loop.start(1)
        await loop.publish(synthetic_market(4, SYMBOLS, ticks=20_000))
        async with loop.market(symbols_of(5), ticks=60_000, rate=6_000):
            # Before that there is no worker to take through it: one that starts while the broker is away ends.
            await loop.until_stored(PREDICTIONS.name, 20_000)
            alive = process.running(home)
            assert alive is not None
            assert alive.process is not None
            alive.process.kill()
            await asyncio.sleep(3)
            await asyncio.to_thread(start, home)
            await asyncio.sleep(2)
        await loop.until_caught_up()
        verdict = await loop.verdict()
        print(verdict)
        assert verdict.is_exact, verdict
        assert verdict.expected >= 80_000


async def test_the_bytes_are_the_same_with_few_snapshots_a_checkpoint(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """A checkpoint has room for one symbol, so symbols are stored at different offsets when the worker is killed."""
    async with loop_of(bootstrap, prefix, tmp_path, partitions=2, checkpoint_bytes=1) as loop:
        loop.start(1)
        async with loop.market(symbols_of(6), ticks=40_000, rate=5_000):
            for _ in range(2):
                await loop.until_ready(1)
                await asyncio.sleep(1.7)
                loop.kill(1)
                loop.start(1)
        await loop.until_caught_up()
        verdict = await loop.verdict()
        print(verdict)
        assert verdict.is_exact, verdict
