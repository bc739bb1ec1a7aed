"""Directives: how a variant is started, made live and stopped, as events of the tick log."""

import hmac
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from schemas.codec import encode
from schemas.errors import Refused
from schemas.ticks import Directive
from streams.arms import LIVE, Arms, ArmState
from streams.models import signed_logistic

MOST_ARMS = 6
REMEMBERED = 256
LONGEST_NAME = 200


class ArmsState(Struct, array_like=True):
    """The arms of one symbol.

    Attributes:
        arms: the live one first.
        next_number: identity of the next arm.
        applied: ids of the last directives that were applied, the oldest first.
    """

    arms: list[ArmState]
    next_number: int
    applied: list[str]


def sign(directive: Directive, key: bytes) -> Directive:
    """The directive with its HMAC-SHA256 under `key`.

    >>> signed = sign(Directive("d1", "X", 1, "stop_arm", "b", "because"), b"secret")
    >>> signed.signature[:8], is_signed(signed, b"secret"), is_signed(signed, b"guess")
    ('9b2f7ac6', True, False)
    """
    return replace(directive, signature=_digest(directive, key))


def is_signed(directive: Directive, key: bytes) -> bool:
    """Whether the directive carries the HMAC that `key` gives."""
    return hmac.compare_digest(directive.signature.encode(), _digest(directive, key).encode())


def _digest(directive: Directive, key: bytes) -> str:
    return hmac.new(key, encode(replace(directive, signature="")), sha256).hexdigest()


def apply(state: ArmsState, directive: Directive, operator: Arms) -> None:
    """Do what the directive says, once: an id that was applied before changes nothing.

    Raises:
        Refused: `bad_directive`; nothing has changed.
    """
    if directive.id in state.applied:
        return
    if not 0 < len(directive.id) <= LONGEST_NAME:
        raise Refused("bad_directive", f"expected an id of 1 to {LONGEST_NAME} characters, was {len(directive.id)}")
    if directive.action == "start_arm":
        _start(state, directive, operator)
    elif directive.action == "promote_arm":
        _promote(state, directive.arm)
    else:
        state.arms.remove(_shadow(state, directive.arm))
    state.applied.append(directive.id)
    del state.applied[:-REMEMBERED]


def _start(state: ArmsState, directive: Directive, operator: Arms) -> None:
    name = directive.arm
    started = directive.model
    if started is None:
        raise Refused("bad_directive", "start_arm: expected a model, was none")
    if len(state.arms) >= MOST_ARMS:
        raise Refused("bad_directive", f"start_arm: expected at most {MOST_ARMS} arms; fix: stop one")
    for each in (name, started.version):
        if not 0 < len(each) <= LONGEST_NAME:
            raise Refused(
                "bad_directive", f"start_arm: expected names of 1 to {LONGEST_NAME} characters, was {each!r:.80}"
            )
    # A demoted arm goes on under its version's name, so both kinds of names share one space.
    taken = {each for arm in state.arms for each in (arm.name, arm.version)}
    if name in taken or started.version in taken:
        raise Refused("bad_directive", f"start_arm: expected new names, was {name!r} and version {started.version!r}")
    try:
        model = signed_logistic.from_wire(started.model, operator.model_features)
    except ValueError as error:
        raise Refused("bad_directive", f"start_arm: {error}") from error
    state.arms.append(operator.start(name, started.version, state.next_number, model))
    state.next_number += 1


def _promote(state: ArmsState, name: str) -> None:
    promoted = _shadow(state, name)
    demoted = state.arms[0]
    demoted.name = demoted.version
    promoted.name = LIVE
    state.arms.remove(promoted)
    state.arms.insert(0, promoted)


def _shadow(state: ArmsState, name: str) -> ArmState:
    for arm in state.arms[1:]:
        if arm.name == name:
            return arm
    running = ", ".join(arm.name for arm in state.arms[1:]) or "none"
    raise Refused("bad_directive", f"expected an arm that runs in shadow ({running}), was {name!r:.80}")
