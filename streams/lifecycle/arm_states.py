"""Arms of one symbol as the lifecycle node keeps them: which run, which is live, which were live before."""

from msgspec import Struct, field

from schemas.commands import Command, PromoteVariant, RollBack
from schemas.names import BUILTIN, LIVE
from schemas.versions import Status
from streams.engine.judged import Judged

MOST_FORMER = 32
"""Former live versions that are kept for a symbol: the number of roll-backs in a row."""

MOST_RETIRED = 1_000
"""Stopped versions that are kept for a symbol, whose names may not be used again."""

MOST_FROZEN = 32
"""Frozen versions that are kept for a symbol and may run again."""

MOST_CONTENDERS = 6
"""The latest frozen versions that a retrain compares its model with."""

LONGEST_LINEAGE = 16
"""Most ancestors in the lineage of a version, the youngest ones."""


class RunningArm(Struct, array_like=True):
    """An arm that runs.

    Attributes:
        name: in directives and outcomes; the live arm is called `live`; empty once it was stopped.
        version: of the arm; `builtin` for the arm that a symbol begins with, whose full name ends with a digest.
        number: identity that stays when the name changes.
        since: event time from which it has been live or in shadow, ns.
        command: id of the command that did so; empty for the built-in arm before the first one.
        lineage: versions it descends from, the oldest first.
        experiment: name of the experiment that it is an arm of, or empty.
        overrides: parameters of its own, as `ArmParameters.overrides` wrote them.
        sha256: SHA-256 of the model state that it started from, or empty.
        manual_steps: number of its changes so far that a person asked for.
        was_live: whether it has ever been live.
        candidate: whether it started as a candidate.
        taken_back: whether it was rolled back.
    """

    name: str
    version: str
    number: int
    since: int = 0
    command: str = ""
    lineage: list[str] = []
    experiment: str = ""
    overrides: bytes = b""
    sha256: str = ""
    manual_steps: int = 0
    was_live: bool = False
    candidate: bool = False
    taken_back: bool = False

    def changed_by(self, command: Command) -> None:
        """Count a change that a person asked for."""
        self.manual_steps += not command.automatic


class FormerChampion(Struct, array_like=True):
    """A version that was live.

    Attributes:
        version: name of the version.
        since: event time from which it was live, ns.
        command: id of the command that made it live.
    """

    version: str
    since: int
    command: str


class HeldByPin(Struct, array_like=True):
    """An automatic promotion or roll-back that a pin holds back: only a person may change a pinned live version.

    Attributes:
        command: to be carried out when the pin is released, if the same version is live then.
        number: of the arm to be promoted, or of the live arm to be rolled back.
        live: version that was live: the one that a winner beat, or that a roll-back ends.
    """

    command: PromoteVariant | RollBack
    number: int
    live: str


