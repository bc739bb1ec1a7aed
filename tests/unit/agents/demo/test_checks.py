"""Each claim of the demo can fail, and its latency counts from when a tick was due."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from agents.clients.reader import Received
from agents.demo.audit import Audit, audit
from agents.demo.details import measured_on
from agents.demo.market import ids_of_broken, market_of
from agents.demo.observed import Observed
from agents.demo.plan import DemoPlan
from agents.demo.stopwatch import Stopwatch
from agents.demo.summary import Summary
from schemas.errors import ConfigurationError
from schemas.topics import TOPICS
from streams.engine.feed import payload
from streams.engine.partitioner import partition_of
from streams.engine.replay import SourceRecord, replay
from streams.parameters import Parameters
from streams.topology import nodes

PARTITIONS = 4
LOOP = nodes(Parameters())
MARKET = market_of(DemoPlan(count=1_500, seed=5))
BROKEN = ids_of_broken(MARKET.feed, PARTITIONS)

Logs = dict[str, list[Received]]


@pytest.fixture
def logs() -> Logs:
    """The topics that an undisturbed run leaves."""
    found: Logs = {topic.name: [] for topic in TOPICS}
    offsets = [0] * PARTITIONS
    for tick in MARKET.feed:
        partition = partition_of(tick.symbol, PARTITIONS)
        value = payload(tick)
        found["ticks"].append(Received(partition, offsets[partition], 0, tick.symbol.encode(), value))
        offsets[partition] += 1
    source = [SourceRecord(r.partition, r.offset, r.key, r.value) for r in found["ticks"]]
    for written in replay(LOOP, source):
        found[written.topic].append(Received(written.partition, 0, 0, None, written.value))
    return found


def audited(logs: Logs) -> Audit:
    return audit(LOOP, len(MARKET.feed), BROKEN, logs)


def failing(logs: Logs) -> set[str]:
    return {check.claim for check in audited(logs).checks if not check.holds}


def test_an_undisturbed_run_passes(logs: Logs) -> None:
    assert not failing(logs)
    assert audited(logs).predictions == 1_500
    assert len(BROKEN) == len(logs["dead-letters"]) > 0


def test_identical_repeats_are_no_fault(logs: Logs) -> None:
    logs["predictions"] += logs["predictions"][-40:]
    assert not failing(logs)
    assert audited(logs).repeats == 40


def changed(record: Received) -> Received:
    assert record.value is not None
    return record._replace(value=record.value.replace(b'"horizon_ns":500000000', b'"horizon_ns":500000001'))


NOTHING = Received(0, 10**6, 0, None, b"[" * 100_000)

SAME_BYTES = "same bytes as an undisturbed replay of the ticks"
ONE_PREDICTION = "exactly one prediction for each accepted tick"
EACH_ONCE = "a reader gets each record once"
REFUSED = "refused what was broken on purpose, nothing else"


@pytest.mark.parametrize(
    ("disturb", "expected"),
    [
        (lambda logs: logs["predictions"].pop(700), {SAME_BYTES, ONE_PREDICTION}),
        (lambda logs: logs["outcomes"].pop(20), {SAME_BYTES}),
        (lambda logs: logs["paper-account"].pop(), {SAME_BYTES}),
        (lambda logs: logs["dead-letters"].pop(), {SAME_BYTES, ONE_PREDICTION, REFUSED}),
        (lambda logs: logs["predictions"].insert(0, changed(logs["predictions"].pop(0))), {SAME_BYTES}),
        (lambda logs: logs["predictions"].append(changed(logs["predictions"][0])), {EACH_ONCE}),
        (lambda logs: logs["predictions"].append(logs["predictions"].pop(0)), {EACH_ONCE}),
        (lambda logs: logs["predictions"].append(NOTHING), {SAME_BYTES, ONE_PREDICTION}),
        (lambda logs: logs["outcomes"].append(NOTHING), {SAME_BYTES}),
        (lambda logs: logs["ticks"].pop(), {"every tick is in the log", SAME_BYTES, ONE_PREDICTION}),
    ],
    ids=[
        "lost prediction",
        "lost outcome",
        "lost mark",
        "lost refusal",
        "changed",
        "two contents",
        "out of order",
        "no prediction",
        "no outcome",
        "lost tick",
    ],
)
def test_every_disturbance_is_found(logs: Logs, disturb: Callable[[Logs], object], expected: set[str]) -> None:
    disturb(logs)
    assert failing(logs) == expected


def test_a_market_of_which_nothing_is_accepted_is_no_success(logs: Logs) -> None:
    """All claims hold for a market without an accepted tick, so the exit code once was 0."""
    refused = [each._replace(value=b"{}") for each in logs["ticks"]]
    source = [SourceRecord(each.partition, each.offset, each.key, each.value) for each in refused]
    nothing: Logs = {name: [] for name in logs} | {"ticks": refused}
    for written in replay(LOOP, source):
        nothing[written.topic].append(Received(written.partition, 0, 0, None, written.value))
    assert len(nothing["dead-letters"]) == len(refused)
    assert {each.claim for each in audit(LOOP, len(refused), None, nothing).checks if not each.holds} == {
        ONE_PREDICTION
    }


def test_what_is_no_record_is_passed_over_while_it_is_shown(logs: Logs) -> None:
    stopwatch = Stopwatch(MARKET.feed, 1_000.0, PARTITIONS)
    for made_up in ("free", "ticks:99:0", "ticks:0:99999999999", "ticks:-1:0"):
        stopwatch.stop(made_up, 1.0)
    observed = Observed(stopwatch)
    for topic, take in (
        ("predictions", observed.take_predictions),
        ("outcomes", observed.take_outcomes),
        ("dead-letters", observed.take_dead_letters),
    ):
        take([NOTHING, *logs[topic], NOTHING._replace(value=b'{"id":"' + b"x" * 10_000 + b'"}')], 1.0)
    assert observed.predictions == len(logs["predictions"])
    assert len(observed.outcomes) == len(logs["outcomes"])
    assert observed.refused.total() == len(logs["dead-letters"])


def test_the_clock_of_a_tick_starts_when_it_is_due() -> None:
    feed = MARKET.feed[:50]

    async def play() -> list[int]:
        stopwatch = Stopwatch(feed, rate=1_000.0, partitions=1)
        clock = asyncio.get_running_loop().time
        sizes = []
        async for block in stopwatch.play():
            sizes.append(len(block))
            if len(sizes) == 1:
                await asyncio.sleep(0.03)  # a producer that stalls: the next ticks are late, and that must count
        now = clock()
        for offset in range(len(feed)):
            stopwatch.stop(f"ticks:0:{offset}", now)
        latency = stopwatch.latency()
        assert latency is not None
        assert latency.ticks == 50
        assert latency.longest_ms >= 49.0
        assert stopwatch.latency(until=0.0) is None
        return sizes

    sizes = asyncio.run(play())
    assert sum(sizes) == 50
    assert max(sizes) >= 25


def test_a_market_without_ticks_is_a_sentence() -> None:
    with pytest.raises(ConfigurationError, match="expected ticks in a synthetic market"):
        market_of(DemoPlan(seconds=1e-6))


def test_a_market_lasts_as_long_as_it_was_planned() -> None:
    market = market_of(DemoPlan(seconds=3.0))
    assert 2.9 < market.seconds < 3.0


@pytest.mark.parametrize(
    ("cluster", "busy", "said"),
    [
        (
            "Apache Kafka 4.3.1",
            0.98,
            "broker, 2 workers, publisher and readers on the 2 cores of this machine, which were 98% busy meanwhile: "
            "much of these waits is one for a core",
        ),
        (
            "the cluster at 10.0.0.1:9092",
            0.4,
            "2 workers, publisher and readers on the 2 cores of this machine, which were 40% busy meanwhile",
        ),
    ],
)
def test_the_report_says_what_the_latency_was_measured_on(cluster: str, busy: float, said: str) -> None:
    summary = SimpleNamespace(cluster=cluster, workers=2, cores=2, busy=busy)
    assert measured_on(cast(Summary, summary)) == said
