"""Verifies what workers wrote: replays the ticks in one process and compares all resulting records, byte for byte."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Literal

from aiokafka.errors import KafkaError
from msgspec import Struct

from agents.broker.cluster import admin
from agents.clients.log_events import log_events
from agents.clients.reader import identity_of, read_blocks
from agents.clients.topic_partitions import partition_count
from agents.config.settings import Settings
from agents.identity.computing import Identity
from agents.kafka import AIOKafkaConsumer, TopicPartition, clients
from agents.operations.progress_of_workers import until_workers_reach
from agents.operations.replay_start import NOTHING_WRITTEN, ReplayStart, read_histories, read_kept, replay_start
from agents.runtime.binding import changelog_name
from agents.runtime.recovery import recover
from schemas.errors import ConfigurationError, EnvironmentProblem, StateError
from schemas.log_events import ComputedBy, RecordsLost
from schemas.positions import topic_of
from schemas.topics import DEAD_LETTERS, LOG_EVENTS, TICKS, Topic
from streams.engine.chain import chained
from streams.engine.node import Node, following
from streams.verification.comparison import Compared, RecordFinding, TopicComparison
from streams.verification.expected import Expected

BLOCK = 2000
POLL_MS = 200
WAIT_MS = 20
UNSIGNED = '"unsigned_directive"'

Progress = Callable[[str, int, int], None]
"""Gets a sentence, ticks replayed and ticks in all."""


class UnreplayablePartition(Struct, frozen=True):
    """A partition of the topic `ticks` that cannot be replayed.

    Its first ticks were deleted, or were processed by other code, and no older snapshots allow a later start.

    Attributes:
        partition: number of the partition.
        first_offset: first offset that the partition still holds.
        end: offset after its last record.
    """

    partition: int
    first_offset: int
    end: int


class LateStart(Struct, frozen=True):
    """A partition whose replay began at older snapshots that workers had kept, and so not at its first tick.

    Attributes:
        partition: number of the partition.
        first_offset: first offset that the partition still holds.
        replayed_from: offset of the first tick that was replayed.
        compared_from: offset of the first tick whose results were compared.
    """

    partition: int
    first_offset: int
    replayed_from: int
    compared_from: int

    @property
    def uncompared(self) -> int:
        """Number of ticks that still exist and whose results were not compared."""
        return self.compared_from - self.first_offset


class Verification(Struct, frozen=True):
    """Result of a verification.

    Attributes:
        verdict: `same`; `different` if a record is not as the replay gives it; `incomplete` if nothing differs, but not
            everything could be compared.
        prefix: prefix of the system's topics.
        ticks: number of ticks that were replayed.
        seconds: duration, seconds.
        compared: result for each partition of each output topic.
        cut: partitions that cannot be replayed.
        begun: partitions that were replayed and compared from a later tick than their first one.
        lost: records about ticks that were deleted before workers had read them.
        changed: records which say that other code went on from the snapshots of earlier code.
        behind: for each partition that the workers had not finished, a sentence that says so.
        cause: explanation of the first difference, as far as it is known; empty otherwise.
    """

    verdict: Literal["same", "different", "incomplete"]
    prefix: str
    ticks: int
    seconds: float
    compared: tuple[Compared, ...]
    cut: tuple[UnreplayablePartition, ...]
    behind: dict[int, str]
    cause: str
    begun: tuple[LateStart, ...] = ()
    lost: tuple[RecordsLost, ...] = ()
    changed: tuple[ComputedBy, ...] = ()

    @property
    def first(self) -> RecordFinding | None:
        """The first difference, in the order of topics and partitions; None if there is no difference."""
        return next(iter(self.findings), None)

    @property
    def findings(self) -> list[RecordFinding]:
        """The differences that were kept for display; records that workers have not computed yet do not count."""
        return [each for of in self.compared for each in of.findings if each.kind != "not_computed"]


async def verify(
    settings: Settings,
    bootstrap: str,
    nodes: Sequence[Node[Any]],
    timeout_s: float,
    progress: Progress,
    identity: Identity | None = None,
) -> Verification:
    """Replay all ticks that the topic `ticks` holds now, and compare the results with the records on the output topics.

    Args:
        settings: settings of the system.
        bootstrap: addresses of the brokers, `host:port[,host:port...]`.
        nodes: computations that the workers run, with their parameters.
        timeout_s: longest wait for workers that make no progress, seconds.
        progress: called with a sentence, the number of ticks replayed so far, and the number of ticks to replay.
        identity: digests of the present code, by which differences are explained; None if unknown.

    Raises:
        ConfigurationError: the older snapshots to begin with were made with other parameters than those of `nodes`.
        EnvironmentProblem: the cluster does not answer, or topics are missing or cannot be read.
    """
    clock = asyncio.get_running_loop().time
    started = clock()
    nodes = following(nodes, TICKS)
    count = await partition_count(bootstrap, settings.topic(TICKS.name))
    for topic in outputs(nodes):
        await partition_count(bootstrap, settings.topic(topic.name))
    consumer = clients.log_reader(bootstrap, fetch_max_wait_ms=WAIT_MS)
    try:
        await consumer.start()
        ticks = [TopicPartition(settings.topic(TICKS.name), number) for number in range(count)]
        first, end = await consumer.beginning_offsets(ticks), await consumer.end_offsets(ticks)
        (head,) = chained(nodes)
        histories = await read_histories(settings, bootstrap, head)
        mine = {tp: histories.get(tp.partition, NOTHING_WRITTEN) for tp in ticks}
        begins = {tp: replay_start(first[tp], mine[tp], []) for tp in ticks}
        if None in begins.values():
            kept = await read_kept(settings, bootstrap, head)
            begins = {tp: replay_start(first[tp], mine[tp], kept.get(tp.partition, [])) for tp in ticks}
        cut = [UnreplayablePartition(tp.partition, first[tp], end[tp]) for tp in ticks if begins[tp] is None]
        whole = {tp: end[tp] for tp in ticks if begins[tp] is not None}
        total = sum(end[tp] - begin.offset for tp, begin in begins.items() if begin is not None)
        async with admin(bootstrap) as cluster:
            behind = await until_workers_reach(
                whole, settings, cluster, timeout_s, lambda sentence: progress(sentence, 0, total)
            )
        verifier = _Verifier(settings, consumer, nodes, lambda done: progress("comparing", done, total))
        compared = [
            await verifier.partition(tp, begin, end[tp], tp.partition not in behind)
            for tp, begin in begins.items()
            if begin is not None
        ]
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
    changed = tuple(event for tp in ticks for event in mine[tp].changed)
    cause = await _cause(settings, bootstrap, nodes, differing[0], identity) if differing else ""
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
        tuple(
            LateStart(tp.partition, first[tp], begin.offset, begin.after + 1)
            for tp, begin in begins.items()
            if begin is not None and begin.offset > mine[tp].began
        ),
        tuple(event for tp in ticks for event in mine[tp].lost),
        changed,
    )


def outputs(nodes: Sequence[Node[Any]]) -> list[Topic]:
    """Topics to which only the given nodes (computations over one topic each) write, in the order of the nodes.

    Topics to which others write too, such as `commands`, are left out: their records do not follow from the ticks.
    """
    return list(dict.fromkeys(topic for node in nodes for topic in node.outputs if not topic.is_root))


class _Verifier:
    """Compares one partition after the other, with one block of each topic and one partition's state in memory."""

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

    async def partition(self, ticks: TopicPartition, begin: ReplayStart, end: int, settled: bool) -> list[Compared]:
        number, consumer = ticks.partition, self._consumer
        held = {topic.name: TopicPartition(self._settings.topic(topic.name), number) for topic in outputs(self._nodes)}
        consumer.assign([ticks, *held.values()])
        ends = await consumer.end_offsets([*held.values()])
        first = await consumer.beginning_offsets([ticks, *held.values()])
        for tp, offset in (first | {ticks: max(begin.offset, first[ticks])}).items():
            consumer.seek(tp, offset)
        comparisons = {name: TopicComparison(name, number, first[tp], end, begin.after) for name, tp in held.items()}
        expected = self._expected(number, begin)
        while block := await self._block(ticks, end):
            for record in block:
                for emitted in expected.take(record.offset, record.key, record.value):
                    if record.offset > begin.after and emitted.topic in comparisons:
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

    def _expected(self, number: int, begin: ReplayStart) -> Expected:
        expected = Expected(self._nodes, number)
        try:
            expected.restore(begin.keys, begin.offset - 1, begin.roster, begin.context)
        except StateError as error:
            raise ConfigurationError(
                f"expected to read the snapshots that were kept of partition {number}: {error}; fix: verify with the "
                "TICKLOOP_CONFIG of the workers"
            ) from error
        return expected

    def _hold(self, topic: str, comparison: TopicComparison, lying: Sequence[Any]) -> None:
        for each in lying:
            value = each.value or b""
            # What was refused on another root is not told by the ticks.
            if topic != DEAD_LETTERS.name or topic_of(identity_of(value)) in ("", TICKS.name):
                comparison.hold(each.offset, value)

    async def _block(self, tp: TopicPartition, end: int) -> list[Any]:
        """The next records of partition `tp` before offset `end`; empty when there are no more."""
        while await self._consumer.position(tp) < end:
            fetched = await self._consumer.getmany(tp, timeout_ms=POLL_MS, max_records=BLOCK)
            if records := [record for record in fetched.get(tp, ()) if record.offset < end]:
                return records
        return []


async def _cause(
    settings: Settings, bootstrap: str, nodes: Sequence[Node[Any]], differing: Compared, identity: Identity | None
) -> str:
    """Explanation of a difference, as far as it can be known: other parameters, other code or another signing key.

    Parameters and code are those that the workers' snapshots were computed with. Empty if nothing is known.
    """
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
        code = stored.origin.code if stored is not None else ""
        if identity is not None and code not in ("", identity.digest):
            known = await log_events(bootstrap, settings.topic(LOG_EVENTS.name))
            parts = {event.code: event.parts for event in known if isinstance(event, ComputedBy)}
            changes = identity.changes_since(parts[code]) if code in parts else f"it was {code}, is {identity.digest}"
            return f"the code differs: {changes}; fix: verify with the code of the workers"
    if any(UNSIGNED in (each.expected, each.found) for finding in differing.findings for each in finding.fields):
        return (
            "the directive key differs: a directive is refused on one side; fix: TICKLOOP_DIRECTIVE_KEY of the workers"
        )
    return ""
