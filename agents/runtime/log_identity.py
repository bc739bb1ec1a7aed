"""Checks that a topic is still the one that snapshots were computed from: compares its id and the digest of one record.

Offsets alone do not show whether a topic was cut, made anew or restored from a backup, because the offsets of the
new records grow past those of the old ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from faust.types import TP

from agents.kafka import AIOKafkaConsumer, TopicPartition, clients
from agents.runtime.snapshots import Origin
from agents.runtime.topic_ids import TopicIdentity, topic_identities
from schemas.errors import StateError
from schemas.topics import COMMANDS, EXPERIMENT_PARTIALS

POLL_MS = 500
FEW_BYTES = 64 * 1024
"""Fetched of a partition at once: one record is looked for. The broker sends a larger batch whole."""

DIGEST_BYTES = 16


class LogState(NamedTuple):
    """State of one partition of a topic on the cluster at one moment.

    Attributes:
        topic_id: id of the topic, as text; empty if the cluster has no topic ids.
        leader_epoch: how many times a leader of the partition was chosen; -1 if unknown.
        first: first offset that was not deleted.
        end: offset after the last record.
    """

    topic_id: str
    leader_epoch: int
    first: int
    end: int


def digest_of(record: Any) -> bytes:
    """Digest, 16 bytes, of the offset, timestamp, key and value of a consumed record.

    The timestamp is included because a file that is published again after its topic was cut gives the same keys and
    values.

    >>> from types import SimpleNamespace
    >>> one = SimpleNamespace(offset=7, timestamp=1_000, key=b"X", value=b"{}")
    >>> other = SimpleNamespace(offset=7, timestamp=1_001, key=b"X", value=b"{}")
    >>> digest_of(one) == digest_of(one) != digest_of(other)
    True
    """
    digest = blake2b(f"{record.offset} {record.timestamp}".encode(), digest_size=DIGEST_BYTES)
    for part in (record.key, record.value):
        digest.update(b" none" if part is None else f" {len(part)} ".encode() + part)
    return digest.digest()


class LogsSeen(NamedTuple):
    """State of some partitions on the cluster at one moment, with digests of some of their records.

    Attributes:
        logs: state of each partition.
        digests: digest of each record that was asked for, by partition and offset. An offset at which there is no
            record is left out.
        topics: names of the topics that exist, among those that were asked about.
    """

    logs: Mapping[TP, LogState]
    digests: Mapping[tuple[TP, int], bytes]
    topics: frozenset[str]


async def look(
    bootstrap: str, partitions: Iterable[TP], offsets: Iterable[tuple[TP, int]], topics: Sequence[str] = ()
) -> LogsSeen:
    """Read from the cluster the state of some partitions, and the digests of some of their records.

    Args:
        bootstrap: addresses of the brokers, `host:port[,host:port...]`.
        partitions: partitions to describe.
        offsets: records to digest, each named by partition and offset; the partition must be one of `partitions`.
        topics: names of further topics; the answer says which of them exist.

    Raises:
        KafkaError: the cluster does not answer.
    """
    mine = {tp: TopicPartition(*tp) for tp in partitions}
    async with clients.started(clients.log_reader(bootstrap, max_partition_fetch_bytes=FEW_BYTES)) as consumer:
        known = await topic_identities(consumer._client, sorted({*topics, *(tp.topic for tp in mine)}))
        first = await consumer.beginning_offsets([*mine.values()])
        end = await consumer.end_offsets([*mine.values()])
        asked = sorted((tp, at) for tp, at in set(offsets) if first[mine[tp]] <= at < end[mine[tp]])
        digests = await _digests(consumer, asked)
        # Asked again: what was deleted while records were looked for is not one that is missing.
        first = await consumer.beginning_offsets([*mine.values()])
        logs = {}
        for tp, own in mine.items():
            topic = known.get(tp.topic, TopicIdentity("", {}))
            logs[tp] = LogState(topic.id, topic.leader_epochs.get(tp.partition, -1), first[own], end[own])
        return LogsSeen(logs, digests, frozenset(known))


async def _digests(consumer: AIOKafkaConsumer, asked: list[tuple[TP, int]]) -> dict[tuple[TP, int], bytes]:
    found: dict[tuple[TP, int], bytes] = {}
    while asked:
        now: dict[TP, int] = {}
        later = []
        for tp, offset in asked:
            if tp in now:
                later.append((tp, offset))
            else:
                now[tp] = offset
        consumer.assign([TopicPartition(*tp) for tp in now])
        for tp, offset in now.items():
            consumer.seek(TopicPartition(*tp), offset)
        while now:
            fetched = await consumer.getmany(*(TopicPartition(*tp) for tp in now), timeout_ms=POLL_MS)
            for own, records in fetched.items():
                record = records[0]
                if record.offset == now[TP(*own)]:
                    found[TP(*own), record.offset] = digest_of(record)
            # What was looked for is in what was fetched, or the position has gone past its place: it is not there.
            now = {tp: at for tp, at in now.items() if await consumer.position(TopicPartition(*tp)) <= at}
        asked = later
    return found


def check_log(tp: TP, log: str, covered: int, origin: Origin, look: LogsSeen) -> None:
    """Check that a partition is the one that its snapshots were computed from.

    Args:
        tp: the partition.
        log: name of the partition's topic, without the system's prefix.
        covered: offset of the last record applied in the snapshots; -1 without snapshots; then nothing is checked.
        origin: identity of the topic that the snapshots were computed from, as stored with them.
        look: present state of the partition, with the digest of the record at offset `origin.mark`.

    Raises:
        StateError: the topic was replaced, cut or restored; the message says which of these, and what can be done.
    """
    if covered < 0:
        return
    if (happened := _what_happened(covered, origin, look.logs[tp], look.digests.get((tp, origin.mark)))) is None:
        return
    raise StateError(f"{tp.topic}-{tp.partition}: snapshots reach to offset {covered}, {happened}; {_way_out(log)}")


def _what_happened(covered: int, origin: Origin, now: LogState, digest: bytes | None) -> str | None:
    if origin.topic_id and now.topic_id and origin.topic_id != now.topic_id:
        return (
            f"but their topic was deleted and made anew: its id was {origin.topic_id}, is {now.topic_id}; "
            f"the log holds offsets {now.first} to {now.end - 1}"
        )
    if -1 < now.leader_epoch < origin.leader_epoch:
        restored = (
            f"an older back-up of it was restored (its leader epoch was {origin.leader_epoch}, is {now.leader_epoch})"
        )
    else:
        restored = ""
    if covered >= now.end:
        return f"the log ends before {now.end}: " + (restored or "it was deleted or cut, or an older back-up restored")
    if origin.mark >= now.first and digest != origin.digest:
        what = "another record lies" if digest is not None else "no record lies"
        happened = restored or "it was cut, or an older back-up restored"
        return f"but {what} at offset {origin.mark} now: {happened}, and the log has grown again"
    return None


def _way_out(log: str) -> str:
    if log in (COMMANDS.name, EXPERIMENT_PARTIALS.name):
        return (
            f"fix: restore the {log} that the snapshots were computed from; or go on under another TICKLOOP_PREFIX, "
            "with `tickloop replay --from-topic ticks`: nothing computes this log again"
        )
    return (
        "fix: restore the log that the snapshots were computed from; or `tickloop topics reset`, which computes "
        "everything anew from the log that is there"
    )


def lost(covered: int, first: int) -> tuple[int, int] | None:
    """First and last offset of the records that were deleted before they were applied and stored in snapshots.

    Args:
        covered: offset of the last record applied in the snapshots; -1 if there are none.
        first: first offset that the partition still holds.

    Returns:
        The two offsets; None if nothing is lost. Without snapshots nothing counts as lost: the computation begins at
        `first`.

    >>> lost(covered=499, first=900), lost(covered=499, first=500), lost(covered=-1, first=900)
    ((500, 899), None, None)
    """
    return (covered + 1, first - 1) if 0 <= covered < first - 1 else None
