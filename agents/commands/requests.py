"""Builds each kind of command about a symbol's model versions, complete except for its event time.

The event time of a command is that of the symbol's latest record, which is known only after the symbol's
partition was found. So each function here returns a `Request`, which makes the command once the time is known.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from schemas.commands import Command, PinVersion, PromoteVariant, Retrain, RollBack, StartVariant, StopVariant
from schemas.models import ModelState, WarmedWorld
from schemas.windows import Breach

Overrides = Mapping[str, Mapping[str, Any]]


class Request(NamedTuple):
    """A command about the model versions of a symbol, complete except for its event time.

    Attributes:
        id: id of the command; of several commands with one id only the first is carried out.
        symbol: instrument whose versions the command is about.
        dated: function that returns the command, given its event time in ns since 1970, UTC.
        shadow: name of a variant of the pipeline. The command is carried out only if this variant runs in shadow,
            predicting without being published. Empty: there is no such condition.
    """

    id: str
    symbol: str
    dated: Callable[[int], Command]
    shadow: str = ""


def new_id(asker: str) -> str:
    """Return a new random command id that begins with `asker`, the name of whoever gives the command."""
    return f"{asker}-{secrets.token_hex(6)}"


def start_variant(
    command_id: str,
    symbol: str,
    arm: str,
    cause: str,
    *,
    overrides: Overrides | None = None,
    from_live: bool = False,
    model: ModelState | None = None,
    version: str = "",
    experiment: str = "",
    world: WarmedWorld | UnsetType = UNSET,
) -> Request:
    """Build the command to run a variant of the symbol's pipeline in shadow.

    In shadow a variant predicts, is scored and learns, but only the predictions of the live variant are published.

    Args:
        command_id, symbol: see `Request`.
        arm: name that the variant runs under.
        cause: why the command is given, for people.
        overrides: parameters in which the variant differs from the symbol's own, by table and name.
        from_live: whether to start from a copy of what the live variant has learned, instead of from nothing.
        model: state of a model to start with; None: an untrained model, or with `from_live` the live variant's.
        version: name of the new model version; empty: one is made of `arm`.
        experiment: name of the experiment that the variant takes part in; empty: none.
        world: state of the features, regime and strategies that the variant computes by itself, after the last ticks;
            UNSET: these start without having seen a tick, unless the live variant has the same ones.

    >>> request = start_variant("c1", "X", "bold", "by hand", overrides={"sizing": {"kelly_fraction": 0.001}})
    >>> request.dated(5).overrides
    {'sizing': {'kelly_fraction': 0.001}}
    """
    own = {name: dict(table) for name, table in (overrides or {}).items()}
    return Request(
        command_id,
        symbol,
        lambda ts_event: StartVariant(
            id=command_id,
            symbol=symbol,
            ts_event=ts_event,
            arm=arm,
            cause=cause,
            overrides=own,
            from_live=from_live,
            model=model,
            version=version,
            experiment=experiment,
            world=world,
        ),
    )


def stop_variant(command_id: str, symbol: str, arm: str, cause: str) -> Request:
    """Build the command to end a variant of the symbol's pipeline.

    The variant must run in shadow, which means that it predicts without being published.

    Args:
        command_id, symbol: see `Request`.
        arm: name that the variant runs under.
        cause: why the command is given, for people.
    """
    return Request(
        command_id,
        symbol,
        lambda ts_event: StopVariant(id=command_id, symbol=symbol, ts_event=ts_event, arm=arm, cause=cause),
        arm,
    )


def promote_variant(command_id: str, symbol: str, arm: str, cause: str) -> Request:
    """Build the command to make a variant of the symbol's pipeline live, so that its predictions are published.

    When the command is carried out, the variant must run in shadow, which means that it predicts without being
    published.

    Args:
        command_id, symbol: see `Request`.
        arm: name that the variant runs under.
        cause: why the command is given, for people.
    """
    return Request(
        command_id,
        symbol,
        lambda ts_event: PromoteVariant(id=command_id, symbol=symbol, ts_event=ts_event, arm=arm, cause=cause),
        arm,
    )


def roll_back(
    command_id: str,
    symbol: str,
    cause: str,
    *,
    version: str = "",
    metrics: Mapping[str, float] | None = None,
    stop: bool = False,
    automatic: bool = False,
) -> Request:
    """Build the command to take back the live model version; its predecessor goes live again.

    Args:
        command_id, symbol: see `Request`.
        cause: why the command is given, for people.
        version: version to take back; the command is refused if another version is live. Empty: whichever is live.
        metrics: figures that the decision rests on, by name.
        stop: whether the version that is taken back ends; else it goes on predicting without being published.
        automatic: True if the system gives the command by itself; False if a person does.
    """
    return Request(
        command_id,
        symbol,
        lambda ts_event: RollBack(
            id=command_id,
            symbol=symbol,
            ts_event=ts_event,
            cause=cause,
            metrics=dict(metrics or {}),
            automatic=automatic,
            version=version,
            stop=True if stop else UNSET,
        ),
    )


def pin_version(command_id: str, symbol: str, cause: str, *, pinned: bool) -> Request:
    """Build the command to pin the live version, or to release it; only a person may replace a pinned version.

    Args:
        command_id, symbol: see `Request`.
        cause: why the command is given, for people.
        pinned: True to pin, False to release.
    """
    return Request(
        command_id,
        symbol,
        lambda ts_event: PinVersion(id=command_id, symbol=symbol, ts_event=ts_event, cause=cause, pinned=pinned),
    )


def retrain(command_id: str, symbol: str, cause: str) -> Request:
    """Build the command to train a new model for a symbol because a person asks for it.

    The command contains a `Breach`, the record of a reason to retrain. Its trigger is `manual`, its id is
    that of the command, and its sentence is `cause`; its field `retrain` says that a training is to start.

    Args:
        command_id, symbol: see `Request`.
        cause: why the command is given, for people.

    >>> command = retrain("c1", "X", cause="a new fee").dated(5)
    >>> command.breach.id, command.breach.trigger, command.breach.retrain, command.breach.sentence
    ('c1', 'manual', True, 'a new fee')
    """
    breach = Breach(
        id=command_id,
        trigger="manual",
        detector="manual",
        statistic=0.0,
        limit=0.0,
        since=0,
        since_outcomes=0,
        retrain=True,
        withheld="",
        sentence=cause,
    )
    return Request(
        command_id,
        symbol,
        lambda ts_event: Retrain(id=command_id, symbol=symbol, ts_event=ts_event, cause=cause, breach=breach),
    )
