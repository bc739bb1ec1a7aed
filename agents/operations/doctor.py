"""The checks that `tickloop doctor` makes on this machine and the running system; they say what to do."""

import asyncio
import shutil
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path
from platform import python_version
from typing import Literal

from msgspec import Struct

import agents
from agents.broker import bootstrap, jars
from agents.broker.cluster import describe
from agents.broker.java import find_java
from agents.broker.lock import KAFKA_VERSION, locked
from agents.broker.process import running
from agents.clients.readable_records import ReadableRecords
from agents.clients.reader import Received, read_blocks
from agents.clients.rosters import Differing, differing_rosters
from agents.config.settings import Settings
from agents.operations import addresses, topics
from agents.operations.addresses import beside
from agents.operations.system import wanted_topics
from agents.telemetry.health import Verdict
from agents.telemetry.health_queries import Answer, Stranger, ask_all, ask_dashboard, is_working, state
from schemas.errors import EnvironmentProblem, Refused
from schemas.ticks import ReferenceTick
from schemas.topics import MODEL_VERSIONS, OUTCOMES, TICKS
from streams.engine import compiled

PYTHON = ((3, 11), (3, 13))
DISK_WARNING_BYTES = 2e9
DISK_FAILURE_BYTES = 200e6
NEWEST_TICKS = 5000
CLOCK_TOLERANCE_NS = 2 * 10**9
SET_BACK_NS = 60 * 10**9
"""Less is a tick that came late."""


class Finding(Struct, frozen=True):
    """Result of one check.

    Attributes:
        check: short name of the check; scripts may rely on it.
        verdict: `ok`; `warn` if the finding may be intended; `fail` if the system cannot work with it.
        found: what was found, as a sentence.
        fix: what to do; empty for `ok`.
    """

    check: str
    verdict: Literal["ok", "warn", "fail"]
    found: str
    fix: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Run all checks of this machine, then those of the cluster and the running system; return the findings."""
    settings = beside(settings)
    findings = [
        python(),
        packages(),
        foreign_package(),
        machine_code(),
        java(settings),
        broker_jars(settings),
        disk(settings),
    ]
    return findings + asyncio.run(examine_cluster(settings))


def python() -> Finding:
    """Check that the Python version is one that Tickloop is tested with."""
    found = f"Python {python_version()} in {sys.prefix}"
    if PYTHON[0] <= sys.version_info[:2] < PYTHON[1]:
        return Finding("python", "ok", found)
    return Finding("python", "fail", found, "use Python 3.11 or 3.12")


def packages() -> Finding:
    """Check that each package for which Tickloop requires one exact version is installed in that version."""
    wrong, pinned = [], 0
    for requirement in requires("tickloop") or []:
        name, exact, wanted = requirement.partition("==")
        if not exact or ";" in requirement:
            continue
        pinned += 1
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "none"
        if found != wanted:
            wrong.append(f"{name} {found} instead of {wanted}")
    if wrong:
        return Finding("packages", "fail", ", ".join(wrong), "`make setup`: exactness was measured with these versions")
    return Finding("packages", "ok", f"all {pinned} pinned packages have their version")


def foreign_package() -> Finding:
    """Check that no other distribution installs a package named `agents`, which would conflict with Tickloop's."""
    owners = sorted(set(packages_distributions().get("agents", ())) - {"tickloop"})
    if owners:
        return Finding(
            "agents",
            "fail",
            f"{', '.join(owners)} installs a package `agents` too",
            "give tickloop its own environment",
        )
    return Finding("agents", "ok", f"the package `agents` is ours: {Path(agents.__file__).parent}")


def machine_code() -> Finding:
    """Check whether the modules that run for every tick run as machine code compiled from the present sources."""
    if compiled.running():
        return Finding("compiled", "ok", f"{len(compiled.MODULES)} modules run as machine code made from their sources")
    return Finding(
        "compiled",
        "warn",
        "everything runs in plain Python: the same results, at a third of the speed",
        "`tickloop compile`, which needs a C compiler",
    )


