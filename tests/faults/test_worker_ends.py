"""A worker ends by itself after an unexpected error, with snapshots that contradict the topic, or if replaced."""

import asyncio
from itertools import islice
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from agents.clients.pace import Pace
from agents.config.settings import Settings
from agents.operations import topics
from agents.runtime.crash import EXIT_CRASHED, EXIT_STATE
from schemas.topics import TICKS
from streams.sources.synthetic import synthetic_market
from tests.support.counting import COUNTS, CountingNode
from tests.support.counting_worker import BOMB
from tests.support.live_loop import LiveLoop

pytestmark = [pytest.mark.broker, pytest.mark.faults]

SYMBOLS = [f"SYM{number}" for number in range(16)]


@pytest.fixture
def loop(bootstrap: str, prefix: str, tmp_path: Path) -> LiveLoop:
    settings = Settings.load({}, prefix=prefix, checkpoint_s=0.5, session_timeout_s=6.0)
    command = ("-m", "tests.support.counting_worker")
    return LiveLoop([CountingNode()], settings, bootstrap, tmp_path / "workers.log", command)


async def test_an_unexpected_error_ends_the_process_and_loses_nothing(loop: LiveLoop) -> None:
    market = synthetic_market(1, SYMBOLS)
    async with loop:
        loop.start(1, **{BOMB: f"{SYMBOLS[3]}:200"})
        await loop.publish(islice(market, 2_000))
        await loop.publish(islice(market, 4_000), Pace(rate=4_000))
        assert await loop.end(1) == EXIT_CRASHED
        assert "mistake in the step" in loop.log(1)
        loop.start(1)
        await loop.publish(islice(market, 1_000))
        await loop.until_caught_up()
        verdict = await loop.verdict()
        assert verdict.is_exact, verdict
        assert verdict.expected == 7_000


async def test_snapshots_beyond_the_end_of_the_log_are_refused(loop: LiveLoop) -> None:
    async with loop:
        loop.start(1)
        await loop.publish(synthetic_market(2, SYMBOLS, ticks=3_000))
        await loop.until_caught_up()
        assert await loop.stop(1) == 0
        await recreate(loop, topics.specification(loop.settings, TICKS))
        await loop.publish(synthetic_market(2, SYMBOLS, ticks=300))
        loop.start(1)
        assert await loop.end(1) == EXIT_STATE
        assert "but their topic was deleted and made anew: its id was " in loop.log(1)
        assert "; fix: restore the log" in loop.log(1)


async def recreate(loop: LiveLoop, topic: topics.TopicSpec) -> None:
    """Delete a topic and create it again, empty."""
    cluster = AIOKafkaAdminClient(bootstrap_servers=loop.bootstrap)
    await cluster.start()
    try:
        await cluster.delete_topics([topic.name])
        async with asyncio.timeout(20):
            there = await cluster.list_topics()
            while topic.name in there:
                await asyncio.sleep(0.05)
                there = await cluster.list_topics()
    finally:
        await cluster.close()
    await topics.apply(loop.bootstrap, [topic])


async def test_a_second_worker_in_a_slot_shuts_the_first_one_out(loop: LiveLoop) -> None:
    async with loop:
        loop.start(1)
        async with loop.market(synthetic_market(3, SYMBOLS), ticks=4_000, rate=1_000):
            await loop.until_stored(COUNTS.name, 1)
            first = loop.workers[1]
            loop.start(1)
            try:
                code = await asyncio.to_thread(first.wait, 60)
            finally:
                first.kill()
        assert code == EXIT_CRASHED
        assert "another one has taken its place; fix:" in loop.log(1)
        await loop.until_caught_up()
        verdict = await loop.verdict()
        assert verdict.is_exact, verdict
        assert await loop.stop(1) == 0
