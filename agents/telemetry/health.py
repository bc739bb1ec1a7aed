"""Health and readiness checks of a worker: each compares a number of seconds with a limit."""

from datetime import UTC, datetime

from msgspec import Struct

from agents.config.settings import Settings
from agents.telemetry.vitals import Vitals

RECOVERY = "recovery"
"""Name of the only check that is about being ready; all others are about being healthy."""

LOOP_S = 5.0
BROKER_S = 5.0
STUCK_S = 10.0
UNACKED_S = 10.0
WITH_A_QUEUE = 3.0
"""While a queue is worked off, the limit on a checkpoint's age is so many times as large, since the event loop is
never idle."""


class HealthCheck(Struct, frozen=True):
    """Result of one check.

    Attributes:
        name: name of the check; the same in every release.
        ok: whether the value is within the limit.
        value: measured value, seconds.
        limit: largest value that is still healthy, seconds.
        since: time at which `ok` took its present value, ISO 8601, UTC.
        says: value and limit in a sentence for people.
    """

    name: str
    ok: bool
    value: float
    limit: float
    since: str
    says: str


class Verdict(Struct, frozen=True):
    """Answer of a worker or the dashboard to `/healthz` and `/readyz`.

    Attributes:
        ok: whether all checks have passed.
        group: consumer group of the system's workers.
        worker: name of the worker, such as `worker-1`; empty for the dashboard, and for a worker without a number.
        version: version of the installed package.
        checks: results of all checks.
        home: folder in which the system keeps its files, on the machine that answers.
        cluster: id of the Kafka cluster; empty until the cluster has answered.
    """

    ok: bool
    group: str
    worker: str
    version: str
    checks: tuple[HealthCheck, ...]
    home: str = ""
    cluster: str = ""

    def is_of(self, settings: Settings, cluster: str = "") -> bool:
        """Whether this answer comes from the system with these settings.

        It does if the consumer group and the cluster are the same. The name of the group begins with
        the setting `prefix`. If the cluster id is missing in the answer or in `cluster`, the home
        folders are compared instead of the ids.

        Args:
            settings: settings of the system.
            cluster: id of the system's cluster; empty if it is not known.

        >>> ours = Verdict(True, "tickloop", "worker-1", "0.1.0", checks=(), home="/srv/loop", cluster="jq3")
        >>> ours.is_of(Settings(home="/elsewhere"), cluster="jq3"), ours.is_of(Settings(home="/srv/loop"), "other")
        (True, False)
        >>> ours.is_of(Settings(home="/srv/loop")), ours.is_of(Settings(home="/srv/other"))
        (True, False)
        >>> ours.is_of(Settings(home="/srv/loop", prefix="lab-"), cluster="jq3")
        False
        """
        same = self.cluster == cluster if self.cluster and cluster else self.home == str(settings.home_path)
        return same and self.group == settings.group


class HealthLimits(Struct, frozen=True):
    """Those limits of a worker's health checks that depend on the worker's settings, seconds.

    Attributes:
        checkpoint_s: longest time since the last checkpoint: five checkpoint intervals plus 5 s.
        member_s: longest time outside the consumer group: three session time-outs, because a
            rebalance may take two.

    >>> HealthLimits.of(Settings(checkpoint_s=1.0, session_timeout_s=10.0))
    HealthLimits(checkpoint_s=10.0, member_s=30.0)
    """

    checkpoint_s: float
    member_s: float

    @classmethod
    def of(cls, settings: Settings) -> "HealthLimits":
        """Limits for a worker with these settings.

        `checkpoint_s` is five checkpoint intervals plus 5 s; `member_s` is three session time-outs.
        """
        return cls(5 * settings.checkpoint_s + 5.0, 3 * settings.session_timeout_s)


class Health:
    """Checks the health of one worker from successive measurements.

    It remembers earlier measurements, since some checks depend on how long a value has not changed.

    Args:
        limits: limits of the checks that depend on the worker's settings.
        began: when the worker started, seconds of the monotonic clock.
    """

    def __init__(self, limits: HealthLimits, began: float) -> None:
        self._limits = limits
        self._member_at = began
        self._moved: dict[tuple[str, int], tuple[int, float]] = {}
        self._since: dict[str, tuple[bool, str]] = {}

    def examine(self, vitals: Vitals, wall: datetime) -> tuple[HealthCheck, ...]:
        """Check a new measurement; returns the result of each check.

        The last check, `recovery`, is about being ready: it fails while state is still being restored. All other checks
        are about being healthy.

        Args:
            vitals: the measurement.
            wall: present time by the wall clock, from which `HealthCheck.since` is set.
        """
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
        """Seconds for which the consumer has not fetched records that the broker has; 0 while state is being
        restored.

        The client hands out the records it has fetched one partition after the other. A partition that waits for
        its turn while others make progress does not count.
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