def java(settings: Settings) -> Finding:
    """Check that a Java is found that can run the local broker, unless the settings name an external cluster."""
    if settings.bootstrap:
        return Finding("java", "ok", "not needed: TICKLOOP_BOOTSTRAP names a cluster")
    try:
        found = find_java()
    except EnvironmentProblem as error:
        return _problem("java", error)
    return Finding("java", "ok", f"Java {found.version} ({found.source}: {found.path})")


def broker_jars(settings: Settings) -> Finding:
    """Check that Kafka's jars are in the cache and intact, unless the settings name an external cluster."""
    if settings.bootstrap:
        return Finding("jars", "ok", "not needed: TICKLOOP_BOOTSTRAP names a cluster")
    folder = jars.jar_folder()
    if missing := jars.missing(folder, locked()):
        size = sum(jar.size for jar in missing) / 1e6
        return Finding(
            "jars", "warn", f"{len(missing)} of {len(locked())} jars of Kafka are not in {folder}",
            f"`tickloop broker start` downloads them ({size:.0f} MB)",
        )  # fmt: skip
    try:
        count = len(jars.class_path())
    except EnvironmentProblem as error:
        return _problem("jars", error)
    return Finding("jars", "ok", f"{count} jars of Kafka {KAFKA_VERSION}, every SHA-256 as locked")


def disk(settings: Settings) -> Finding:
    """Check the free disk space for topics and logs: `warn` below 2 GB, `fail` below 200 MB."""
    folder = settings.home_path
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    found = f"{free / 1e9:.1f} GB free for {folder}"
    if free >= DISK_WARNING_BYTES:
        return Finding("disk", "ok", found)
    return Finding("disk", "fail" if free < DISK_FAILURE_BYTES else "warn", found, "free space, or move TICKLOOP_HOME")


def _problem(check: str, error: EnvironmentProblem, verdict: Literal["warn", "fail"] = "fail") -> Finding:
    return Finding(check, verdict, error.found, error.fix)


async def examine_cluster(settings: Settings) -> list[Finding]:
    """Check the cluster and, if it answers, its topics, the workers and the dashboard."""
    try:
        address = bootstrap(settings)
    except EnvironmentProblem as error:
        return [_problem("broker", error, "warn")]
    started = time.perf_counter()
    try:
        cluster = await describe(address)
    except EnvironmentProblem as error:
        return [_problem("broker", error)]
    took_ms = 1000 * (time.perf_counter() - started)
    local = None if settings.bootstrap else running(settings.home_path)
    what = f"{local.kind} {local.version}" if local is not None else f"cluster {cluster.id}"
    answer = Finding(
        "broker", "ok", f"{what} at {address}, {len(cluster.brokers)} broker(s), answers in {took_ms:.0f} ms"
    )
    found = [answer, *await examine_topics(settings, address)]
    if settings.metrics_port:
        found.append(workers(settings, await ask_all(settings, cluster.id)))
    return [*found, dashboard(settings, await ask_dashboard(settings, cluster.id))]


def workers(settings: Settings, answers: Mapping[int, Answer]) -> Finding:
    """Check that each worker on this machine is healthy or recovering its state.

    Args:
        settings: settings of the system.
        answers: what each worker said about its health, by its number from 1; None if nothing answered.
    """
    said = ", ".join(f"worker-{slot}: {state(answer)}" for slot, answer in answers.items())
    if not any(isinstance(answer, Verdict) for answer in answers.values()):
        ports = f"{settings.metrics_port + 1} to {settings.metrics_port + settings.workers}"
        others = {slot: each.who for slot, each in answers.items() if isinstance(each, Stranger)}
        taken = "".join(f"; {settings.metrics_port + slot} is that of {who}" for slot, who in others.items())
        found = f"none of this system answers on ports {ports} of {settings.metrics_host}{taken}"
        up = addresses.read(settings.home_path)
        fix = "`tickloop up`; none, if workers run elsewhere or without slots"
        if up is not None and up.group == settings.group:
            again = f"`kill {up.pid}` stops the `tickloop up` of this home; started again it takes ports that are free"
            fix = again if others else f"the logs in {settings.home_path / 'logs'}: its workers do not answer yet"
        return Finding("workers", "warn", found, fix)
    if all(map(is_working, answers.values())):
        return Finding("workers", "ok", said)
    return Finding("workers", "fail", said, "their logs; docs/operating.md says what each check means")


