"""What people and processes ask of the lifecycle node: each kind of command is built here, and nowhere else in agents.

A request lacks one thing of its command: the event time, which is that of the symbol's latest record. That is known
once the symbol's partition is found.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import UNSET

from schemas.commands import Command, PinVersion, PromoteVariant, Retrain, RollBack, StartVariant, StopVariant
from schemas.models import ModelState
from schemas.windows import Breach

Overrides = Mapping[str, Mapping[str, Any]]


class Request(NamedTuple):
    """A command that waits for its event time.

    Attributes:
        id: of the command: whatever is written under the same one is carried out once.
        symbol: that it is for.
        dated: the command as of an event time, ns since 1970, UTC.
        shadow: arm that it expects to run beside the live one; empty: none.
    """

    id: str
    symbol: str
    dated: Callable[[int], Command]
    shadow: str = ""


def new_id(asker: str) -> str:
    """An id that no other command has; it begins with the name of whoever asks."""
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
) -> Request:
    """Run a variant in shadow; see `StartVariant` for each field.

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
        ),
    )


def stop_variant(command_id: str, symbol: str, arm: str, cause: str) -> Request:
    """End a variant that runs in shadow."""
    return Request(
        command_id,
        symbol,
        lambda ts_event: StopVariant(id=command_id, symbol=symbol, ts_event=ts_event, arm=arm, cause=cause),
        arm,
    )


def promote_variant(command_id: str, symbol: str, arm: str, cause: str) -> Request:
    """Make a variant live that runs in shadow."""
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
    """Make the version live again that was live before.

    Args:
        command_id, symbol, cause: of the command.
        version: that is taken back; another one is left live. Empty: whichever is live.
        metrics: figures that it rests on.
        stop: whether the version that is taken back ends as well.
        automatic: whether the system asks for it itself; else a person does.
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
    """Keep the live version live, or release it."""
    return Request(
        command_id,
        symbol,
        lambda ts_event: PinVersion(id=command_id, symbol=symbol, ts_event=ts_event, cause=cause, pinned=pinned),
    )


def retrain(command_id: str, symbol: str, cause: str) -> Request:
    """Train anew because a person asks for it: the breach says just that, and has the id of the command.

    >>> command = retrain("c1", "X", "a new fee").dated(5)
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
