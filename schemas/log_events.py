"""Records of events that change what a replay of a log computes.

Either a node goes on with other code from some offset, or records of the log were deleted before they were read.
"""

from typing import Annotated

from msgspec import Meta, Struct

from schemas.limits import Code, Count, EventTimeOrNone, Name, Sentence

MOST_PARTS = 1_024
"""Files and libraries that a digest of the code may name."""

NodeName = Annotated[Name, Meta(description="node that reads the log")]
LogTopic = Annotated[Name, Meta(description="topic that is the log, without the prefix of the deployment")]
Number = Annotated[Count, Meta(description="partition of the log")]


class ComputedBy(Struct, frozen=True, kw_only=True, tag="computed_by", tag_field="kind"):
    """From the record at `offset` of a log on, a node computes with other code than it did before."""

    node: NodeName
    topic: LogTopic
    partition: Number
    offset: Annotated[EventTimeOrNone, Meta(description="first offset that it computes")]
    code: Annotated[Code, Meta(description="digest of the code: programs, plug-ins, libraries, layout of snapshots")]
    before: Annotated[
        Code, Meta(description="digest of the code before that offset; empty: the node began here without state")
    ]
    parts: Annotated[
        dict[Name, Code],
        Meta(max_length=MOST_PARTS, description="version or digest of each part of the code, by name"),
    ]
    sentence: Annotated[Sentence, Meta(description="for a person")]

    @property
    def key(self) -> bytes:
        """Kafka key of the record: the same record written again has the same key.

        >>> ComputedBy(
        ...     node="market", topic="ticks", partition=3, offset=500,
        ...     code="b2", before="a1", parts={}, sentence="Other code.",
        ... ).key
        b'market|3|computed_by|500'
        """
        return f"{self.node}|{self.partition}|computed_by|{self.offset}".encode()


class RecordsLost(Struct, frozen=True, tag="records_lost", tag_field="kind"):
    """A part of a log was deleted before a node had read it: the records at the offsets from `first` to `last`.

    They had no effect on what the node computed.
    """

    node: NodeName
    topic: LogTopic
    partition: Number
    first: Annotated[EventTimeOrNone, Meta(description="first offset that is gone")]
    last: Annotated[EventTimeOrNone, Meta(description="last offset that is gone")]
    sentence: Annotated[Sentence, Meta(description="for a person")]

    @property
    def key(self) -> bytes:
        """Kafka key of the record: a gap that turns out to be longer has the same key and replaces the shorter one.

        >>> RecordsLost(node="market", topic="ticks", partition=3, first=500, last=900, sentence="Gone.").key
        b'market|3|records_lost|500'
        """
        return f"{self.node}|{self.partition}|records_lost|{self.first}".encode()


LogEvent = ComputedBy | RecordsLost
