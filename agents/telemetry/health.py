"""Health and readiness checks of a worker: each has a value, a limit, and the time of its last change."""

from datetime import UTC, datetime

from msgspec import Struct

from agents.config.settings import Settings
from agents.telemetry.vitals import Vitals

RECOVERY = "recovery"
"""Name of the one rule that is about being ready; all others are about being well."""

LOOP_S = 5.0
BROKER_S = 5.0
STUCK_S = 10.0
UNACKED_S = 10.0
WITH_A_QUEUE = 3.0
"""So many times as long a checkpoint may take while a queue is worked off: the event loop is never idle then."""


class HealthCheck(Struct, frozen=True):
    """Result of one rule.

    Attributes:
        name: of the rule, stable.
        ok: whether the value is within the limit.
        value: measured, seconds.
        limit: most that is well, seconds.
        since: when it became as it is, ISO 8601, UTC.
        says: sentence.
    """

    name: str
    ok: bool
    value: float
    limit: float
    since: str
    says: str


class Verdict(Struct, frozen=True):
    """Body of `/healthz` and `/readyz`.

    Attributes:
        ok: whether all checks are.
        group: consumer group of the worker.
        worker: its name in the group, empty for one without a slot.
        version: of the package.
        checks: every one.
        home: folder of its system on its machine.
        cluster: id of the Kafka cluster that it works on; empty as long as it has not answered.
    """

    ok: bool
    group: str
    worker: str
    version: str
    checks: tuple[HealthCheck, ...]
    home: str = ""
    cluster: str = ""

    def is_of(self, settings: Settings, cluster: str = "") -> bool:
        """Whether it is about a part of the system of these settings: same group, on the same cluster.

        Args:
            settings: of the system.
            cluster: id of its cluster; where either side does not know it, the folders of the two must be the same.

        >>> ours = Verdict(True, "tickloop", "worker-1", "0.1.0", (), "/srv/loop", "jq3")
        >>> ours.is_of(Settings(home="/elsewhere"), "jq3"), ours.is_of(Settings(home="/srv/loop"), "other")
        (True, False)
        >>> ours.is_of(Settings(home="/srv/loop")), ours.is_of(Settings(home="/srv/other"))
        (True, False)
        >>> ours.is_of(Settings(home="/srv/loop", prefix="lab-"), "jq3")
        False
        """
        same = self.cluster == cluster if self.cluster and cluster else self.home == str(settings.home_path)
        return same and self.group == settings.group


class HealthLimits(Struct, frozen=True):
    """Seconds after which something is not well.

    Attributes:
        checkpoint_s: since the last checkpoint: five times what the setting asks for, and the time that one may take.
        member_s: out of the group: a rebalance waits for twice the session time-out.

    >>> HealthLimits.of(Settings(checkpoint_s=1.0, session_timeout_s=10.0))
    HealthLimits(checkpoint_s=10.0, member_s=30.0)
    """

    checkpoint_s: float
    member_s: float

    @classmethod
    def of(cls, settings: Settings) -> "HealthLimits":
        """Limits that follow from settings."""
        return cls(5 * settings.checkpoint_s + 5.0, 3 * settings.session_timeout_s)


class Health:
    """Judges vitals, one set after the other.

    Args:
        limits: from the settings.
        began: of the monotonic clock.
    """

    def __init__(self, limits: HealthLimits, began: float) -> None:
        self._limits = limits
        self._member_at = began
        self._moved: dict[tuple[str, int], tuple[int, float]] = {}
        self._since: dict[str, tuple[bool, str]] = {}

    def examine(self, vitals: Vitals, wall: datetime) -> tuple[HealthCheck, ...]:
        """Every rule; `recovery`, the last one, is about being ready, all others about being well."""
        if vitals.is_member:
            self._member_at = vitals.now
        stuck = self._unfetched_s(vitals)
        checkpoint = max((each.checkpoint_s for each in vitals.partitions), default=0.0)
        unacked = max((each.unacked_s for each in vitals.partitions), default=0.0)
        out_s = vitals.now - self._member_at
        worked_off = stuck <= STUCK_S and any(each.unfetched for each in vitals.partitions)
        checkpoint_limit = self._limits.checkpoint_s * (WITH_A_QUEUE if worked_off else 1.0)
        found = (
            ("loop", vitals.loop_s, LOOP_S, "since the event loop last turned"),
            ("broker", vitals.broker_s, BROKER_S, "since a broker last answered"),
            ("group", out_s, self._limits.member_s, "without a settled place in the group"),
            ("consumer", stuck, STUCK_S, "behind the end of a source without fetching any of it"),
            ("step", vitals.in_hand_s, STUCK_S, "that the fetch in hand has been applied for"),
            ("outputs", unacked, UNACKED_S, "since the oldest output that is not acknowledged"),
            ("checkpoint", checkpoint, checkpoint_limit, "since the last complete checkpoint"),
            (RECOVERY, vitals.recovering_s, 0.0, "that state is not live"),
        )
        return tuple(self._check(name, value, limit, says, wall) for name, value, limit, says in found)

    def _unfetched_s(self, vitals: Vitals) -> float:
        """How long the consumer has stood still before records that are there: not while a recovery holds it up.

        The client hands out what it has fetched of one partition after the other, up to a mebibyte of each. What waits
        its turn meanwhile stands still for as long as the queues of the others take: that is work, and no fault.
        """
        before, self._moved = self._moved, {}
        longest = 0.0
        goes_on = any(
            each.position != before.get((each.node, each.source.partition), (each.position, 0.0))[0]
            for each in vitals.partitions
        )
        for each in vitals.partitions:
            if not each.unfetched or vitals.recovering_s:
                continue
            position = each.position or 0
            key = (each.node, each.source.partition)
            moved, at = before.get(key, (-1, vitals.now))
            waits_its_turn = each.buffered and goes_on
            self._moved[key] = (position, at if position == moved and not waits_its_turn else vitals.now)
            longest = max(longest, vitals.now - self._moved[key][1])
        return longest

    def _check(self, name: str, value: float, limit: float, says: str, wall: datetime) -> HealthCheck:
        ok = value <= limit
        was = self._since.get(name)
        if was is None or was[0] != ok:
            self._since[name] = (ok, wall.astimezone(UTC).isoformat(timespec="milliseconds"))
        says = f"{value:.1f} s {says}" + ("" if ok else f", expected at most {limit:g} s")
        return HealthCheck(name, ok, round(value, 3), limit, self._since[name][1], says)
