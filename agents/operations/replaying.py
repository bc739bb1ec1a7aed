"""Replays ticks into topics of their own (a named run). If asked for, workers then compute the run.

A replay that was interrupted goes on after the ticks that the run already holds.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

from msgspec import Struct

from agents.broker.cluster import admin
from agents.clients.pace import Pace
from agents.clients.publisher import Sendable, at_hand, publish
from agents.config.settings import Settings
from agents.kafka import TopicPartition, clients
from agents.operations import topics
from agents.operations.progress_of_workers import until_workers_reach
from agents.operations.recompute import delete, rewind
from agents.operations.resumed_replay import check, expect_alone, held, remaining
from agents.operations.supervisor import Supervisor
from agents.operations.system import wanted_topics
from schemas.errors import EnvironmentProblem
from schemas.topics import TICKS
from streams.engine.node import Node

BLOCK = 2048
STUCK_S = 120.0

Source = Callable[[], AsyncGenerator[Sequence[Sendable], None]]
"""What is to be replayed, from its beginning, in the same order at every call."""


class Replayed(Struct):
    """Result of a replay of ticks into topics of their own, which are called a run.

    Attributes:
        run: name of the run.
        prefix: prefix of the run's topics.
        already: number of ticks that the run held before.
        sent: number of ticks that were sent now.
        unreadable: number of ticks sent now that are not valid.
        first_problem: what was wrong with the first unreadable tick; empty if there is none.
        seconds: duration of the sending, seconds.
        complete: whether the run now holds everything that was to be replayed, and workers, if any, have computed it.
        same_offsets: whether each tick has the same offset as in the topic that it was copied from, so that
            predictions have the same ids; None if the ticks did not come from a topic.
        computed: number of records on each output topic, repeated ones included; None if no workers computed the run.
    """

    run: str
    prefix: str
    already: int
    sent: int
    unreadable: int
    first_problem: str
    seconds: float
    complete: bool
    same_offsets: bool | None = None
    computed: dict[str, int] | None = None


def in_blocks(feed: Iterable[Sendable], until: int | None) -> AsyncGenerator[Sequence[Sendable], None]:
    """Yield the items of `feed` in blocks, ending before the first item whose event time is after `until`.

    Args:
        feed: items to publish, in order.
        until: event time in ns since 1970; None takes all items.
    """
    return up_to(at_hand(feed, BLOCK), until)


async def up_to(
    blocks: AsyncIterator[Sequence[Sendable]], until: int | None
) -> AsyncGenerator[Sequence[Sendable], None]:
    """Yield blocks up to the first item whose event time is after `until`; this item and all later ones are left out.

    Args:
        blocks: blocks of items to publish, in order.
        until: event time in ns since 1970; None takes all items.
    """
    async for block in blocks:
        if until is None:
            yield block
            continue
        beyond = next((n for n, each in enumerate(block) if each.ts_event is not None and each.ts_event > until), None)
        if beyond is None:
            yield block
        else:
            yield block[:beyond]
            return


async def replay(
    name: str,
    settings: Settings,
    bootstrap: str,
    source: Source,
    *,
    pace: Pace,
    stop: asyncio.Event,
    say: Callable[[str], None],
    progress: Callable[[int], None],
    workers: int = 0,
    nodes: Sequence[Node[Any]] = (),
    anew: bool = False,
) -> Replayed:
    """Send to a run (topics of its own) the ticks that the run does not hold yet. Workers compute the run if asked for.

    Args:
        name: name of the run.
        settings: settings of the run, with a prefix of its own.
        bootstrap: addresses of the brokers, `host:port[,host:port...]`.
        source: function that yields what is to be replayed, from its beginning and in the same order at every call.
        pace: how fast ticks are sent.
        stop: ends the replay early when set.
        say: called with sentences for the user.
        progress: called with the number of ticks done, including those that the run held before.
        workers: number of workers to start for the run; they end with the replay.
        nodes: computations that the workers run.
        anew: whether to delete first what the run holds.

    Raises:
        ConfigurationError: the ticks that the run holds are not the beginning of the source.
        EnvironmentProblem: the cluster does not answer, or the workers make no progress.
        StateError: another process writes to the run's ticks too.
    """
    async with aclosing(source()) as blocks:
        # What cannot be read leaves no topics behind. None, for a tuple as default is an error of Python's own.
        await anext(blocks, None)
    wanted = wanted_topics(settings)
    if anew:
        await delete(settings, bootstrap, [spec.name for spec in wanted])
    await topics.apply(bootstrap, wanted)
    if anew:
        await rewind(settings, bootstrap)
    topic = settings.topic(TICKS.name)
    run = await held(bootstrap, topic)
    already = sum(run.counts.values())
    if already:
        say(f"{topic} holds {already:,} ticks: comparing them with the source, then going on after them")
        async with aclosing(source()) as blocks:
            await check(blocks, run, settings.partitions, topic)
    computed = None
    async with _workers(settings, bootstrap, workers, stop, say):
        published = await publish(
            remaining(source(), run, settings.partitions),
            bootstrap,
            topic,
            pace=pace,
            stop=stop,
            progress=lambda sent: progress(already + sent),
            say=say,
        )
        expect_alone(published, run, topic)
        if workers and published.complete:
            computed = await _computed(settings, bootstrap, nodes, stop, say)
    return Replayed(
        name,
        settings.prefix,
        already,
        published.ticks,
        published.unreadable,
        published.first_problem,
        published.seconds,
        published.complete and (computed is not None or not workers),
        computed=computed,
    )


@asynccontextmanager
async def _workers(
    settings: Settings, bootstrap: str, workers: int, stop: asyncio.Event, say: Callable[[str], None]
) -> AsyncIterator[None]:
    """Context manager that runs workers for the replay during the block; `stop` is set if they fail repeatedly."""
    if not workers:
        yield
        return
    environment = {
        "TICKLOOP_BOOTSTRAP": bootstrap,
        **{f"TICKLOOP_{name.upper()}": str(getattr(settings, name)) for name in ("home", "prefix", "partitions")},
    }
    say(f"workers: {workers}, logs in {settings.home_path / 'logs'}")
    running = asyncio.create_task(Supervisor(workers, settings.home_path, environment, say).run())
    running.add_done_callback(lambda _: stop.set())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _computed(
    settings: Settings, bootstrap: str, nodes: Sequence[Node[Any]], stop: asyncio.Event, say: Callable[[str], None]
) -> dict[str, int] | None:
    """Wait until the workers have computed the run; returns the number of records on each output topic.

    None says that `stop` was set before.
    """
    consumer = clients.consumer(bootstrap)
    await consumer.start()
    stopped = asyncio.ensure_future(stop.wait())
    try:
        numbers = range(settings.partitions)
        ends = await consumer.end_offsets([TopicPartition(settings.topic(TICKS.name), number) for number in numbers])
        async with admin(bootstrap) as cluster:
            reaching = asyncio.ensure_future(
                until_workers_reach(ends, settings, cluster, STUCK_S, say, workers_start=True)
            )
            try:
                await asyncio.wait({reaching, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if not reaching.done():
                    return None
            finally:
                reaching.cancel()
            if behind := reaching.result():
                raise EnvironmentProblem(
                    f"expected the workers to compute the run, {next(iter(behind.values()))}; fix: see their logs in "
                    f"{settings.home_path / 'logs'}"
                )
        computed = {}
        for topic in dict.fromkeys(topic for node in nodes for topic in node.outputs):
            held = await consumer.end_offsets([TopicPartition(settings.topic(topic.name), n) for n in numbers])
            computed[topic.name] = sum(held.values())
        return computed
    finally:
        stopped.cancel()
        await consumer.stop()
