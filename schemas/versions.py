"""Record of the status of a model version; the newest record of each symbol and version is the valid one."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.limits import (
    Code,
    CommandId,
    Count,
    EventTime,
    Id,
    MetricsByName,
    Name,
    NameOrNone,
    Names,
    Sentence,
    Symbol,
    Tables,
)

Status = Literal["candidate", "shadow", "champion", "frozen", "rejected", "rolled_back", "stopped"]


class ModelVersion(Struct, frozen=True):
    """Present status of a model version, and why it has that status."""

    id: Annotated[Id, Meta(description="`commands:partition:offset:index` of the command that changed it")]
    symbol: Symbol
    version: Annotated[Name, Meta(description="name of the version, unique per symbol")]
    parent: Annotated[NameOrNone, Meta(description="version that it was derived from, or empty")]
    status: Annotated[
        Status,
        Meta(
            description="`candidate`: known, does not run; `shadow`: runs beside the live one; `champion`: live; "
            "`frozen`: was live, runs no more, is stored for later retrains; `rejected`: was not found better; "
            "`rolled_back`: was live and was taken back, runs in shadow; `stopped`: runs no more"
        ),
    ]
    reason: Annotated[Sentence, Meta(description="cause that the command gave")]
    ts_event: Annotated[EventTime, Meta(description="event time of the command: ns since 1970, UTC")]
    command: Annotated[CommandId, Meta(description="id of the command, which is also the id of the directive")]
    metrics: Annotated[MetricsByName, Meta(description="figures that the command is based on, by name")] = {}
    lineage: Annotated[Names, Meta(description="versions it descends from, the oldest first")] = ()
    arm: Annotated[NameOrNone, Meta(description="name that it runs under, or empty")] = ""
    experiment: Annotated[NameOrNone, Meta(description="experiment that it is an arm of, or empty")] = ""
    overrides: Annotated[Tables, Meta(description="parameters in which it differs from the configuration")] = {}
    sha256: Annotated[Code, Meta(description="SHA-256 of the model state that it started from, hex, or empty")] = ""
    automatic: Annotated[bool, Meta(description="whether a node asked for this change; else a person did")] = False
    manual_steps: Annotated[Count, Meta(description="changes of this version so far that a person asked for")] = 0
    change: Annotated[Code, Meta(description="kind of the command, for example `promote_variant`, or empty")] = ""
    pinned: Annotated[bool, Meta(description="whether only a person may replace it")] = False
    held: Annotated[
        bool | UnsetType,
        Meta(
            description="whether a pin holds a change back: the promotion of a version in shadow, or the roll-back of "
            "the live one; absent: no"
        ),
    ] = UNSET

    @property
    def key(self) -> bytes:
        """Kafka key of the record: symbol and version. So the compacted topic keeps the newest record of each version.

        >>> ModelVersion("commands:0:7:0", "BTCUSDT", "bold-1", "", "shadow", "a person", 1, "c1").key
        b'BTCUSDT|bold-1'
        """
        return f"{self.symbol}|{self.version}".encode()
