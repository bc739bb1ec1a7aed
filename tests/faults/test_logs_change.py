"""Workers report a topic of ticks that was cut, recreated or restored from a backup, and code that has changed."""

import asyncio
import shutil
import signal
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from agents.broker import process
from agents.broker.launch import start
from agents.broker.process import RunningBroker
from agents.clients.log_events import log_events
from agents.config.settings import Settings
from agents.operations import topics
from agents.operations.verification import Verification, verify
from agents.runtime.crash import EXIT_STATE
from schemas.log_events import ComputedBy, LogEvent, RecordsLost
from schemas.topics import LOG_EVENTS, TICKS
from streams.sources.synthetic import synthetic_market
from tests.support.counting import COUNTS, CountingNode, OtherwiseNode
from tests.support.counting_worker import CODE, identity
from tests.support.live_loop import LiveLoop

pytestmark = [pytest.mark.broker, pytest.mark.faults]

SYMBOLS = ["AAA", "BBB", "CCC"]
RESET = "or `tickloop topics reset`, which computes everything anew"


def loop_of(bootstrap: str, prefix: str, folder: Path, **more: float) -> LiveLoop:
    settings = Settings.load({}, prefix=prefix, partitions=1, checkpoint_s=0.2, session_timeout_s=10.0, **more)
    command = ("-m", "tests.support.counting_worker")
    return LiveLoop([CountingNode()], settings, bootstrap, folder / "workers.log", command)


@pytest.fixture
def loop(bootstrap: str, prefix: str, tmp_path: Path) -> LiveLoop:
    return loop_of(bootstrap, prefix, tmp_path)


async def computed(loop: LiveLoop, seed: int, ticks: int) -> None:
    """Publish ticks, have a worker compute and store them, and stop the worker."""
    loop.start(1)
    await loop.publish(synthetic_market(seed, SYMBOLS, ticks=ticks))
    await loop.until_caught_up()
    assert await loop.stop(1) == 0


async def refused(loop: LiveLoop) -> str:
    """Start a worker that must end with the exit code for unusable state; return what it logs."""
    before = len(loop.log(1))
    loop.start(1)
    assert await loop.end(1) == EXIT_STATE, loop.log(1)[before:]
    return loop.log(1)[before:]


async def recreate(loop: LiveLoop) -> None:
    """Delete the topic of ticks and create it again, empty."""
    name = loop.settings.topic(TICKS.name)
    cluster = AIOKafkaAdminClient(bootstrap_servers=loop.bootstrap)
    await cluster.start()
    try:
        await cluster.delete_topics([name])
        async with asyncio.timeout(20):
            there = await cluster.list_topics()
            while name in there:
                await asyncio.sleep(0.05)
                there = await cluster.list_topics()
    finally:
        await cluster.close()
    await topics.apply(loop.bootstrap, [topics.specification(loop.settings, TICKS)])


async def delete_before(loop: LiveLoop, offset: int) -> None:
    """Delete the ticks before an offset at once, as retention does in time."""
    cluster = AIOKafkaAdminClient(bootstrap_servers=loop.bootstrap)
    await cluster.start()
    try:
        ticks = TopicPartition(loop.settings.topic(TICKS.name), 0)
        await cluster.delete_records({ticks: RecordsToDelete(before_offset=offset)})
    finally:
        await cluster.close()


async def events(loop: LiveLoop) -> Sequence[LogEvent]:
    return await log_events(loop.bootstrap, loop.settings.topic(LOG_EVENTS.name))


async def counted(loop: LiveLoop) -> list[int]:
    """Offsets of the ticks that have an output."""
    return [int(msgspec.json.decode(each.value)["id"].split(":")[2]) for each in await loop.stored(COUNTS.name)]


async def test_a_log_that_was_made_anew_is_refused_however_far_it_has_grown(loop: LiveLoop) -> None:
    async with loop:
        await computed(loop, seed=1, ticks=400)
        await recreate(loop)
        await loop.publish(synthetic_market(1, SYMBOLS, ticks=100))
        shorter = await refused(loop)
        assert "snapshots reach to offset 399, but their topic was deleted and made anew: its id was " in shorter
        assert RESET in shorter
        await loop.publish(islice(synthetic_market(1, SYMBOLS), 100, 900))  # the same ticks, and more of them
        longer = await refused(loop)
        assert "made anew" in longer
        assert "the log holds offsets 0 to 899; fix: restore the log" in longer
        assert len(await loop.stored(COUNTS.name)) == 400


async def test_a_log_that_is_made_anew_under_a_worker_ends_it(loop: LiveLoop) -> None:
    async with loop:
        loop.start(1)
        await loop.publish(synthetic_market(2, SYMBOLS, ticks=400))
        await loop.until_caught_up()
        loop.workers[1].send_signal(signal.SIGSTOP)  # it is not told of a topic that is gone
        await recreate(loop)
        await loop.publish(synthetic_market(3, SYMBOLS, ticks=50))
        loop.workers[1].send_signal(signal.SIGCONT)
        assert await loop.end(1) == EXIT_STATE
        assert "expected offset 400 next, was given 0; looking at the log" in loop.log(1)
        assert "but their topic was deleted and made anew" in loop.log(1)
        assert RESET in loop.log(1)