class SymbolArms(Struct, array_like=True):
    """State of the lifecycle node for one symbol; an `ArmRoster` for directives.

    Attributes:
        arms: running arms, the live one first.
        next_number: identity of the next arm.
        applied: ids of the last commands that were carried out, the oldest first.
        before: former live versions that still run, the latest last.
        retired: stopped versions, the latest last.
        frozen: stored versions for later retrains with the SHA-256 of their models, the latest last.
        pinned: whether only a person may change the live version.
        cools_until: end of the cool-down, event time in ns, before which no automatic retrain starts.
        judged: where commands are signed, ids of all that were seen, refused ones included.
        held: commands that a pin holds back, the oldest first; at most one for an arm.
    """

    arms: list[RunningArm]
    next_number: int
    applied: list[str]
    before: list[FormerChampion]
    retired: list[str] = []
    frozen: dict[str, str] = {}
    pinned: bool = False
    cools_until: int = 0
    judged: Judged = field(default_factory=Judged)
    held: list[HeldByPin] = []

    def status(self, arm: RunningArm) -> Status:
        """Status of the version of an arm, which may run or be stopped; `version_states` has the allowed changes.

        A version that was rolled back, and whose next promotion a pin holds back, has the status `shadow`.
        """
        if not arm.name:
            if arm.was_live:
                return "stopped" if arm.taken_back else "frozen"
            return "rejected" if arm.candidate else "stopped"
        if arm is self.arms[0]:
            return "champion"
        return "rolled_back" if arm.taken_back and not self.is_held(arm) else "shadow"

    def started(self, command: Command) -> RunningArm:
        """Record that a command started the last arm; a frozen version that runs again is frozen no more."""
        arm = self.arms[-1]
        arm.changed_by(command)
        if arm.version in self.frozen:
            del self.frozen[arm.version]
            self.retired = [each for each in self.retired if each != arm.version]
        return arm

    def went_live(self, before: RunningArm, command: PromoteVariant | RollBack) -> RunningArm:
        """Record that a command made the first arm live in the place of `before`, which goes on in shadow."""
        live, former = self.arms[0], FormerChampion(before.version, before.since, before.command)
        for arm in (live, before):
            arm.since, arm.command = command.ts_event, command.id
            arm.changed_by(command)
        live.was_live, live.taken_back = True, False
        before.taken_back = isinstance(command, RollBack)
        # The version that is live now is not a former one any more.
        self.forget(live.version)
        if not before.taken_back:
            self.before.append(former)
            del self.before[:-MOST_FORMER]
        return live

    def stopped(self, arm: RunningArm, command: Command) -> None:
        """Record that a command stopped an arm: no roll-back goes to its version, whose name may not be used again.

        A version that was live and was not rolled back is frozen; the latest `MOST_FROZEN` are kept.
        """
        self.forget(arm.version)
        self.retired = [*self.retired, arm.version][-MOST_RETIRED:]
        self.held = [each for each in self.held if each.number != arm.number]
        arm.name = ""
        arm.changed_by(command)
        if self.status(arm) == "frozen" and arm.sha256:
            self.frozen[arm.version] = arm.sha256
            while len(self.frozen) > MOST_FROZEN:
                del self.frozen[next(iter(self.frozen))]

    def descent(self, parent: str) -> list[str]:
        """Lineage of a child of `parent`, which need not run; empty without a parent."""
        if not parent:
            return []
        known = next((arm.lineage for arm in self.arms if arm.version == parent), [])
        return [*known, parent][-LONGEST_LINEAGE:]

    def dispensable(self) -> RunningArm | None:
        """The arm to stop when a candidate needs room: a rolled-back one, else the one that was live longest ago, else
        the first that a pin holds back; never the one that a roll-back would make live."""
        kept = self.before[-1].version if self.before else ""
        held = {each.number for each in self.held}
        spare = [arm for arm in self.arms[1:] if (arm.was_live or arm.number in held) and arm.version != kept]
        return min(spare, key=lambda arm: (not arm.taken_back, not arm.was_live, arm.since, arm.number), default=None)

    def candidates(self) -> list[RunningArm]:
        """Candidates in test, without winners that a pin holds back."""
        held = {each.number for each in self.held}
        return [arm for arm in self.arms[1:] if arm.candidate and not arm.was_live and arm.number not in held]

    def is_held(self, arm: RunningArm) -> bool:
        """Whether a pin holds back the promotion of an arm, or the roll-back of the live one."""
        return any(each.number == arm.number and each.live == self.arms[0].version for each in self.held)

    def hold(self, command: PromoteVariant | RollBack, arm: RunningArm) -> bool:
        """Keep a command until the pin is released; returns whether it is new."""
        if any(each.number == arm.number for each in self.held):
            return False
        self.held.append(HeldByPin(command, arm.number, self.arms[0].version))
        return True

    def forget(self, version: str) -> None:
        """Remove a version from those that a roll-back can go to."""
        self.before = [former for former in self.before if former.version != version]

    def pool(self) -> tuple[str, ...]:
        """SHA-256 of the stored models that a retrain is compared with, the latest last."""
        return tuple(self.frozen.values())[-MOST_CONTENDERS:]


def initial_arms() -> SymbolArms:
    """State of a symbol with its built-in arm alone.

    >>> initial_arms().arms[0].version
    'builtin'
    """
    return SymbolArms([RunningArm(LIVE, BUILTIN, 0, was_live=True)], 1, [], [])
