"""The lifecycle node's state of one symbol: which arms run, which is live, and which were live before.

An arm is one of the variants of the pipeline that run side by side on a symbol. The live arm is the one whose
predictions are published.
"""

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
    """An arm: one of the variants of the pipeline that run side by side on a symbol, each with one model version.

    Attributes:
        name: name in commands and outcomes. The live arm is called `live`; empty once the arm was stopped.
        version: name of the arm's version; `builtin` for the arm that a symbol begins with.
        number: number of the arm within its symbol; it stays when the name changes.
        since: event time from which the arm has been live, or else in shadow (unpublished), ns.
        command: id of the command that made the arm live or put it in shadow; empty for the built-in arm before the
            first command.
        lineage: names of the ancestors of the arm's version, the oldest first.
        experiment: name of the experiment in which the arm takes part, or empty.
        overrides: the arm's own parameters, as `ArmParameters.overrides` encodes them.
        sha256: SHA-256 of the model state that the arm started from, hex; empty if it started without one.
        manual_steps: number of changes of the arm so far that a person asked for.
        was_live: whether the arm has ever been live.
        candidate: whether a retrain made the arm's model.
        taken_back: whether the arm was live and was rolled back.
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
        command: the promotion or roll-back. It is carried out when the pin is released, provided that `live` is still
            the live version.
        number: number of the arm (running variant of the pipeline) to be promoted, or of the live arm to be rolled
            back.
        live: name of the version that was live when the command came.
    """

    command: PromoteVariant | RollBack
    number: int
    live: str


class SymbolArms(Struct, array_like=True):
    """The lifecycle node's state of one symbol: its arms and its versions.

    An arm is one of the variants of the pipeline that run side by side on a symbol.

    Attributes:
        arms: running arms, the live one first.
        next_number: number that the next arm gets.
        applied: ids of the last commands that were carried out, the oldest first.
        before: versions that were live earlier and still run, the latest last; a roll-back makes the last of them live.
        retired: names of stopped versions, the latest last.
        frozen: stopped versions that were live: name of the version and SHA-256 of its model, the latest last. Later
            retrains compare new models with these models.
        pinned: whether only a person may replace the live version.
        cools_until: event time up to which no automatic retrain starts, because of a roll-back, ns.
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
        """Status of an arm's version; the arm (variant of the pipeline) may be running or stopped.

        A version that was rolled back has the status `rolled_back`. It has the status `shadow`, however, if it is to be
        promoted again and only waits because the live version is pinned.
        """
        if not arm.name:
            if arm.was_live:
                return "stopped" if arm.taken_back else "frozen"
            return "rejected" if arm.candidate else "stopped"
        if arm is self.arms[0]:
            return "champion"
        return "rolled_back" if arm.taken_back and not self.is_held(arm) else "shadow"

    def started(self, command: Command) -> RunningArm:
        """Update this state after a command has started the last arm in `arms`, and return that arm.

        The arm's version may have been stopped before and be listed as retired, and as frozen if it is stored. Now
        that it runs again, it is taken off both lists.
        """
        arm = self.arms[-1]
        arm.changed_by(command)
        if arm.version in self.frozen:
            del self.frozen[arm.version]
            self.retired = [each for each in self.retired if each != arm.version]
        return arm

    def went_live(self, before: RunningArm, command: PromoteVariant | RollBack) -> RunningArm:
        """Update this state after a command has made the first arm in `arms` live, and return that arm.

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
        """Update this state after a command has stopped an arm (running variant of the pipeline).

        No roll-back makes the arm's version live any more, and no new version may have its name. If the version was
        live and was not rolled back, it is stored as frozen for later retrains. Only the latest `MOST_FROZEN` (32)
        frozen versions are kept.
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
            parent: name of the version from which the new one is derived; empty: there are no ancestors. If the parent
                does not run now, its own ancestors are not known, and it is the only one returned.
        """
        if not parent:
            return []
        known = next((arm.lineage for arm in self.arms if arm.version == parent), [])
        return [*known, parent][-LONGEST_LINEAGE:]

    def dispensable(self) -> RunningArm | None:
        """The arm (running variant of the pipeline) to stop when a newly trained model needs its place.

        It is None if no arm can be spared. Three groups of arms can be spared, in this order: arms that
        were rolled back; other arms that were live; arms that won a test, but may not go live while the
        live version is pinned. Within a group, the arm that has been in shadow (unpublished) for
        longest is taken. The arm that a roll-back would make live is never taken.
        """
        kept = self.before[-1].version if self.before else ""
        held = {each.number for each in self.held}
        spare = [arm for arm in self.arms[1:] if (arm.was_live or arm.number in held) and arm.version != kept]
        return min(spare, key=lambda arm: (not arm.taken_back, not arm.was_live, arm.since, arm.number), default=None)

    def candidates(self) -> list[RunningArm]:
        """Arms (running variants of the pipeline) whose retrained model is still being tested.

        An arm that won its test, but may not go live while the live version is pinned, is not among them.
        """
        held = {each.number for each in self.held}
        return [arm for arm in self.arms[1:] if arm.candidate and not arm.was_live and arm.number not in held]

    def is_held(self, arm: RunningArm) -> bool:
        """Whether a command that concerns an arm (running variant of the pipeline) waits because of a pin.

        The command is to promote the arm or, for the live arm, to roll it back. A pin lets only a person replace the
        live version.
        """
        return any(each.number == arm.number and each.live == self.arms[0].version for each in self.held)

    def hold(self, command: PromoteVariant | RollBack, arm: RunningArm) -> bool:
        """Keep a promotion or roll-back that has to wait while the live version is pinned, and return True.

        If a command for the same arm is kept already, keep nothing and return False.

        Args:
            command: the promotion or the roll-back.
            arm: the arm (running variant of the pipeline) to be promoted, or the live arm to be rolled back.
        """
        if any(each.number == arm.number for each in self.held):
            return False
        self.held.append(HeldByPin(command, arm.number, self.arms[0].version))
        return True

    def forget(self, version: str) -> None:
        """Remove a version from those that a roll-back can make live again."""
        self.before = [former for former in self.before if former.version != version]

    def pool(self) -> tuple[str, ...]:
        """SHA-256 of the frozen (stopped, but stored) models that a retrain compares its new model with.

        At most 6, the latest last.
        """
        return tuple(self.frozen.values())[-MOST_CONTENDERS:]


def initial_arms() -> SymbolArms:
    """State of a symbol before the first command: one arm, the built-in pipeline that every symbol begins with.

    >>> initial_arms().arms[0].version
    'builtin'
    """
    return SymbolArms([RunningArm(LIVE, BUILTIN, 0, was_live=True)], 1, [], [])
