"""Directives, which start an arm, make it live or stop it, applied to the arms of a symbol."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from msgspec import Struct, field

from schemas.errors import Refused
from schemas.limits import LONGEST_ID, LONGEST_NAME
from schemas.names import BUILTIN, LIVE
from schemas.ticks import Directive
from streams.engine.judged import Judged
from streams.market.arms import ArmState

MOST_ARMS = 6
REMEMBERED = 256


class Named(Protocol):
    """The fields of an arm that directives need.

    Attributes:
        name: unique within the symbol; the live arm is called `live`.
        version: version that it started from; an arm that is live no more takes this as its name.
        number: identity that stays when the name changes; the built-in arm has 0.
    """

    name: str
    version: str
    number: int


AnyArm = TypeVar("AnyArm", bound=Named)


class ArmRoster(Protocol[AnyArm]):
    """Arms of one symbol, the live one first; the market node and the lifecycle node each keep one."""

    arms: list[AnyArm]
    next_number: int
    applied: list[str]


class ArmsState(Struct, array_like=True):
    """The arms of one symbol.

    Attributes:
        arms: the live one first.
        next_number: identity of the next arm.
        applied: ids of the last directives that were applied, the oldest first.
        judged: where directives are signed, ids of all that were seen, refused ones included.
    """

    arms: list[ArmState]
    next_number: int
    applied: list[str]
    judged: Judged = field(default_factory=Judged)


def apply(roster: ArmRoster[AnyArm], directive: Directive, begin: Callable[[Directive, str, int], AnyArm]) -> None:
    """Apply a directive, once: one whose id was applied before changes nothing.

    Args:
        roster: of the directive's symbol.
        directive: to apply.
        begin: builds the arm that a `start_arm` starts, from directive, version and number; it may raise `Refused`.

    Raises:
        Refused: `bad_directive`; nothing has changed.
    """
    if directive.id in roster.applied:
        return
    if not 0 < len(directive.id) <= LONGEST_ID:
        raise Refused("bad_directive", f"expected an id of 1 to {LONGEST_ID} characters, was {len(directive.id)}")
    if directive.action == "start_arm":
        _start(roster, directive, begin)
    elif directive.action == "promote_arm":
        _promote(roster, directive.arm)
    else:
        roster.arms.remove(shadow(roster, directive.arm))
    remember(roster, directive.id)


def remember(roster: ArmRoster[AnyArm], directive_id: str) -> None:
    """Remember the id of a directive as applied; the last `REMEMBERED` ids are kept."""
    roster.applied.append(directive_id)
    del roster.applied[:-REMEMBERED]


def _start(roster: ArmRoster[AnyArm], directive: Directive, begin: Callable[[Directive, str, int], AnyArm]) -> None:
    name = directive.arm
    version = directive.version if directive.model is None else directive.model.version
    if not version and directive.model is None:
        raise Refused("bad_directive", "start_arm: expected a model or the name of a version, was neither")
    if len(roster.arms) >= MOST_ARMS:
        raise Refused("bad_directive", f"start_arm: expected at most {MOST_ARMS} arms; fix: stop one")
    for what, each in (("name", name), ("version", version)):
        if not 0 < len(each) <= LONGEST_NAME:
            raise Refused(
                "bad_directive", f"start_arm: expected a {what} of 1 to {LONGEST_NAME} characters, was {each!r:.80}"
            )
    # A demoted arm goes on under its version's name, so both kinds of names share one space.
    taken = {each for arm in roster.arms for each in (arm.name, arm.version)}
    if name in taken or version in taken or BUILTIN in (name, version):
        raise Refused("bad_directive", f"start_arm: expected new names, was {name!r:.80} and version {version!r:.80}")
    roster.arms.append(begin(directive, version, roster.next_number))
    roster.next_number += 1


def _promote(roster: ArmRoster[AnyArm], name: str) -> None:
    promoted = shadow(roster, name)
    demoted = roster.arms[0]
    demoted.name = demoted.version
    promoted.name = LIVE
    roster.arms.remove(promoted)
    roster.arms.insert(0, promoted)


def shadow(roster: ArmRoster[AnyArm], name: str) -> AnyArm:
    """The arm of a name that runs in shadow; the first of all arms also answers to `builtin`.

    Raises:
        Refused: `bad_directive`: there is none.
    """
    for arm in roster.arms[1:]:
        if arm.name == name or (name == BUILTIN and arm.number == 0):
            return arm
    running = ", ".join(arm.name for arm in roster.arms[1:]) or "none"
    raise Refused("bad_directive", f"expected an arm that runs in shadow ({running}), was {name!r:.80}")
