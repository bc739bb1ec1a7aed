"""The tick log replayed in one process, held against what the workers wrote: byte for byte, partition by partition."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
from aiokafka.errors import KafkaError
from msgspec import Struct

from agents.broker.answer import admin
from agents.clients.reader import read_blocks
from agents.clients.topic_partitions import partition_count
from agents.kafka import AIOKafkaConsumer, TopicPartition
from agents.operations.progress_of_workers import until_workers_reach
from agents.runtime.binding import changelog_name
from agents.runtime.snapshots import recover
from agents.settings import Settings
from schemas.errors import EnvironmentProblem, StateError
from schemas.topics import DEAD_LETTERS, TICKS, Topic
from streams.chain import chained
from streams.topology import Node, following
from streams.verification.comparison import Compared, Comparison, Finding
from streams.verification.expected import Expected

BLOCK = 2000
POLL_MS = 200
WAIT_MS = 20
UNSIGNED = '"unsigned_directive"'

Progress = Callable[[str, int, int], None]
"""Gets a sentence, ticks replayed and ticks in all."""


class Cut(Struct, frozen=True):
    """A partition of the tick log whose beginning is gone: what follows from the rest cannot be computed again."""

    partition: int
    first_offset: int
    end: int


class Verification(Struct, frozen=True):
    """What was compared, and how it stands.

    Attributes:
        verdict: `same`; `different`: a record is not as the replay gives it; `incomplete`: nothing differs, but not
            everything could be compared.
        ticks: records of the tick log that were replayed.
        compared: every partition of every output.
        cut: partitions that cannot be replayed.
        behind: partitions that the workers had not computed, each with a sentence.
        cause: what is known to be behind the first difference, or empty.
    """

    verdict: Literal["same", "different", "incomplete"]
    prefix: str
    ticks: int
    seconds: float
    compared: tuple[Compared, ...]
    cut: tuple[Cut, ...]
    behind: dict[int, str]
    cause: str

    @property
    def first(self) -> Finding | None:
        """The first difference: of the topic nearest to the ticks, in its first partition that has one."""
        return next(iter(self.findings), None)

    @property
    def findings(self) -> list[Finding]:
        """Every one that is kept, without what is merely not computed yet."""
        return [each for of in self.compared for each in of.findings if each.kind != "not_computed"]


async def verify(
    settings: Settings, bootstrap: str, nodes: Sequence[Node[Any]], timeout_s: float, progress: Progress
) -> Verification:
    """Compare everything that follows from what the tick log holds now.

    Raises:
        EnvironmentProblem: no cluster, no topics, or it does not let us read them.
    """
    clock = asyncio.get_running_loop().time
    started = clock()
    nodes = following(nodes, TICKS)
    count = await partition_count(bootstrap, settings.topic(TICKS.name))
    for topic in outputs(nodes):
        await partition_count(bootstrap, settings.topic(topic.name))
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=WAIT_MS,
        isolation_level="read_committed",
    )
    try:
        await consumer.start()
        ticks = [TopicPartition(settings.topic(TICKS.name), number) for number in range(count)]
        first, end = await consumer.beginning_offsets(ticks), await consumer.end_offsets(ticks)
        cut = [Cut(tp.partition, first[tp], end[tp]) for tp in ticks if first[tp]]
        whole = {tp: end[tp] for tp in ticks if not first[tp]}
        total = sum(whole.values())
        async with admin(bootstrap) as cluster:
            behind = await until_workers_reach(
                whole, settings, cluster, timeout_s, lambda sentence: progress(sentence, 0, total)
            )
        verifier = _Verifier(settings, consumer, nodes, lambda done: progress("comparing", done, total))
        compared = [await verifier.partition(tp, whole[tp], tp.partition not in behind) for tp in whole]
    except KafkaError as error:
        raise EnvironmentProblem(f"expected to read {settings.topic('*')} from {bootstrap}, got {error!r}") from error
    finally:
        await consumer.stop()
    order = [topic.name for topic in outputs(nodes)]
    found = sorted(
        (each for partition in compared for each in partition), key=lambda c: (order.index(c.topic), c.partition)
    )
    differing = [each for each in found if set(each.counts) - {"not_computed", "repeat_uncompared"}]
    unfinished = cut or not total or any(each.counts for each in found)
    cause = await _cause(settings, bootstrap, nodes, differing[0]) if differing else ""
    return Verification(
        "different" if differing else "incomplete" if unfinished else "same",
        settings.prefix,
        total,
        clock() - started,
        tuple(found),
        tuple(cut),
        # What is on the topics although no checkpoint says so yet is compared like everything else.
        {n: why for n, why in behind.items() if any("not_computed" in c.counts for c in found if c.partition == n)},
        cause,
    )


def outputs(nodes: Sequence[Node[Any]]) -> list[Topic]:
    """Topics that nodes alone write, those of the first node first."""
    return list(dict.fromkeys(topic for node in nodes for topic in node.outputs if not topic.is_root))


class _Verifier:
    """Compares one partition after the other: of each log it holds a block, of the loop the state of one partition."""

    def __init__(
        self,
        settings: Settings,
        consumer: AIOKafkaConsumer,
        nodes: Sequence[Node[Any]],
        progress: Callable[[int], None],
    ) -> None:
        self._settings, self._consumer, self._nodes = settings, consumer, nodes
        self._progress = progress
        self._done = 0

    async def partition(self, ticks: TopicPartition, end: int, settled: bool) -> list[Compared]:
        number, consumer = ticks.partition, self._consumer
        held = {topic.name: TopicPartition(self._settings.topic(topic.name), number) for topic in outputs(self._nodes)}
        consumer.assign([ticks, *held.values()])
        ends = await consumer.end_offsets([*held.values()])
        first = await consumer.beginning_offsets([ticks, *held.values()])
        for tp, offset in first.items():
            consumer.seek(tp, offset)
        comparisons = {name: Comparison(name, number, first[tp], end) for name, tp in held.items()}
        expected = Expected(self._nodes, number)
        while block := await self._block(ticks, end):
            for record in block:
                for emitted in expected.take(record.offset, record.key, record.value):
                    if emitted.topic in comparisons:
                        comparisons[emitted.topic].expect(emitted.value)
            for name, comparison in comparisons.items():
                while comparison.is_hungry and (lying := await self._block(held[name], ends[held[name]])):
                    self._hold(name, comparison, lying)
            self._done += len(block)
            self._progress(self._done)
        for name, comparison in comparisons.items():
            while lying := await self._block(held[name], ends[held[name]]):
                self._hold(name, comparison, lying)
        return [comparison.end(settled) for comparison in comparisons.values()]

    def _hold(self, topic: str, comparison: Comparison, lying: Sequence[Any]) -> None:
        for each in lying:
            value = each.value or b""
            # What was refused on another root is not told by the ticks.
            if topic != DEAD_LETTERS.name or _origin(value) == TICKS.name:
                comparison.hold(each.offset, value)

    async def _block(self, tp: TopicPartition, end: int) -> list[Any]:
        """The next records before `end`; none when there are no more."""
        while await self._consumer.position(tp) < end:
            fetched = await self._consumer.getmany(tp, timeout_ms=POLL_MS, max_records=BLOCK)
            if records := [record for record in fetched.get(tp, ()) if record.offset < end]:
                return records
        return []


class _Identity(Struct):
    id: str


def _origin(value: bytes) -> str:
    return msgspec.json.decode(value, type=_Identity).id.partition(":")[0]


async def _cause(settings: Settings, bootstrap: str, nodes: Sequence[Node[Any]], differing: Compared) -> str:
    """What is known about a difference: the parameters that the workers' snapshots were computed with, or the key."""
    for node in chained(nodes):
        if differing.topic not in (topic.name for topic in node.outputs):
            continue
        snapshots: dict[bytes, bytes] = {}
        try:
            async for block in read_blocks(bootstrap, changelog_name(settings, node), until_end=True, repeats=True):
                snapshots |= {record.key or b"": record.value or b"" for record in block}
        except EnvironmentProblem:
            continue  # a copy of topics has no snapshots
        stored = recover((key, value) for key, value in snapshots.items() if value).get(differing.partition)
        for snapshot in stored.keys.values() if stored is not None else ():
            try:
                node.load(snapshot.state)
            except StateError as error:
                return f"parameters differ: {error}"
    if any(UNSIGNED in (each.expected, each.found) for finding in differing.findings for each in finding.fields):
        return (
            "the directive key differs: a directive is refused on one side; fix: TICKLOOP_DIRECTIVE_KEY of the workers"
        )
    return ""
