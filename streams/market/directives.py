"""Directives: records that start, promote or stop an arm of a symbol.

An arm is one of the variants of the pipeline that run side by side on a symbol. The first arm is live: its predictions
are published. The others run in shadow: they learn and are scored, but their predictions are not published. Promoting
an arm makes it live.
"""

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
    """What directives need to know of an arm, one of the variants of the pipeline that run side by side on a symbol.

    Attributes:
        name: unique within the symbol; `live` for the arm whose predictions are published.
        version: name of the model version that the arm started from. When another arm becomes live, the arm that was
            live takes this as its name.
        number: identity of the arm, which stays when its name changes; 0 for the arm that a symbol begins with.
    """

    name: str
    version: str
    number: int


AnyArm = TypeVar("AnyArm", bound=Named)


class ArmRoster(Protocol[AnyArm]):
    """The arms of one symbol, with the fields that directives read or change.

    An arm is one of the variants of the pipeline that run side by side on a symbol. A directive is a record that
    starts, promotes or stops an arm.

    Attributes:
        arms: the live arm, whose predictions are published, then the other arms.
        next_number: number that the next new arm gets.
        applied: ids of the directives that were carried out last, oldest first.
    """

    arms: list[AnyArm]
    next_number: int
    applied: list[str]


class ArmsState(Struct, array_like=True):
    """The arms of one symbol, as the market node keeps them.

    An arm is one of the variants of the pipeline that run side by side on a symbol. A directive is a record that
    starts, promotes or stops an arm.

    Attributes:
        arms: the live arm, whose predictions are published, then the other arms.
        next_number: number that the next new arm gets.
        applied: ids of the last directives that were carried out, at most 256, oldest first.
        judged: ids of all signed directives that were carried out or refused, so that no directive takes effect twice.
    """

    arms: list[ArmState]
    next_number: int
    applied: list[str]
    judged: Judged = field(default_factory=Judged)


def apply(roster: ArmRoster[AnyArm], directive: Directive, begin: Callable[[Directive, str, int], AnyArm]) -> None:
    """Carry out a directive: start, promote or stop an arm of a symbol.

    An arm is one of the variants of the pipeline that run side by side on a symbol. A directive whose id is among those
    carried out last does nothing.

    Args:
        roster: the arms of the directive's symbol, which are changed.
        directive: the directive to be carried out.
        begin: called as `begin(directive, version, number)` for a directive `start_arm`; returns the new arm, or raises
            `Refused`.

    Raises:
        Refused: `bad_directive`: the directive cannot be carried out; nothing has changed.
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
    """Note that the directive with this id was carried out; only the last 256 ids are kept.

    Args:
        roster: the arms of the directive's symbol; its list `applied` of ids is changed.
        directive_id: the id.
    """
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
    """Return the arm with this name, which must run in shadow: it must not be the live arm.

    Arms are the variants of the pipeline that run side by side on a symbol. The live arm is the one whose predictions
    are published; the others run in shadow.

    Args:
        roster: the arms of one symbol.
        name: name of the arm; `builtin` for the arm that the symbol began with, whatever its name is now.

    Raises:
        Refused: `bad_directive`: no arm of this name runs in shadow.
    """
    for arm in roster.arms[1:]:
        if arm.name == name or (name == BUILTIN and arm.number == 0):
            return arm
    running = ", ".join(arm.name for arm in roster.arms[1:]) or "none"
    raise Refused("bad_directive", f"expected an arm that runs in shadow ({running}), was {name!r:.80}")
