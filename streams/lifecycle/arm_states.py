"""What one symbol's arms have been through: who runs, who is live since when, who was before; every change of it."""

from msgspec import Struct, field

from schemas.commands import Command, PromoteVariant, RollBack
from schemas.names import BUILTIN, LIVE
from schemas.versions import Status
from streams.engine.judged import Judged

MOST_REIGNS = 32
"""Versions that a symbol remembers to have been live: so often it can be rolled back in a row."""

MOST_RETIRED = 1_000
"""Versions that a symbol remembers to have been stopped: none of them may give its name to another."""

MOST_FROZEN = 32
"""Versions of a symbol that may run again as they were."""

MOST_CONTENDERS = 6
"""Of these, how many a retrain is compared with: the latest."""

LONGEST_LINEAGE = 16
"""Ancestors of a version that are told, the youngest ones."""


class RunningArm(Struct, array_like=True):
    """An arm that runs.

    Attributes:
        name: in directives and outcomes; the live arm is called `live`; empty once it was stopped.
        version: of the arm; that of the arm a symbol begins with is `builtin` here, its full name has a digest.
        number: identity that survives a change of name.
        since: event time since when it is live or in shadow, ns.
        command: id of the command that made it so; empty for the built-in arm before the first one.
        lineage: versions it descends from, the oldest first.
        experiment: that it is an arm of, or empty.
        overrides: parameters that are its own, as `Variants.overrides` wrote them.
        sha256: of the model's state that it started from, or empty.
        manual_steps: changes of it so far that a person asked for.
        was_live: whether it ever was.
        candidate: whether it began as a candidate.
        taken_back: whether it was rolled back since it was live.
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


class Reign(Struct, array_like=True):
    """A version that was live.

    Attributes:
        version: which.
        since: event time since when, ns.
        command: id of the command that made it live.
    """

    version: str
    since: int
    command: str


class HeldByPin(Struct, array_like=True):
    """What a pin holds back: the system asked for it, and only a person may change which version is live.

    Attributes:
        command: that is carried out at the release of the pin, if the same version is live then.
        number: of the arm that it makes live; of a roll-back that of the live arm.
        live: version that was live: what a winner won against, or what a roll-back takes back.
    """

    command: PromoteVariant | RollBack
    number: int
    live: str


class SymbolArms(Struct, array_like=True):
    """The arms of one symbol; a `Roster` for directives.

    Attributes:
        arms: that run, the live one first.
        next_number: identity of the next arm.
        applied: ids of the last commands that were carried out, the oldest first.
        before: versions that were live before and still run, the latest last.
        retired: versions that run no more, the latest last.
        frozen: SHA-256 of the models of those that are kept as knowledge, the latest last.
        pinned: whether only a person may change which version is live.
        cools_until: event time before which no retrain starts by itself, ns.
        judged: where commands are signed, all that were met, refused ones among them.
        held: what a pin holds back, the oldest first; one of an arm at most.
    """

    arms: list[RunningArm]
    next_number: int
    applied: list[str]
    before: list[Reign]
    retired: list[str] = []
    frozen: dict[str, str] = {}
    pinned: bool = False
    cools_until: int = 0
    judged: Judged = field(default_factory=Judged)
    held: list[HeldByPin] = []

    def status(self, arm: RunningArm) -> Status:
        """Where the version of an arm stands, whether it runs or was stopped; see `version_states` for the ways there.

        Of one that was taken back, and for which a pin holds back that it goes live again, that is said: `shadow`.
        """
        if not arm.name:
            if arm.was_live:
                return "stopped" if arm.taken_back else "frozen"
            return "rejected" if arm.candidate else "stopped"
        if arm is self.arms[0]:
            return "champion"
        return "rolled_back" if arm.taken_back and not self.is_held(arm) else "shadow"

    def started(self, command: Command) -> RunningArm:
        """The last arm was started by a command; a version that was kept as knowledge runs again, as it was."""
        arm = self.arms[-1]
        arm.changed_by(command)
        if arm.version in self.frozen:
            del self.frozen[arm.version]
            self.retired = [each for each in self.retired if each != arm.version]
        return arm

    def went_live(self, before: RunningArm, command: PromoteVariant | RollBack) -> RunningArm:
        """The first arm was made live by a command, in the place of the one before, which runs on in shadow."""
        live, reign = self.arms[0], Reign(before.version, before.since, before.command)
        for arm in (live, before):
            arm.since, arm.command = command.ts_event, command.id
            arm.changed_by(command)
        live.was_live, live.taken_back = True, False
        before.taken_back = isinstance(command, RollBack)
        # Whoever is live now is no one's predecessor any more.
        self.forget(live.version)
        if not before.taken_back:
            self.before.append(reign)
            del self.before[:-MOST_REIGNS]
        return live

    def stopped(self, arm: RunningArm, command: Command) -> None:
        """An arm was stopped by a command: its version cannot be gone back to, and none may be called like it.

        One that was live and was not taken back is kept as knowledge, so many of them are.
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
        """Lineage of a child of `parent`, which need not run; none of no parent."""
        if not parent:
            return []
        known = next((arm.lineage for arm in self.arms if arm.version == parent), [])
        return [*known, parent][-LONGEST_LINEAGE:]

    def dispensable(self) -> RunningArm | None:
        """The arm that is stopped where a candidate needs room: one that was taken back, else the one that was live
        longest ago, else the first that a pin holds back; never the one that a roll-back goes to."""
        kept = self.before[-1].version if self.before else ""
        held = {each.number for each in self.held}
        spare = [arm for arm in self.arms[1:] if (arm.was_live or arm.number in held) and arm.version != kept]
        return min(spare, key=lambda arm: (not arm.taken_back, not arm.was_live, arm.since, arm.number), default=None)

    def candidates(self) -> list[RunningArm]:
        """Those that are being tested; a winner that a pin holds back is so no more."""
        held = {each.number for each in self.held}
        return [arm for arm in self.arms[1:] if arm.candidate and not arm.was_live and arm.number not in held]

    def is_held(self, arm: RunningArm) -> bool:
        """Whether a pin holds back that an arm goes live, or that the live one is taken back."""
        return any(each.number == arm.number and each.live == self.arms[0].version for each in self.held)

    def hold(self, command: PromoteVariant | RollBack, arm: RunningArm) -> bool:
        """Keep for the release of the pin what would change the live version; whether it was not kept before."""
        if any(each.number == arm.number for each in self.held):
            return False
        self.held.append(HeldByPin(command, arm.number, self.arms[0].version))
        return True

    def forget(self, version: str) -> None:
        """A version that runs no more cannot be gone back to."""
        self.before = [reign for reign in self.before if reign.version != version]

    def pool(self) -> tuple[str, ...]:
        """SHA-256 of the models that a retrain asked for now is compared with, the latest last."""
        return tuple(self.frozen.values())[-MOST_CONTENDERS:]


def new_life() -> SymbolArms:
    """A symbol with nothing but its built-in arm.

    >>> new_life().arms[0].version
    'builtin'
    """
    return SymbolArms([RunningArm(LIVE, BUILTIN, 0, was_live=True)], 1, [], [])
