"""The same ticks give the same bytes in every process, whatever the seed of Python's hashes."""

import os
import subprocess
import sys

from tests.support.places import ROOT

PROGRAM = """
from hashlib import sha256
from tests.support.market_ticks import as_records, promote_arm, quick_node, seeded_ticks, start_arm
from streams.engine.replay import replay

ticks = seeded_ticks(7, 2_000, "A") + seeded_ticks(8, 2_000, "B") + [start_arm("b", "A"), promote_arm("b", "A")]
ticks += [tick for pair in zip(seeded_ticks(9, 500, "A"), seeded_ticks(9, 500, "C")) for tick in pair]
digest = sha256()
count = 0
for emitted in replay(quick_node(), as_records(ticks)):
    digest.update(repr(emitted).encode())
    count += 1
print(count, digest.hexdigest(), hash("tick"))
"""


def _run(seed: str) -> list[str]:
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_hash_seeds_make_no_difference() -> None:
    (count, digest, first_hash), *others = (_run(seed) for seed in ("0", "1", "4242"))
    assert int(count) > 5_000
    assert all(other[:2] == [count, digest] for other in others)
    assert {first_hash} != {other[2] for other in others}, "the seeds took no effect: this test shows nothing"