def dashboard(settings: Settings, answer: Answer) -> Finding:
    """Check that the dashboard of this system, if one runs, receives records; without a dashboard: `ok`.

    Args:
        settings: settings of the system.
        answer: what the dashboard's port answered about health; None if nothing answered.
    """
    where = f"{settings.dashboard_host}:{settings.dashboard_port}"
    if not isinstance(answer, Verdict):
        there = f"; there is {answer.who}" if isinstance(answer, Stranger) else ""
        found = f"none of this system answers on {where}{there}; `tickloop dashboard` starts one"
        return Finding("dashboard", "ok", found)
    if answer.ok:
        return Finding("dashboard", "ok", f"follows the topics, on {where}")
    return Finding("dashboard", "fail", f"on {where}: {state(answer)}", "the broker; then the log of the dashboard")


async def examine_topics(settings: Settings, address: str) -> list[Finding]:
    """Check the configuration of the topics, then the newest ticks, then which model versions run.

    The later checks are left out if topics that they read are missing.

    Args:
        settings: settings of the system.
        address: address of the cluster, `host:port`.
    """
    wanted = wanted_topics(settings)
    differences = await topics.plan(address, wanted)
    if differences:
        names = ", ".join(sorted({difference.topic for difference in differences}))
        known = all(difference.topic != settings.topic(TICKS.name) for difference in differences)
        finding = Finding(
            "topics",
            "warn",
            f"not as the registry says: {names}",
            "`tickloop topics plan`, then `tickloop topics apply`",
        )
        if not known:
            return [finding]
    else:
        finding = Finding("topics", "ok", f"{len(wanted)} topics are as the registry says")
    found = [finding, *examine_ticks(await newest_ticks(settings, address), time.time_ns())]
    missing = {difference.topic for difference in differences if difference.kind != "config"}
    if missing.isdisjoint(settings.topic(topic.name) for topic in (MODEL_VERSIONS, OUTCOMES)):
        found.append(versions_that_run(await differing_rosters(settings, address)))
    return found


def versions_that_run(differing: Sequence[Differing]) -> Finding:
    """Check that every symbol runs the model versions in the registry; `differing` are the symbols that do not."""
    if not differing:
        return Finding("versions", "ok", "the versions that the newest outcomes show are those of the registry")
    others = f" (and {len(differing) - 1} more symbols)" if len(differing) > 1 else ""
    first = differing[0].difference
    return Finding("versions", "fail", f"{first.found}{others}", first.fix)


async def newest_ticks(settings: Settings, address: str) -> list[Received]:
    """The newest records of the topic `ticks`, up to 5000 over all partitions."""
    blocks = read_blocks(address, settings.topic(TICKS.name), start=-NEWEST_TICKS, until_end=True, repeats=True)
    return [record async for block in blocks for record in block]


def examine_ticks(records: Sequence[Received], now_ns: int) -> list[Finding]:
    """Check times and partitions of the newest ticks, and report those that workers refuse as unreadable.

    Args:
        records: the newest records of the topic `ticks`.
        now_ns: time of this machine's clock, ns since 1970.
    """
    readable = ReadableRecords(TICKS)
    partitions: dict[str, set[int]] = defaultdict(set)
    latest: dict[str, int] = {}
    ahead, farthest_back = 0, (0, "")
    refused = Counter[str]()
    for record in records:
        try:
            tick = readable.decode(record.value)
        except Refused as problem:
            refused[problem.reason] += 1
            continue
        if isinstance(tick, ReferenceTick):  # it lies in every partition but its own
            continue
        partitions[tick.symbol].add(record.partition)
        ahead += tick.ts_event > now_ns + CLOCK_TOLERANCE_NS
        back = latest.get(tick.symbol, tick.ts_event) - tick.ts_event
        farthest_back = max(farthest_back, (back, tick.symbol))
        latest[tick.symbol] = tick.ts_event
    found = [refused_ticks(refused, len(records))] if refused else []
    if not partitions:
        return found or [Finding("ticks", "ok", "no ticks yet")]
    return [
        *found,
        broker_clock(max(record.timestamp_ms for record in records) * 10**6, now_ns),
        event_clock(max(latest.values()), now_ns, ahead, farthest_back),
        one_partition_a_symbol(partitions),
    ]


