"""States with which River's parts in Rust would end the process are refused before such a part is made of them."""

import resource
import subprocess
import sys

import pytest
from river._river_rust.drift import AdaptiveWindowing
from river._river_rust.stats import RsQuantile

from schemas.errors import ModelRefused
from streams.market.models import object_state
from streams.market.models.rust_states import WINDOW, expect_rust
from tests.support.places import ROOT

MADE_WITH = (0.002, 32, 5, 5, 10)
FUZZED = ("ensemble.LeveragingBaggingClassifier", "tree.HoeffdingAdaptiveTreeClassifier", "forest.ARFClassifier")
ROOM = 6_000_000_000
"""Bytes; a process that asks for more ends."""


def window(updates: int = 400, *made_with: float) -> AdaptiveWindowing:
    found = AdaptiveWindowing(*(made_with or MADE_WITH))
    for number in range(updates):
        found.update(float(number % 7 + (number > updates // 2)))
    return found


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM)),
    )


@pytest.mark.parametrize("updates", [0, 1, 40, 400, 3_000])
@pytest.mark.parametrize("made_with", [MADE_WITH, (0.01, 7, 3, 2, 4)])
def test_adaptive_windows_are_restored_bit_for_bit(updates: int, made_with: tuple[float, ...]) -> None:
    state = object_state.dump(window(updates, *made_with))
    assert object_state.dump(object_state.load(state)) == state


def test_every_number_of_an_adaptive_window_is_looked_at() -> None:
    """A number that makes one too large, or breaks how its parts fit together, is found wherever it stands."""
    state = window().__getstate__()
    expect_rust(WINDOW, MADE_WITH, state, AdaptiveWindowing)
    lengths = [
        at
        for at in range(len(state) - 7)
        if state[at : at + 8] in ((5).to_bytes(8, "little"), (6).to_bytes(8, "little"))
    ]
    assert len(lengths) > 10
    for at in lengths:
        with pytest.raises(ModelRefused):
            expect_rust(
                WINDOW, MADE_WITH, state[:at] + (2**40).to_bytes(8, "little") + state[at + 8 :], AdaptiveWindowing
            )
    for cut in (0, 8, len(state) - 1):
        with pytest.raises(ModelRefused):
            expect_rust(WINDOW, MADE_WITH, state[:cut], AdaptiveWindowing)
    for at, value in ((0, 2.0), (1, 0), (2, 2**40), (3, -1), (4, "10")):
        with pytest.raises(ModelRefused):
            expect_rust(WINDOW, [*MADE_WITH[:at], value, *MADE_WITH[at + 1 :]], state, AdaptiveWindowing)


def test_parts_in_rust_that_cannot_be_checked_are_refused() -> None:
    for name in ("RsRollingQuantile", "RsRollingIQR", "RsRollingROCAUC"):
        with pytest.raises(ModelRefused, match="can be checked"):
            expect_rust(f"river._river_rust.stats:{name}", [0.5, 2**40], b"", RsQuantile)


ASKING_FOR_TOO_MUCH = """
from msgspec import msgpack
from schemas.errors import ModelRefused
from streams.market.models import object_state
made_with = [0.002, 32, 2**40, 5, 10]
node = [object_state.MADE, "river._river_rust.drift:AdaptiveWindowing", "new", made_with, None, None, None]
import river.drift
try:
    object_state.load(msgpack.encode(([0], [], [], [node])))
except ModelRefused:
    print("refused")
"""


def test_a_part_that_asks_for_terabytes_is_refused_and_the_process_goes_on() -> None:
    done = _run("-c", ASKING_FOR_TOO_MUCH)
    assert (done.returncode, done.stdout) == (0, "refused\n"), done.stderr[-2_000:]


@pytest.mark.slow
def test_no_damaged_state_ends_the_process() -> None:
    """Before states were checked, the first of these classifiers ended it, and the others filled the memory."""
    done = _run("-m", "tests.support.river_damage", "300", *FUZZED)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(FUZZED)
    assert done.stdout.count("refused") == done.stdout.count("went on") == len(FUZZED)
