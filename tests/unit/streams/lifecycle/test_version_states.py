"""Which change of a version's status is allowed: the table, the lifecycle node and the registry in memory agree."""

from random import Random
from typing import get_args

from schemas.codec import encode
from schemas.commands import Command, PinVersion, PromoteVariant, RollBack, StartVariant, StopVariant
from schemas.models import ModelState, SignedLogisticState
from schemas.versions import ModelVersion, Status
from streams.api.versions import NEXT, VersionStatus
from streams.engine.partition import Partition
from streams.lifecycle.arm_states import SymbolArms, initial_arms
from streams.lifecycle.node import LifecycleNode
from streams.lifecycle.version_states import FOLLOWS, OF_ARMS
from streams.market.features import SIGNED

NAMES = ("a", "b", "candidate-1", "candidate-2")


def anything(random: Random, number: int, life: SymbolArms) -> Command:
    """A random command that is mostly valid: about versions that run, or one that was live before."""
    known = [each for arm in life.arms for each in (arm.name, arm.version)]
    identity, automatic, drawn = (f"c{number}", "X", 1 + number * 10**9), random.random() < 0.5, random.random()
    if drawn < 0.35:
        version = random.choice(list(life.frozen)) if life.frozen and random.random() < 0.7 else f"m{number}"
        state = SignedLogisticState(SIGNED, (float(version[1:]) / 1e3,) * len(SIGNED), (1.0,) * len(SIGNED), 9)
        name = random.choice(NAMES) + random.choice(("", str(number)))
        model = ModelState(version, state) if random.random() < 0.8 else None
        return StartVariant(*identity, name, "why", model=model, automatic=automatic)
    if drawn < 0.55:
        return StopVariant(*identity, random.choice(known), "why", automatic=automatic)
    if drawn < 0.75:
        return PromoteVariant(*identity, random.choice(known), "why", automatic=automatic)
    if drawn < 0.85:
        return RollBack(*identity, "why", automatic=automatic, stop=random.random() < 0.3)
    return PinVersion(*identity, "why", pinned=random.random() < 0.5)


def test_records_say_no_way_that_the_table_does_not_have() -> None:
    gone: set[tuple[Status, Status]] = set()
    for seed in range(25):
        random, partition = Random(seed), Partition(LifecycleNode(), 0)
        last: dict[str, Status] = {}
        for number in range(150):
            life = partition.keys["X"].state if "X" in partition.keys else initial_arms()
            for record in partition.apply(number, b"X", encode(anything(random, number, life))):
                if isinstance(record, ModelVersion):
                    before = last.setdefault(record.version, record.status)
                    gone.add((before, record.status))
                    last[record.version] = record.status
    changes = {(before, after) for before, after in gone if before != after}
    assert changes <= {(before, after) for before, following in FOLLOWS.items() for after in following}
    assert changes >= OF_ARMS | {("shadow", "champion"), ("champion", "rolled_back"), ("frozen", "shadow")}
    assert changes >= {("shadow", "frozen"), ("shadow", "rejected")}


def test_the_registry_in_memory_has_the_ways_that_take_no_arm() -> None:
    assert FOLLOWS.keys() == set(get_args(Status))
    assert NEXT == {
        "candidate": ("shadow", "champion", "rejected"),
        "shadow": ("champion", "frozen", "rejected"),
        "champion": ("frozen", "rolled_back"),
        "frozen": ("shadow", "champion", "rejected"),
        "rejected": (),
        "rolled_back": (),
    }
    assert NEXT.keys() == set(get_args(VersionStatus))
