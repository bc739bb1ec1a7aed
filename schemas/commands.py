"""What people and other nodes ask for: variants started, stopped, made live, rolled back; models retrained, pinned."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas import limits
from schemas.limits import Code, EventTime, Name, NameOrNone, Signature, Symbol, TickId
from schemas.models import ModelState
from schemas.ticks import Overrides
from schemas.windows import Breach

CommandId = Annotated[
    limits.CommandId, Meta(description="the asker's own; a command whose id was carried out already is ignored")
]
Asked = Annotated[EventTime, Meta(description="event time of the symbol when it was asked for: ns since 1970, UTC")]
Cause = Annotated[
    limits.Cause, Meta(description="id of the decision that led to it, or the sentence of the person who did")
]
Metrics = Annotated[limits.MetricsByName, Meta(description="figures that it rests on, by name")]
Automatic = Annotated[bool, Meta(description="whether the system asks for it itself; else a person does")]

MODEL_SCHEMA = 1
"""Of the full state of a model in a command; one of another schema is refused."""


class StartVariant(Struct, frozen=True, tag_field="kind", tag="start_variant"):
    """Run a variant of the pipeline in shadow on the symbol's ticks."""

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    arm: Annotated[Name, Meta(description="name that the variant runs under")]
    cause: Cause
    overrides: Overrides = {}
    from_live: Annotated[bool, Meta(description="start from what the live arm has learned so far")] = False
    model: Annotated[ModelState | None, Meta(description="full state of a model to start from")] = None
    version: Annotated[NameOrNone, Meta(description="name of the version; empty: one is made of the arm's name")] = ""
    experiment: Annotated[NameOrNone, Meta(description="experiment that it is an arm of, or empty")] = ""
    metrics: Metrics = {}
    signature: Signature = ""
    automatic: Automatic = False
    model_schema: Annotated[
        limits.Count, Meta(description="form in which the model is written; another one is refused")
    ] = MODEL_SCHEMA
    sha256: Annotated[Code, Meta(description="of the model's canonical state, hex; empty: it is not checked")] = ""
    judged_against: Annotated[
        NameOrNone, Meta(description="version that was live then; refused under another; empty: any")
    ] = ""


class StopVariant(Struct, frozen=True, tag_field="kind", tag="stop_variant"):
    """End a variant that runs in shadow."""

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    arm: Annotated[Name, Meta(description="name that the variant runs under")]
    cause: Cause
    signature: Signature = ""
    automatic: Automatic = False


class PromoteVariant(Struct, frozen=True, tag_field="kind", tag="promote_variant"):
    """Make a variant that runs in shadow the live one; the one that was live goes on in shadow as its version."""

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    arm: Annotated[Name, Meta(description="name that the variant runs under")]
    cause: Cause
    metrics: Metrics = {}
    signature: Signature = ""
    automatic: Automatic = False


class RollBack(Struct, frozen=True, tag_field="kind", tag="roll_back"):
    """Make the version live again that was live before; the live one ends, or goes on in shadow as its version."""

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    cause: Cause
    metrics: Metrics = {}
    signature: Signature = ""
    automatic: Automatic = False
    version: Annotated[
        NameOrNone, Meta(description="that is to be taken back: of another one nothing is; empty: any")
    ] = ""
    stop: Annotated[
        bool | UnsetType,
        Meta(
            description="whether the one that is taken back ends, too: one that is too slow takes as long in shadow; "
            "absent: it goes on"
        ),
    ] = UNSET


class Retrain(Struct, frozen=True, tag_field="kind", tag="retrain"):
    """Train a model anew on what the symbol's log holds up to now; its id is that of the job."""

    id: Annotated[limits.JobId, Meta(description="its job's, and its breach's; one that was carried out is ignored")]
    symbol: Symbol
    ts_event: Asked
    cause: Cause
    breach: Annotated[Breach, Meta(description="what calls for it")]
    signature: Signature = ""
    automatic: Automatic = False
    until: Annotated[
        TickId | UnsetType,
        Meta(
            description="id of the symbol's last outcome that was seen: up to it the log is learned from; absent: a "
            "breach names it in its id, else what had matured at `ts_event` is learned from"
        ),
    ] = UNSET


class PinVersion(Struct, frozen=True, tag_field="kind", tag="pin_version"):
    """Keep the live version live: only a person changes it until it is released."""

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    cause: Cause
    pinned: Annotated[bool, Meta(description="false: release it")] = True
    signature: Signature = ""
    automatic: Automatic = False


Command = StartVariant | StopVariant | PromoteVariant | RollBack | Retrain | PinVersion
