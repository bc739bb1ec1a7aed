"""What happened to a log that snapshots rest on: other code computes from an offset on, or records are gone."""

from typing import Annotated

from msgspec import Meta, Struct

from schemas.limits import Code, Count, EventTimeOrNone, Name, Sentence

MOST_PARTS = 1_024
"""Files and libraries that compute."""

NodeName = Annotated[Name, Meta(description="node of the loop that reads the log")]
LogTopic = Annotated[Name, Meta(description="topic that is the log, without the prefix of the deployment")]
Number = Annotated[Count, Meta(description="partition of it")]


class ComputedBy(Struct, frozen=True, tag="computed_by", tag_field="kind"):
    """Which code computes from an offset on."""

    node: NodeName
    topic: LogTopic
    partition: Number
    offset: Annotated[EventTimeOrNone, Meta(description="first offset that it computes")]
    code: Annotated[
        Code, Meta(description="digest of what computes: programs, plug-ins, libraries, layout of snapshots")
    ]
    before: Annotated[
        Code, Meta(description="digest of what computed before it; empty: it began here, with no state at all")
    ]
    parts: Annotated[
        dict[Name, Code],
        Meta(max_length=MOST_PARTS, description="what the digest is of: version or digest of each part, by name"),
    ]
    sentence: Annotated[Sentence, Meta(description="for a person")]

    @property
    def key(self) -> bytes:
        """Key of the record: written a second time, it replaces the first one.

        >>> ComputedBy("market", "ticks", 3, 500, "b2", "a1", {}, "Other code.").key
        b'market|3|computed_by|500'
        """
        return f"{self.node}|{self.partition}|computed_by|{self.offset}".encode()


class RecordsLost(Struct, frozen=True, tag="records_lost", tag_field="kind"):
    """Offsets of a log that were deleted before their node had read them: what they held had no effect."""

    node: NodeName
    topic: LogTopic
    partition: Number
    first: Annotated[EventTimeOrNone, Meta(description="first offset that is gone")]
    last: Annotated[EventTimeOrNone, Meta(description="last one")]
    sentence: Annotated[Sentence, Meta(description="for a person")]

    @property
    def key(self) -> bytes:
        """Key of the record: a gap that was found to be longer replaces itself.

        >>> RecordsLost("market", "ticks", 3, 500, 900, "Gone.").key
        b'market|3|records_lost|500'
        """
        return f"{self.node}|{self.partition}|records_lost|{self.first}".encode()


LogEvent = ComputedBy | RecordsLost
