"""The lifecycle node's state of one symbol: which pipelines (arms) run, which is live, and which were live before."""

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
    """An arm: one of the pipelines that run side by side on a symbol, each with one model version.

    Attributes:
        name: name in commands and outcomes. The live arm is called `live`; empty once the arm was stopped.
        version: name of the arm's version; `builtin` for the arm that a symbol begins with.
        number: number of the arm within its symbol; it stays when the name changes.
        since: event time from which the arm has been live, or else in shadow (unpublished), ns.
        command: id of the command that made it live or put it in shadow; empty for the built-in arm before the first.
        lineage: names of the versions that its version descends from, the oldest first.
        experiment: name of the experiment in which the arm takes part, or empty.
        overrides: the arm's own parameters, as `ArmParameters.overrides` encodes them.
        sha256: SHA-256 of the model state that it started from, hex; empty if it started without one.
        manual_steps: number of its changes so far that a person asked for.
        was_live: whether it has ever been live.
        candidate: whether a retrain made its model.
        taken_back: whether it was live and was rolled back.
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
        """Add 1 to `manual_steps` if a person, and not a node, sent the command."""
        self.manual_steps += not command.automatic


class FormerChampion(Struct, array_like=True):
    """A version that was live earlier and that a roll-back can make live again.

    Attributes:
        version: name of the version.
        since: event time from which it was live, ns.
        command: id of the command that made it live.
    """

    version: str
    since: int
    command: str


class HeldByPin(Struct, array_like=True):
    """An automatic promotion or roll-back that waits because the live version is pinned.

    While a version is pinned, only a person may replace it.

    Attributes:
        command: the promotion or roll-back; it is carried out when the pin is released if the same version is still
            live.
        number: number of the arm (pipeline) to be promoted, or of the live arm to be rolled back.
        live: name of the version that was live when the command came.
    """

    command: PromoteVariant | RollBack
    number: int
    live: str


class SymbolArms(Struct, array_like=True):
    """The lifecycle node's state of one symbol: its arms (pipelines that run side by side) and its versions.

    Attributes:
        arms: running arms, the live one first.
        next_number: number that the next arm gets.
        applied: ids of the last commands that were carried out, the oldest first.
        before: versions that were live and still run, the latest last; a roll-back goes to the last of them.
        retired: names of stopped versions, the latest last.
        frozen: SHA-256 of the models of stopped versions that were live, by name of the version, the latest last. Later
            retrains compare new models with them.
        pinned: whether only a person may replace the live version.
        cools_until: event time until which no automatic retrain starts after a roll-back, ns.
        judged: if commands are signed, the ids of all commands that were seen, refused ones included.
        held: commands that wait while the live version is pinned, the oldest first; at most one for an arm.
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
        """Status of the version of an arm (pipeline), which may run or be stopped.

        A version that was rolled back has the status `rolled_back`. It has the status `shadow` if it is to be promoted
        again and only waits because the live version is pinned.
        """
        if not arm.name:
            if arm.was_live:
                return "stopped" if arm.taken_back else "frozen"
            return "rejected" if arm.candidate else "stopped"
        if arm is self.arms[0]:
            return "champion"
        return "rolled_back" if arm.taken_back and not self.is_held(arm) else "shadow"

    def started(self, command: Command) -> RunningArm:
        """Record that a command started the last arm (pipeline) in `arms`, and return that arm.

        If the arm runs a frozen (stored) version again, the version is no longer listed as frozen or retired.
        """
        arm = self.arms[-1]
        arm.changed_by(command)
        if arm.version in self.frozen:
            del self.frozen[arm.version]
            self.retired = [each for each in self.retired if each != arm.version]
        return arm

    def went_live(self, before: RunningArm, command: PromoteVariant | RollBack) -> RunningArm:
        """Record that a command made the first arm (pipeline) in `arms` live, and return that arm.

        Args:
            before: the arm that was live until now and goes on in shadow, that is, unpublished.
            command: the promotion or the roll-back.
        """
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
        """Record that a command stopped an arm (pipeline).

        No roll-back goes to its version any more, and the version's name is not used again. A version that was live,
        and was not rolled back, is stored as frozen for later retrains; at most the latest `MOST_FROZEN` (32) are.
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
        """Names of the ancestors of a new version, the oldest first, at most `LONGEST_LINEAGE` (16).

        Args:
            parent: name of the version from which the new one is derived; empty: no ancestors. If it does not run now,
                only its own name is known.
        """
        if not parent:
            return []
        known = next((arm.lineage for arm in self.arms if arm.version == parent), [])
        return [*known, parent][-LONGEST_LINEAGE:]

    def dispensable(self) -> RunningArm | None:
        """The arm (pipeline) to stop when a newly trained model needs its place; None if none can be spared.

        Rolled-back arms come first, then those that were live, the one longest ago first. Last come arms that won a
        test, but may not go live while the live version is pinned. The arm that a roll-back would make live is never
        chosen.
        """
        kept = self.before[-1].version if self.before else ""
        held = {each.number for each in self.held}
        spare = [arm for arm in self.arms[1:] if (arm.was_live or arm.number in held) and arm.version != kept]
        return min(spare, key=lambda arm: (not arm.taken_back, not arm.was_live, arm.since, arm.number), default=None)

    def candidates(self) -> list[RunningArm]:
        """Arms (running pipelines) whose retrained model is still being tested.

        An arm that won its test, but may not go live while the live version is pinned, is not among them.
        """
        held = {each.number for each in self.held}
        return [arm for arm in self.arms[1:] if arm.candidate and not arm.was_live and arm.number not in held]

    def is_held(self, arm: RunningArm) -> bool:
        """Whether a command to promote an arm (pipeline), or to roll back the live arm, waits because of a pin.

        A pin lets only a person replace the live version.
        """
        return any(each.number == arm.number and each.live == self.arms[0].version for each in self.held)

    def hold(self, command: PromoteVariant | RollBack, arm: RunningArm) -> bool:
        """Keep a promotion or roll-back that has to wait while the live version is pinned.

        Returns False, and keeps nothing, if a command for the same arm is kept already.

        Args:
            command: the promotion or the roll-back.
            arm: the arm (pipeline) to be promoted, or the live arm to be rolled back.
        """
        if any(each.number == arm.number for each in self.held):
            return False
        self.held.append(HeldByPin(command, arm.number, self.arms[0].version))
        return True

    def forget(self, version: str) -> None:
        """Remove a version from those that a roll-back can make live again."""
        self.before = [former for former in self.before if former.version != version]

    def pool(self) -> tuple[str, ...]:
        """SHA-256 of the stored models that a retrain compares its new model with, the latest last, at most 6."""
        return tuple(self.frozen.values())[-MOST_CONTENDERS:]


def initial_arms() -> SymbolArms:
    """State of a symbol before the first command: one arm, the built-in pipeline that every symbol begins with.

    >>> initial_arms().arms[0].version
    'builtin'
    """
    return SymbolArms([RunningArm(LIVE, BUILTIN, 0, was_live=True)], 1, [], [])
