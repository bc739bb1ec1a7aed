"""A monitor node that is restored at any outcome gives the same bytes, and no later outcome changes earlier ones."""

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.codec import encode
from schemas.outcomes import ArmOutcome, OutcomeMatured
from streams.engine.partition import KeySnapshot, Partition
from streams.monitoring.node import MonitorNode
from streams.monitoring.parameters import MonitorParameters, SkillTriggerParameters
from streams.scoring.baselines import BASELINES
from tests.support.matured import matured

EVENTFUL = MonitorParameters(
    window=40,
    window_ns=15_000,
    block=5,
    skill=SkillTriggerParameters(warmup=5, run=200.0, memory=20),
    performance_threshold=0.55,
    threshold_windows=1,
    check_interval_ns=40_000,
    min_samples_for_retrain=30,
    cool_down=20,
    retrains_per_day=4,
)


def eventful(kind: str = "page_hinkley") -> MonitorNode:
    """A node with parameters that trigger every kind of breach within a few hundred outcomes.

    Args:
        kind: name of the drift detector; empty: none.
    """
    return MonitorNode(replace(EVENTFUL, drift_detector=kind))


def outcomes(seed: int, count: int) -> list[OutcomeMatured]:
    """Random outcomes of two model versions that change, with bad phases, outcomes without a move, and repeats."""
    random = Random(seed)
    found: list[OutcomeMatured] = []
    clock = 1_000
    for number in range(count):
        clock += random.choice((10, 100, 400))
        label = random.choice((-1, 0, 1, 1))
        good = (number // 300) % 2 == 0
        told = min(max(0.5 + (0.3 if good else -0.3) * label + random.gauss(0.0, 0.1), 0.0), 1.0)
        arms = [ArmOutcome("live", f"v{number // 900}", "flat", told, 0.0, 0.0, 0.0)]
        if random.random() < 0.7:
            arms.append(ArmOutcome("b", "w", "flat", random.random(), 0.0, 0.0, 0.0))
        found.append(
            matured(
                number,
                clock + 500,
                500,
                symbol=random.choice("XXY"),
                return_bps=label * random.random(),
                label=label,
                arms=tuple(arms),
                baselines={name: random.random() for name in BASELINES},
                cost_bps=0.1,
            )
        )
        if random.random() < 0.03:
            found.append(found[-1])
    return found


def written(
    node: MonitorNode, events: list[OutcomeMatured], restore_before: set[int]
) -> tuple[list[bytes], dict[str, bytes]]:
    """Apply outcomes, and restore the node from its snapshots before each offset in `restore_before`.

    Returns:
        All encoded outputs, and the last snapshot of each symbol.
    """
    partition = Partition(node, 0)
    records: list[bytes] = []
    for offset, event in enumerate(events):
        if offset in restore_before:
            stored = {name: partition.snapshot(name) for name in partition.keys}
            partition = Partition(node, 0, partition.offset)
            for name, snapshot in stored.items():
                partition.restore(name, msgspec.msgpack.decode(snapshot, type=KeySnapshot))
        records.extend(map(encode, partition.apply(offset, b"", encode(event))))
    return records, {name: partition.snapshot(name) for name in partition.keys}


@pytest.mark.parametrize("kind", ["", "adwin", "page_hinkley"])
def test_a_monitor_restored_before_every_outcome_gives_the_same_bytes(kind: str) -> None:
    """Without a drift detector every other kind of breach must occur. A drift detector is tested alone."""
    node = (
        eventful(kind)
        if not kind
        else MonitorNode(
            MonitorParameters(
                block=5,
                drift_detector=kind,  # type: ignore[arg-type]
                skill=replace(EVENTFUL.skill, enabled=False),
                min_samples_for_retrain=30,
            )
        )
    )
    events = outcomes(3, 1_400)
    expected = written(node, events, set())
    assert written(node, events, set(range(len(events)))) == expected
    text = b"".join(expected[0])
    shown = {"": ('"skill"', '"threshold"', '"schedule"', "budget spent"), "page_hinkley": (kind,), "adwin": ()}
    for word in shown[kind]:
        assert word.encode() in text, "the stream is not eventful enough"


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.sets(st.integers(0, 400), max_size=5))
def test_a_monitor_restored_at_any_outcomes_gives_the_same_bytes(seed: int, at: set[int]) -> None:
    events = outcomes(seed, 400)
    assert written(eventful(), events, at) == written(eventful(), events, set())


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), at=st.integers(0, 299))
def test_no_later_outcome_changes_what_was_written(seed: int, at: int) -> None:
    events = outcomes(seed, 300)[: at + 1]
    until = position(events[-1])
    later = [each for each in outcomes(seed + 1, 400) if position(each) > until]
    expected = written(eventful(), events, set())[0]
    assert written(eventful(), [*events, *later], set())[0][: len(expected)] == expected


def position(event: OutcomeMatured) -> int:
    return int(event.id.split(":")[2])


def test_a_repeat_is_counted_once() -> None:
    events = outcomes(5, 300)
    once = [each for index, each in enumerate(events) if index == 0 or each.id != events[index - 1].id]
    assert len(once) < len(events)
    assert written(eventful(), events, set())[0] == written(eventful(), once, set())[0]