async def test_an_older_backup_of_the_log_is_refused_however_far_it_has_grown(
    fresh_broker: Callable[[str], RunningBroker], prefix: str, tmp_path: Path
) -> None:
    broker, home = await asyncio.to_thread(fresh_broker, "broker"), tmp_path / "broker"
    data, backup = process.broker_folder(home) / "data" / f"{prefix}ticks-0", tmp_path / "backup"

    async with loop_of(broker.address, prefix, tmp_path) as loop:
        await loop.publish(synthetic_market(4, SYMBOLS, ticks=300))
        process.stop(home)
        shutil.copytree(data, backup)
        await asyncio.to_thread(start, home)
        await computed(loop, seed=5, ticks=200)
        process.stop(home)
        shutil.rmtree(data)
        shutil.copytree(backup, data)
        await asyncio.to_thread(start, home)
        cut = await refused(loop)
        assert "snapshots reach to offset 499, the log ends before 300: it was deleted or cut, or an older" in cut
        assert RESET in cut
        await loop.publish(synthetic_market(6, SYMBOLS, ticks=700))
        grown = await refused(loop)
        assert "but another record lies at offset 499 now: it was cut, or an older back-up restored, and" in grown
        assert RESET in grown
        assert len(await loop.stored(COUNTS.name)) == 500


async def test_what_retention_took_from_a_worker_is_an_error_that_is_counted_and_written_down(loop: LiveLoop) -> None:
    async with loop:
        await computed(loop, seed=7, ticks=300)
        await loop.publish(synthetic_market(8, SYMBOLS, ticks=1_000))
        await delete_before(loop, 800)
        loop.start(1)
        await loop.until_caught_up()
        assert "offsets 300 to 799 of ticks-0 were deleted before counting had read them: 500 are lost" in loop.log(1)
        assert "; fix: keep the log longer" in loop.log(1)
        gap, *none = [each for each in await events(loop) if isinstance(each, RecordsLost)]
        assert (gap.node, gap.topic, gap.partition, gap.first, gap.last) == ("counting", "ticks", 0, 300, 799)
        assert not none
        assert await counted(loop) == [*range(300), *range(800, 1_300)]

        loop.workers[1].send_signal(signal.SIGSTOP)  # a consumer that lives and is too slow
        await loop.publish(synthetic_market(9, SYMBOLS, ticks=40_000))
        await delete_before(loop, 41_000)
        loop.workers[1].send_signal(signal.SIGCONT)
        await loop.until_caught_up()
        gaps = [each for each in await events(loop) if isinstance(each, RecordsLost)]
        assert len(gaps) == 2
        later = gaps[1]
        assert 1_300 <= later.first <= later.last == 40_999
        assert later.sentence in loop.log(1)
        assert await counted(loop) == [*range(300), *range(800, later.first), *range(41_000, 41_300)]

        assert await loop.stop(1) == 0  # what is behind the gap is covered: a successor finds none
        loop.start(1)
        await loop.until_ready(1)
        assert await loop.stop(1) == 0
        assert [each for each in await events(loop) if isinstance(each, RecordsLost)] == gaps


async def verified(loop: LiveLoop, node: CountingNode) -> Verification:
    return await verify(loop.settings, loop.bootstrap, [node], 30.0, lambda sentence, done, total: None)


async def test_other_code_goes_on_from_snapshots_on_purpose_only_and_is_verified_from_there(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    async with loop_of(bootstrap, prefix, tmp_path, verify_every_s=0.1) as loop:
        await computed(loop, seed=10, ticks=300)
        code, part = identity(), "streams/scoring/label_uniqueness.py"
        other = {CODE: f"{part}:0123456789abcdef"}
        changed = msgspec.structs.replace(code, parts=code.parts | {part: "0123456789abcdef"})

        before = len(loop.log(1))
        loop.start(1, **other)
        assert await loop.end(1) == EXIT_STATE
        said = loop.log(1)[before:]
        assert f"expected the code that its snapshots were computed by ({code.digest}), was other code" in said
        assert f"changed: {part} (was {code.parts[part]}, is 0123456789abcdef); fix: put the old code back" in said
        assert f"with TICKLOOP_ACCEPT_CODE={changed.digest}" in said

        assert (await verified(loop, CountingNode())).verdict == "same"
        loop.start(1, **other, TICKLOOP_ACCEPT_CODE=changed.digest)
        feed = synthetic_market(11, SYMBOLS)
        for _ in range(3):  # each is covered by a checkpoint, and so late that the next snapshots are due
            await loop.publish(islice(feed, 100))
            await loop.until_caught_up()
        assert await loop.stop(1) == 0
        began, then = [each for each in await events(loop) if isinstance(each, ComputedBy)]
        assert (began.offset, began.before, began.code) == (0, "", code.digest)
        assert (then.offset, then.before, then.code) == (300, code.digest, changed.digest)
        assert (then.parts, began.parts) == (changed.parts, code.parts)

        across = await verified(loop, OtherwiseNode())
        assert (across.verdict, across.cut, across.first, across.changed) == ("same", (), None, (then,)), across
        (begun,) = across.begun
        assert 300 <= begun.compared_from < 500, "what the old code answered is left out, and said to be"
        assert sum(each.held for each in across.compared if each.topic == COUNTS.name) >= 100
        assert (await verified(loop, CountingNode())).verdict == "different", "the old code is not what computed it"

        loop.start(1, **other)  # what was accepted is what computes now: the setting is not needed any more
        await loop.until_ready(1)
        assert await loop.stop(1) == 0
        assert "expected the code that its snapshots were computed by" in await refused(loop)
