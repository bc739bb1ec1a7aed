"""Commands: records by which people and nodes ask for a change of the models that run on a symbol.

A variant is one pipeline with parameters or a model of its own; several variants run side by side on a symbol. Commands
start, stop or promote a variant, roll back the live version, pin it (so that only a person may replace it), or ask for
a retrain. The live version is the one whose predictions are published.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas import limits
from schemas.limits import Code, EventTime, Name, NameOrNone, Signature, Symbol, TickId
from schemas.models import ModelState
from schemas.ticks import Overrides, World
from schemas.windows import Breach

CommandId = Annotated[
    limits.CommandId, Meta(description="id chosen by the sender; a command whose id was carried out already is ignored")
]
Asked = Annotated[EventTime, Meta(description="event time of the symbol when the command was sent: ns since 1970, UTC")]
Cause = Annotated[
    limits.Cause, Meta(description="id of the decision that led to it, or the sentence of the person who did")
]
Metrics = Annotated[limits.MetricsByName, Meta(description="figures that the command is based on, by name")]
Automatic = Annotated[bool, Meta(description="whether a node sent the command; else a person did")]

MODEL_SCHEMA = 1
"""Schema of the state of a model in a command; a state of another schema is refused."""


class StartVariant(Struct, frozen=True, tag_field="kind", tag="start_variant"):
    """Command to run a variant of the pipeline in shadow: it predicts, but its predictions are not published."""

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    arm: Annotated[Name, Meta(description="name that the variant runs under")]
    cause: Cause
    overrides: Overrides = {}
    from_live: Annotated[bool, Meta(description="start from a copy of the live arm's learned state")] = False
    model: Annotated[ModelState | None, Meta(description="full state of a model to start from")] = None
    version: Annotated[NameOrNone, Meta(description="name of the version; empty: one is made of the arm's name")] = ""
    experiment: Annotated[NameOrNone, Meta(description="experiment that it is an arm of, or empty")] = ""
    metrics: Metrics = {}
    signature: Signature = ""
    automatic: Automatic = False
    model_schema: Annotated[limits.Count, Meta(description="schema of `model`; another one is refused")] = MODEL_SCHEMA
    sha256: Annotated[Code, Meta(description="SHA-256 of the model's canonical state, hex; empty: not checked")] = ""
    judged_against: Annotated[
        NameOrNone, Meta(description="live version that it was compared with; refused under another one; empty: any")
    ] = ""
    world: World = UNSET


class StopVariant(Struct, frozen=True, tag_field="kind", tag="stop_variant"):
    """Command to stop a variant of the pipeline that runs in shadow, that is, whose predictions are not published."""

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    arm: Annotated[Name, Meta(description="name that the variant runs under")]
    cause: Cause
    signature: Signature = ""
    automatic: Automatic = False


class PromoteVariant(Struct, frozen=True, tag_field="kind", tag="promote_variant"):
    """Command to make a variant of the pipeline live, so that its predictions are published.

    Before the command, the variant runs in shadow, that is, unpublished. The variant that was live goes on in shadow,
    under the name of its version.
    """

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    arm: Annotated[Name, Meta(description="name that the variant runs under")]
    cause: Cause
    metrics: Metrics = {}
    signature: Signature = ""
    automatic: Automatic = False


class RollBack(Struct, frozen=True, tag_field="kind", tag="roll_back"):
    """Command to return from the live version to the one that was live before.

    The version that is live now goes on in shadow, that is, unpublished; or it stops, if `stop` is true.
    """

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    cause: Cause
    metrics: Metrics = {}
    signature: Signature = ""
    automatic: Automatic = False
    version: Annotated[
        NameOrNone, Meta(description="version to be rolled back; refused when another one is live; empty: any")
    ] = ""
    stop: Annotated[
        bool | UnsetType,
        Meta(
            description="whether the version that is rolled back stops as well, as one that is too slow would be "
            "in shadow, too; absent: it goes on in shadow"
        ),
    ] = UNSET


class Retrain(Struct, frozen=True, tag_field="kind", tag="retrain"):
    """Command to train a new model on the symbol's outcomes: earlier predictions, each with the move that followed.

    The job that trains has the same id as the command.
    """

    id: Annotated[limits.JobId, Meta(description="id of the job and of its breach; one carried out already is ignored")]
    symbol: Symbol
    ts_event: Asked
    cause: Cause
    breach: Annotated[Breach, Meta(description="why a retrain is needed")]
    signature: Signature = ""
    automatic: Automatic = False
    until: Annotated[
        TickId | UnsetType,
        Meta(
            description="id of the last outcome to train on; absent: the outcome that the breach names in its id, or "
            "else the last one that had matured at `ts_event`"
        ),
    ] = UNSET


class PinVersion(Struct, frozen=True, tag_field="kind", tag="pin_version"):
    """Command to pin the live version, so that only a person may replace it; or to release a pinned version."""

    id: CommandId
    symbol: Symbol
    ts_event: Asked
    cause: Cause
    pinned: Annotated[bool, Meta(description="false: release it")] = True
    signature: Signature = ""
    automatic: Automatic = False


Command = StartVariant | StopVariant | PromoteVariant | RollBack | Retrain | PinVersion
