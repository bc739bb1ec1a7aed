"""Compares the records on a topic with those that it should hold, one by one, in bounded memory.

The position of a record is made of the offset and the indices in its id. In the records that one node writes to a
partition, positions only grow. A record whose position is not above all earlier positions is a repeat. Readers drop
repeats; the bytes of a repeat must be the same as those written before.
"""

from collections import Counter, deque
from hashlib import blake2b, sha256
from itertools import islice
from typing import Literal, NamedTuple

from msgspec import Struct

from schemas.codec import decoder
from schemas.errors import Refused
from schemas.positions import Position, position_of, topic_of
from schemas.topics import TICKS
from streams.engine import digests
from streams.verification.differences import FieldDifference, bits_apart, differing_fields

MOST_FINDINGS = 5
REMEMBERED = 1 << 17
"""Records whose digests are kept, and up to twice as many, to hold repeats against."""

FEW_BITS = 8
"""A record that differs in no more bits from one that should be there is that one, damaged, whatever its id says."""

NEAR = 64
"""How many of the records that should come are looked through for the one that a damaged record was."""

Kind = Literal["other_bytes", "missing", "too_many", "repeat_differs", "repeat_uncompared", "not_computed"]


class RecordFinding(Struct, frozen=True):
    """One difference between a topic and the records that a replay of the log of ticks gives.

    Attributes:
        kind: kind of difference. `other_bytes`: a record differs from the one that the replay gives; `missing`: a
            record is not on the topic; `too_many`: a record is on the topic, but no tick leads to it; `repeat_differs`:
            a record was written again with other bytes; `repeat_uncompared`: a record was written again, too long after
            the first time to compare the bytes; `not_computed`: a record is not on the topic yet.
        topic, partition: topic, without the prefix of the deployment, and partition.
        id: id of the record.
        offset: offset of the record; -1 if it is not on the topic.
        fields: fields that differ.
        bits: number of bits that differ; None if the lengths differ.
    """

    kind: Kind
    topic: str
    partition: int
    id: str
    offset: int = -1
    fields: tuple[FieldDifference, ...] = ()
    bits: int | None = None


class Compared(Struct, frozen=True):
    """Result of comparing one partition of a topic with the records that a replay of the log of ticks gives.

    Attributes:
        topic, partition: topic, without the prefix of the deployment, and partition.
        expected: number of records that the replay gives, without those that expired.
        held: number of records on the topic up to the same tick, without repeats.
        repeats: number of records that were written again, byte by byte the same.
        expired: number of records that the replay gives and that Kafka's retention has deleted from the topic.
        counts: number of differences of each kind.
        findings: the first differences, at most 5.
        digest: digest of the records on the topic, without repeats, hex.
        expected_digest: digest of the records that the replay gives, hex; equal to `digest` if there are no
            differences.
    """

    topic: str
    partition: int
    expected: int
    held: int
    repeats: int
    expired: int
    counts: dict[Kind, int]
    findings: tuple[RecordFinding, ...]
    digest: str
    expected_digest: str


class _Identity(Struct):
    id: str
    node: str = ""


_identify = decoder(_Identity)


class _Wanted(NamedTuple):
    position: Position
    id: str
    value: bytes


class _Found(NamedTuple):
    lane: "_LaneName"
    position: Position
    id: str
    value: bytes
    offset: int


_LaneName = tuple[str, str]
"""Node that wrote a record, and topic that its id begins with."""


class _Lane:
    """The records that one node wrote to the partition, and those that it should have written."""

    def __init__(self) -> None:
        self.name: _LaneName = ("", "")
        self.wanted: deque[_Wanted] = deque()
        self.found: deque[_Found] = deque()
        self.last: Position = ()
        self.digest = self.wanted_digest = digests.START
        self._young: dict[Position, bytes] = {}
        self._old: dict[Position, bytes] = {}
        self.forgets_before: Position = ()

    def remember(self, wanted: _Wanted, found: bytes = b"") -> None:
        """Store digests of what a later repeat may be: the bytes that should be there, and those that are."""
        self.last = wanted.position
        self._young[wanted.position] = _mark(wanted.value) + (_mark(found) if found not in (b"", wanted.value) else b"")
        if len(self._young) >= REMEMBERED:
            self.forgets_before = next(iter(self._young))
            self._young, self._old = {}, self._young

    def known(self, position: Position) -> bytes:
        return self._young.get(position) or self._old.get(position, b"")


