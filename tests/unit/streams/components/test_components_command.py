"""`tickloop components check` finds what is wrong with a component, and no component that looks ahead is ever used."""

import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from schemas.codec import encode
from streams.components.promises import PromiseFinding
from streams.sources.synthetic import synthetic_market
from tests.support.places import ROOT

pytestmark = pytest.mark.slow

PARTS = """
from math import log
from streams.market.strategies import register
SCALE = None

class Honest:
    needs = ("rsi", "return_10", "spread")
    def opinion(self, features, regime):
        rsi, move, spread = features
        log(1.0001 - abs(rsi)) + log(1.0 + move / 1e4) + log(1e-9 + spread)
        return 0.4 if move > 0 else 0.6

class Scaled:
    needs = ("return_10",)
    def opinion(self, features, regime):
        global SCALE
        SCALE = SCALE or abs(features[0]) or None
        return 0.5 + 0.4 * max(-1.0, min(1.0, features[0] / (SCALE or 1.0)))

class WithoutNeeds:
    def opinion(self, features, regime):
        return 0.5

class Remembers:
    needs = ("return_10",)
    def __init__(self):
        self.seen = 0
    def opinion(self, features, regime):
        self.seen += 1
        return 0.5 if self.seen < 1_000 else 0.6

for each in (Honest, Scaled, WithoutNeeds, Remembers):
    register(each.__name__.lower(), each)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parts.py").write_text(PARTS)
    (tmp_path / "unreadable.py").write_text("def f(:")
    (tmp_path / "tickloop.toml").write_text('[plugins]\nmodules = ["unreadable", "parts"]\n')
    return tmp_path


def tickloop(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "agents.cli", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_every_broken_promise_of_each_component_is_reported(folder: Path) -> None:
    done = tickloop(folder, "components", "check", "--json")
    assert done.returncode == 1
    assert "tickloop: " in done.stderr
    assert "Traceback" not in done.stderr
    findings = msgspec.json.decode(done.stdout, type=list[PromiseFinding])
    broken: dict[str, list[str]] = {finding.part: [] for finding in findings}
    for finding in findings:
        if finding.detail:
            broken[finding.part].append(finding.check)
    everything = ["goes_on_after_a_restart", "does_not_look_ahead", "answers_finite_numbers", "stays_small"]
    assert broken == {
        "module unreadable": ["is_imported"],
        "module parts": [],
        "strategy honest": [],
        "strategy scaled": ["is_the_same_in_every_process"],
        "strategy withoutneeds": everything,
        "strategy remembers": ["goes_on_after_a_restart", "does_not_look_ahead"],
    }
    said = {(finding.part, finding.check): finding.detail for finding in findings}
    assert "results would depend on --jobs" in said["strategy scaled", "is_the_same_in_every_process"]
    assert "has no attribute 'needs'" in said["strategy withoutneeds", "stays_small"]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("remembers", "[plugins]: expected strategy remembers to answer from what it has seen, was: event 0: "),
        ("withoutneeds", "[plugins]: expected parts that can be built, one raised AttributeError: "),
    ],
)
def test_a_backtest_refuses_a_part_that_looks_ahead_or_cannot_be_built(part: str, said: str, folder: Path) -> None:
    (folder / "ticks.jsonl").write_bytes(b"\n".join(encode(each) for each in islice(synthetic_market(seed=2), 50)))
    (folder / "tickloop.toml").write_text(
        f'[plugins]\nmodules = ["parts"]\n[market.strategies]\nenabled = ["flat", "{part}"]\n'
    )
    done = tickloop(folder, "backtest", "ticks.jsonl", "--jobs", "1")
    assert done.returncode == 2
    assert said in done.stderr
    assert "`tickloop components check`" in done.stderr
    assert not (folder / "run").exists()


def test_without_a_part_of_ones_own_the_command_says_where_they_are_named(tmp_path: Path) -> None:
    done = tickloop(tmp_path, "components", "check")
    assert done.returncode == 2
    assert "expected parts of plug-ins, there is none; fix: [plugins] modules = ['my_module']" in done.stderr