def refused_ticks(refused: Mapping[str, int], looked_at: int) -> Finding:
    """Warn of unreadable ticks: `refused` is their number by reason, `looked_at` how many ticks were examined."""
    reasons = ", ".join(f"{count:,} as {reason}" for reason, count in refused.items())
    return Finding(
        "ticks",
        "warn",
        f"{sum(refused.values()):,} of the newest {looked_at:,} are dead letters: {reasons}",
        "tickloop consume dead-letters shows them, with the reason and the original bytes",
    )


def broker_clock(newest_ns: int, now_ns: int) -> Finding:
    """Check that the broker's clock is not ahead of this machine's by more than 2 s.

    Args:
        newest_ns: latest timestamp that the broker gave to a record, ns since 1970.
        now_ns: time of this machine's clock, ns since 1970.
    """
    ahead_s = (newest_ns - now_ns) / 1e9
    if newest_ns > now_ns + CLOCK_TOLERANCE_NS:
        return Finding(
            "clock", "warn", f"the broker's clock is {ahead_s:.1f} s ahead of this machine's", "synchronise both"
        )
    return Finding("clock", "ok", f"the newest record arrived {-ahead_s:,.1f} s ago by the broker's clock")


def event_clock(newest_event: int, now_ns: int, ahead: int = 0, back: tuple[int, str] = (0, "")) -> Finding:
    """Check that event times of ticks are in nanoseconds, not in the future, and do not go back within a symbol.

    Args:
        newest_event: latest event time among the newest ticks of all symbols, ns since 1970.
        now_ns: time of this machine's clock, ns since 1970.
        ahead: number of examined ticks with an event time in the future.
        back: largest step back in event time between two successive ticks of one symbol, ns, and that symbol; 0 ns if
            there is no step back.
    """
    if newest_event > now_ns + CLOCK_TOLERANCE_NS:
        found = f"the newest `ts_event` is {(newest_event - now_ns) / 1e9:.1f} s in the future"
        return Finding(
            "event-time", "warn", found, "check the producer's clock and unit: `ts_event` is ns since 1970, UTC"
        )
    if newest_event < 10**17:
        found = f"the newest `ts_event` is {newest_event}, which in ns is before 1973"
        return Finding("event-time", "warn", found, "check the producer's unit: `ts_event` is ns since 1970, UTC")
    if ahead:
        found = f"{ahead:,} of the newest ticks lie in the future, though others came after them that do not"
        return Finding("event-time", "warn", found, "check the producer's clock; the dead letters say what was refused")
    if back[0] > SET_BACK_NS:
        found = f"`ts_event` of {back[1]} goes back by {back[0] / 1e9:,.0f} s among the newest ticks"
        return Finding(
            "event-time", "warn", found, "publish a file once, or into a run of its own: `tickloop replay --help`"
        )
    return Finding("event-time", "ok", f"the newest `ts_event` is {age((now_ns - newest_event) / 1e9)} ago")


def age(seconds: float) -> str:
    """A time span as text for people, in seconds, minutes or days.

    >>> age(3.2), age(5_400), age(72_840_354)
    ('3 s', '90 min', '843 days')
    """
    if seconds < 300:
        return f"{seconds:,.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 2 * 86_400 else f"{seconds / 86_400:,.0f} days"


def one_partition_a_symbol(partitions: dict[str, set[int]]) -> Finding:
    """Check that each symbol was found in one partition only; otherwise it would have two separate states.

    >>> one_partition_a_symbol({"BTC": {3}, "ETH": {1, 2}}).found
    'on more than one partition: ETH (1, 2)'
    """
    split = {symbol: found for symbol, found in sorted(partitions.items()) if len(found) > 1}
    if split:
        named = "; ".join(f"{symbol} ({', '.join(map(str, sorted(found)))})" for symbol, found in split.items())
        return Finding(
            "partitions", "fail", f"on more than one partition: {named}",
            "key every tick by its symbol and use one partitioner: librdkafka clients need partitioner=murmur2_random",
        )  # fmt: skip
    return Finding(
        "partitions", "ok", f"each symbol of the newest ticks is on one partition ({len(partitions):,} of them)"
    )