class TopicComparison:
    """Compares the records on one partition of a topic with the records that it should hold.

    Pass each record that the partition should hold to `expect`, and each record found on it to `hold`. Both methods
    take the records in the order of their offsets; calls of the two may alternate in any way. `end` returns the result.

    Args:
        topic, partition: topic, without the prefix of the deployment, and partition.
        first_offset: first offset that the partition still has; above 0, retention has deleted earlier records.
        before: offset of the tick log at which the comparison ends; records computed from this or later ticks are left
            out.
        after: offset of the tick log after which the comparison begins; records computed from this or earlier ticks are
            left out.

    >>> comparison = TopicComparison("predictions", 0, first_offset=0, before=2)
    >>> for offset in (0, 1):
    ...     comparison.expect(b'{"id":"ticks:0:%d","mid":1.5}' % offset)
    >>> comparison.hold(0, b'{"id":"ticks:0:0","mid":1.5}')
    >>> comparison.hold(1, b'{"id":"ticks:0:0","mid":1.5}')
    >>> comparison.hold(2, b'{"id":"ticks:0:1","mid":1.4}')
    >>> result = comparison.end(settled=True)
    >>> result.repeats, result.counts, result.findings[0].id, result.findings[0].fields[0].field
    (1, {'other_bytes': 1}, 'ticks:0:1', 'mid')
    """

    def __init__(self, topic: str, partition: int, first_offset: int, before: int, after: int = -1) -> None:
        self._topic, self._partition = topic, partition
        self._after, self._begun = after, after < 0
        self._first_offset, self._before = first_offset, before
        self._lanes: dict[_LaneName, _Lane] = {}
        self._lane = _Lane()
        self._expected = self._held = self._repeats = self._expired = 0
        self._counts: Counter[Kind] = Counter()
        self._findings: list[RecordFinding] = []

    @property
    def is_hungry(self) -> bool:
        """Whether there are expected records that cannot be compared until more records of the topic are added."""
        return any(lane.wanted and not lane.found for lane in self._lanes.values())

    def expect(self, value: bytes) -> None:
        """Add the next record that the topic should hold, and compare it as soon as its counterpart is known."""
        identity = _identify(value)
        lane = self._lanes.get(name := _lane_name(identity)) or self._open(name)
        lane.wanted.append(_Wanted(position_of(identity.id), identity.id, value))
        if lane.found:
            self._match(lane)

    def hold(self, offset: int, value: bytes) -> None:
        """Add the next record that the topic holds, and compare it as soon as its counterpart is known.

        Args:
            offset: offset of the record on the topic.
            value: bytes of the record.
        """
        try:
            identity = _identify(value)
            position = position_of(identity.id)
            if topic_of(identity.id) == TICKS.name and position:
                if not self._after < position[0] < self._before:
                    return
                self._begun = True
        except (Refused, ValueError):
            identity, position = _Identity(""), ()
        if not self._begun:  # it cannot be read, and lies among those that are left out
            return
        name = _lane_name(identity)
        # What nobody is known to write is damaged, or early: it waits in its place among the others.
        self._lane = self._lanes.get(name, self._lane)
        self._lane.found.append(_Found(name, position, identity.id, value, offset))
        self._match(self._lane)

    def end(self, settled: bool) -> Compared:
        """Compare what is left, once all records have been added, and return the result.

        Args:
            settled: whether the workers are known to have processed all ticks of the comparison. If so, an expected
                record that is not on the topic is `missing`, else `not_computed`.
        """
        for lane in self._lanes.values():
            self._match(lane, over=True)
            self._drop(lane, len(lane.wanted), "missing" if settled else "not_computed")
        for found in self._lane.found:  # the topic holds nothing that could be read
            self._extra(self._lane, found)
        lanes = [lane for _, lane in sorted(self._lanes.items())]
        return Compared(
            self._topic,
            self._partition,
            self._expected,
            self._held,
            self._repeats,
            self._expired,
            dict(self._counts),
            tuple(self._findings),
            _joined([lane.digest for lane in lanes]),
            _joined([lane.wanted_digest for lane in lanes]),
        )

    def _open(self, name: _LaneName) -> _Lane:
        """Open a lane for a node whose first record is expected; records of the node already read are moved into it."""
        if not self._lanes:
            lane = self._lane
        else:
            lane = _Lane()
            for other in self._lanes.values():
                lane.found.extend(found for found in other.found if found.lane == name)
                other.found = deque(found for found in other.found if found.lane != name)
        lane.name = name
        self._lanes[name] = lane
        return lane

    def _match(self, lane: _Lane, over: bool = False) -> None:
        wanted, held = lane.wanted, lane.found
        while held:
            found = held[0]
            if wanted and wanted[0].position == found.position and wanted[0].value == found.value:
                self._take(lane, wanted.popleft(), held.popleft())
            elif () < found.position <= lane.last and _mark(found.value) in lane.known(found.position):
                self._repeats += 1
                held.popleft()
            elif (at := _place(wanted, found, found.lane == lane.name)) is not None:
                self._drop(lane, at, "missing")
                self._take(lane, wanted.popleft(), held.popleft())
            elif not over and (not wanted or wanted[-1].position < found.position):
                return
            else:
                self._extra(lane, held.popleft())

    def _take(self, lane: _Lane, wanted: _Wanted, found: _Found) -> None:
        self._expected += 1
        self._held += 1
        lane.wanted_digest = digests.extended(lane.wanted_digest, wanted.value)
        lane.digest = digests.extended(lane.digest, found.value)
        lane.remember(wanted, found.value)
        if wanted.value != found.value:
            self._find("other_bytes", wanted.id, found.offset, wanted.value, found.value)

    def _drop(self, lane: _Lane, count: int, kind: Kind) -> None:
        expired = self._first_offset > 0 and not lane.last
        for _ in range(count):
            wanted = lane.wanted.popleft()
            if expired:
                self._expired += 1
                continue
            self._expected += 1
            lane.wanted_digest = digests.extended(lane.wanted_digest, wanted.value)
            lane.remember(wanted)
            self._find(kind, wanted.id)

    def _extra(self, lane: _Lane, found: _Found) -> None:
        """Count a record that is not among the expected ones, as a differing repeat or as one too many."""
        if found.lane == lane.name and () < found.position <= lane.last:
            if lane.known(found.position):
                self._find("repeat_differs", found.id, found.offset)
                return
            if found.position < lane.forgets_before:
                self._find("repeat_uncompared", found.id, found.offset)
                return
        self._held += 1
        lane.digest = digests.extended(lane.digest, found.value)
        self._find("too_many", found.id, found.offset)

    def _find(self, kind: Kind, record_id: str, offset: int = -1, expected: bytes = b"", found: bytes = b"") -> None:
        self._counts[kind] += 1
        if len(self._findings) < MOST_FINDINGS:
            fields = differing_fields(expected, found) if expected else ()
            bits = bits_apart(expected, found) if expected else None
            self._findings.append(RecordFinding(kind, self._topic, self._partition, record_id, offset, fields, bits))


def _joined(lanes: list[bytes]) -> str:
    """Digest of a partition from the digests of its writers; the order in which they wrote has no influence."""
    if len(lanes) > 1:
        return sha256(b"".join(lanes)).hexdigest()
    return lanes[0].hex() if lanes else digests.START.hex()


def _lane_name(identity: _Identity) -> _LaneName:
    return identity.node, topic_of(identity.id)


def _place(wanted: deque[_Wanted], found: _Found, by_id_too: bool) -> int | None:
    """Index of the expected record that a record on the topic is; None if it is none of them.

    It is the equal one, else one near the front that differs in few bits, else the one of the same id.
    """
    by_id = None
    for at, each in enumerate(wanted):
        if each.position == found.position:
            if each.value == found.value:
                return at
            by_id = at if by_id_too else None
        if each.position >= found.position:
            break
    for at, each in enumerate(islice(wanted, NEAR)):
        bits = bits_apart(each.value, found.value)
        if bits is not None and bits <= FEW_BITS:
            return at
    return by_id


def _mark(value: bytes) -> bytes:
    return blake2b(value, digest_size=8).digest()
