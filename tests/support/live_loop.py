"""Worker processes on a real broker, and the comparison of their topics with an undisturbed run."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self

from agents.clients.pace import Pace
from agents.clients.publisher import publish
from agents.config.settings import Settings
from agents.kafka import TopicPartition, clients
from agents.operations import topics
from agents.operations.topic_counts import Gauge
from agents.runtime.binding import snapshot_topics
from schemas.ticks import Quote, Trade
from schemas.topics import TICKS, TOPICS
from streams.engine.chain import chained
from streams.engine.node import Node, following
from streams.engine.replay import SourceRecord, by_topic, replay
from streams.verification.comparison import TopicComparison
from tests.support.places import ROOT

POLL_S = 0.1
PATIENCE_S = 120.0
READY = "binding: ready: "


class Stored(NamedTuple):
    """A record as it is stored on a topic."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes


class LiveLoop:
    """Topics under one prefix, and worker processes. `async with` creates the topics, and kills the workers at the end.

    A slot is the number by which a worker is known in its group.

    Args:
        nodes: nodes that the workers run; `verdict` also runs them in this process.
        settings: settings of the workers.
        bootstrap: address of the Kafka cluster.
        log: path of the workers' log; the number of the slot is appended to its stem.
        command: command line of a worker; the number of the slot is appended.
    """

    def __init__(
        self,
        nodes: Sequence[Node[Any]],
        settings: Settings,
        bootstrap: str,
        log: Path,
        command: Sequence[str] = ("-m", "agents.cli", "worker", "--slot"),
    ) -> None:
        self.nodes = nodes
        self.settings = settings
        self.bootstrap = bootstrap
        self._log = log
        self._ready_before: dict[int, int] = {}
        self._command = command
        self.workers: dict[int, subprocess.Popen[bytes]] = {}

    async def __aenter__(self) -> Self:
        # All of the registry, also what the node does not write: the gauge asks for it.
        known = dict.fromkeys((*TOPICS, *(topic for node in self.nodes for topic in (node.source, *node.outputs))))
        changelogs = [
            topics.changelog(self.settings, name)
            for node in chained(self.nodes)
            for name in snapshot_topics(self.settings, node)
        ]
        await topics.apply(
            self.bootstrap, [*(topics.specification(self.settings, topic) for topic in known), *changelogs]
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self.workers.values():
            worker.send_signal(signal.SIGCONT)
            worker.kill()
            worker.wait()

    def start(self, slot: int, **environment: str) -> None:
        """Start a worker in a slot, with these variables added to its environment."""
        self.expect_again(slot)
        with self._log_file(slot).open("ab") as output:
            self.workers[slot] = subprocess.Popen(
                [sys.executable, *self._command, str(slot)],
                cwd=ROOT,
                env=self.environment(**environment),
                stdout=output,
                stderr=output,
            )

    def environment(self, **more: str) -> dict[str, str]:
        """Environment of a process that works on these topics, with further variables."""
        return {
            **os.environ,
            "TICKLOOP_BOOTSTRAP": self.bootstrap,
            "TICKLOOP_PREFIX": self.settings.prefix,
            "TICKLOOP_PARTITIONS": str(self.settings.partitions),
            "TICKLOOP_CHECKPOINT_S": str(self.settings.checkpoint_s),
            "TICKLOOP_CHECKPOINT_BYTES": str(self.settings.checkpoint_bytes),
            "TICKLOOP_SESSION_TIMEOUT_S": str(self.settings.session_timeout_s),
            "TICKLOOP_HOME": str(self._log.parent),
            "TICKLOOP_VERIFY_EVERY_S": str(self.settings.verify_every_s),
            "TICKLOOP_METRICS_PORT": "0",
            **more,
        }

    def _log_file(self, slot: int) -> Path:
        return self._log.with_stem(f"{self._log.stem}-{slot}")

    def log(self, slot: int) -> str:
        """All that workers of a slot have logged."""
        file = self._log_file(slot)
        return file.read_text() if file.exists() else ""

    def expect_again(self, slot: int) -> None:
        """Have the next `until_ready` wait for a further assignment of partitions to the running worker."""
        self._ready_before[slot] = self.log(slot).count(READY)

    async def until_ready(self, slot: int) -> None:
        """Wait until the newest worker of a slot has been assigned its partitions."""
        async with self._patience():
            ready = self.log(slot).count(READY)
            while ready == self._ready_before[slot]:
                await asyncio.sleep(POLL_S)
                ready = self.log(slot).count(READY)

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                yield
        except TimeoutError:
            ends = [f"worker {slot}:\n" + "\n".join(self.log(slot).splitlines()[-30:]) for slot in self._ready_before]
            raise TimeoutError("\n".join(ends)) from None

    def kill(self, slot: int) -> None:
        """Kill -9 the worker of a slot, and wait for its end."""
        self.workers[slot].kill()
        self.workers.pop(slot).wait()

    async def stop(self, slot: int) -> int:
        """Terminate the worker of a slot, wait for its end, and return its exit code."""
        self.workers[slot].terminate()
        return await self.end(slot)

    async def end(self, slot: int) -> int:
        """Wait until the worker of a slot ends by itself; return its exit code."""
        code = await asyncio.to_thread(self.workers[slot].wait, PATIENCE_S)
        del self.workers[slot]
        return code

    async def publish(self, ticks: Iterable[Any], pace: Pace | None = None, references: Sequence[str] = ()) -> None:
        """Publish ticks and wait until they are acknowledged; without `pace` as fast as possible.

        Those of `references`, symbols that the features of others look at, are copied to every partition.
        """
        await publish(ticks, self.bootstrap, self.settings.topic(TICKS.name), pace=pace, references=references)

    @asynccontextmanager
    async def market(self, feed: Iterator[Quote | Trade], ticks: int, rate: float) -> AsyncIterator[None]:
        """Publish `rate` ticks a second while the block runs; then publish the rest of `ticks` at once."""
        stop, topic = asyncio.Event(), self.settings.topic(TICKS.name)
        sending = asyncio.create_task(publish(feed, self.bootstrap, topic, pace=Pace(rate=rate), stop=stop))
        try:
            yield
        finally:
            stop.set()
            sent = (await sending).ticks
        await self.publish(islice(feed, max(0, ticks - sent)))

    async def until_caught_up(self) -> None:
        """Wait until the checkpoints of the workers cover every input record.

        Raises:
            TimeoutError: that took longer than `PATIENCE_S`; its message has the ends of the workers' logs.
        """
        sources = {node.source.name for node in chained(self.nodes)}
        async with Gauge(self.settings, self.bootstrap, sources) as gauge, self._patience():
            reading = await gauge.read()
            while reading.lag:
                await asyncio.sleep(POLL_S)
                reading = await gauge.read()

    async def until_stored(self, topic: str, records: int) -> None:
        """Wait until a topic, of which nothing was deleted, holds at least `records` records.

        Raises:
            TimeoutError: that took longer than `PATIENCE_S`; its message has the ends of the workers' logs.
        """
        name = self.settings.topic(topic)
        partitions = [TopicPartition(name, number) for number in range(self.settings.partitions)]
        async with self._patience(), clients.started(clients.consumer(self.bootstrap)) as consumer:
            held = sum((await consumer.end_offsets(partitions)).values())
            while held < records:
                await asyncio.sleep(POLL_S)
                held = sum((await consumer.end_offsets(partitions)).values())

    async def stored(self, topic: str) -> list[Stored]:
        """Read all records of a topic, in the order of each partition."""
        name = self.settings.topic(topic)
        async with clients.started(clients.log_reader(self.bootstrap)) as consumer:
            partitions = [TopicPartition(name, number) for number in range(self.settings.partitions)]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            found: list[Stored] = []
            while any([await consumer.position(partition) < end for partition, end in ends.items()]):
                fetched = await consumer.getmany(timeout_ms=500, max_records=20_000)
                found += [
                    Stored(r.partition, r.offset, r.key, r.value) for records in fetched.values() for r in records
                ]
            return found

    async def verdict(self) -> "Verdict":
        """Compare the outputs on the topics with those of an undisturbed run over the same input in this process."""
        source = [SourceRecord(*record) for record in await self.stored(self.nodes[0].source.name)]
        nodes = following(self.nodes, self.nodes[0].source)
        expected = by_topic(replay(nodes, source))
        total = Verdict(0, 0, 0, 0)
        for topic in dict.fromkeys(topic for node in nodes for topic in node.outputs if not topic.is_root):
            held = await self.stored(topic.name)
            total = total.plus(compare(topic.name, held, expected.get(topic.name, [])))
        return total


class Verdict(NamedTuple):
    """Differences of the outputs on topics from those of an undisturbed run.

    Attributes:
        expected: number of outputs of the undisturbed run.
        missing: expected outputs that readers do not get: absent, or written after a later one.
        different: outputs with other content than in the undisturbed run, or that it does not have.
        repeats: outputs that readers drop, since they have read their position already.
    """

    expected: int
    missing: int
    different: int
    repeats: int

    def plus(self, other: "Verdict") -> "Verdict":
        return Verdict(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def is_exact(self) -> bool:
        return self.expected > 0 and self.missing == self.different == 0


def compare(topic: str, held: list[Stored], expected: list[tuple[int, str, bytes]]) -> Verdict:
    """Compare the records of one topic with the expected outputs, given as partition, id and encoded value."""
    total = Verdict(0, 0, 0, 0)
    for partition in sorted({record.partition for record in held} | {number for number, _, _ in expected}):
        comparison = TopicComparison(topic, partition, first_offset=0, before=sys.maxsize)
        for number, _, value in expected:
            if number == partition:
                comparison.expect(value)
        for record in held:
            if record.partition == partition:
                comparison.hold(record.offset, record.value)
        found = comparison.end(settled=True)
        if found.findings:
            print(
                found.topic,
                found.partition,
                found.counts,
                found.expected,
                found.held,
                found.repeats,
                found.findings[:2],
            )
        missing = found.counts.get("missing", 0)
        total = total.plus(Verdict(found.expected, missing, sum(found.counts.values()) - missing, found.repeats))
    return total
