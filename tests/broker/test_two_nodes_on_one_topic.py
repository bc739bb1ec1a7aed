"""Two nodes that read one topic in one worker: both stay exact, each with its own snapshots and offsets."""

from pathlib import Path

import pytest

from agents.config.settings import Settings
from agents.operations import topics
from agents.runtime.binding import changelog_name
from streams.sources.synthetic import synthetic_market
from tests.support import two_nodes_worker
from tests.support.counting import COUNTS, CountingNode
from tests.support.live_loop import LiveLoop
from tests.support.two_nodes_worker import SquaringNode

pytestmark = pytest.mark.broker

WORKER = ("-m", two_nodes_worker.__name__)


async def test_both_nodes_stay_exact_though_their_worker_is_killed(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    settings = Settings.load({}, prefix=prefix, partitions=2, checkpoint_s=0.4)
    counting = LiveLoop([CountingNode()], settings, bootstrap, tmp_path / "workers.log", WORKER)
    squaring = LiveLoop([SquaringNode()], settings, bootstrap, tmp_path / "workers.log", WORKER)
    specs = [topics.specification(settings, topic) for topic in SquaringNode.outputs]
    await topics.apply(bootstrap, [*specs, topics.changelog(settings, changelog_name(settings, SquaringNode()))])
    async with counting as loop:
        loop.start(1)
        async with loop.market(synthetic_market(12), ticks=20_000, rate=2_500):
            await loop.until_stored(COUNTS.name, 3_000)
            loop.kill(1)
            loop.start(1)
        await loop.until_caught_up()
        for each in (counting, squaring):
            verdict = await each.verdict()
            assert verdict.is_exact, verdict
            assert verdict.expected >= 20_000, "more, if it took long until they were counted"
