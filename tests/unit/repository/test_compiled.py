"""Hot modules compiled to machine code give the same bits as Python, are never outdated, and are not required."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agents.operations.compiling import compile_hot_modules
from schemas.errors import EnvironmentProblem
from streams.engine import compiled

pytestmark = pytest.mark.slow

REAL = compiled.ROOT.parent / "shared" / "data" / "btcusdt-perp-20240808.csv.gz"

DIGESTS = """
import sys
from hashlib import sha256
from itertools import islice

from schemas.ticks import Directive
from streams.engine import compiled
from streams.engine.backtest import Engine
from streams.market.features.registry import every_feature
from streams.topology import nodes
from streams.parameters import load_parameters
from streams.sources.synthetic import synthetic_market

other = {"regime": {"detector": "hmm"}, "confidence": {"calibrator": "bins"}, "costs": {"enabled": ["half_spread"]}}
other["recall"] = {"every": 50, "alike": 1.0}
over_time = [each.name for each in every_feature()] + ["return_7", "trade_flow_imbalance_20"]
other["features"] = {"recorded": over_time, "order_flow_window": "2s", "trade_window": "500ms"}
for market in ({}, other):
    engine = Engine(nodes(load_parameters({"market": market})), partitions=2)
    names = ["ACORN", "BIRCH"]
    for symbol in names:
        engine.take(Directive(f"d-{symbol}", symbol, 1, "start_arm", "b", "test", from_live=True, version="v2"))
    for tick in islice(synthetic_market(seed=3, symbols=names), 4_000):
        engine.take(tick)
    restored = Engine(nodes(load_parameters({"market": market})), partitions=2)
    restored.restore(engine.snapshot())
    if len(sys.argv) > 1:
        from streams.sources.files import TickFile
        for tick in islice(TickFile(sys.argv[1]), 4_000):
            restored.take(tick)
    print(sorted(restored.facts.counts.items()), restored.facts.digests, sha256(restored.snapshot()).hexdigest())
print(compiled.described(), file=sys.stderr)
"""


def run(
    code: str, *arguments: str, pure: bool = False, folder: Path = compiled.ROOT
) -> subprocess.CompletedProcess[str]:
    options = ["-X", "pure"] if pure else []
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, *options, "-c", code, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.fixture(scope="module")
def build() -> Path:
    try:
        return compile_hot_modules()
    except EnvironmentProblem as problem:
        if "C compiler" in str(problem) or "headers" in str(problem):
            pytest.skip(str(problem))
        raise


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the packages, which a test can edit."""
    for package in ("agents", "schemas", "streams"):
        shutil.copytree(compiled.ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.timeout(600)
def test_machine_code_gives_the_bits_that_python_gives(build: Path) -> None:
    files = [str(REAL)] if REAL.exists() else []
    fast, slow = run(DIGESTS, *files), run(DIGESTS, *files, pure=True)
    assert fast.stderr.strip() == "hot modules as machine code"
    assert slow.stderr.strip() == "all in plain Python"
    assert fast.stdout == slow.stdout
    assert "'outcomes', 0)" not in fast.stdout


@pytest.mark.timeout(600)
def test_an_edit_takes_effect_at_once(build: Path, copy: Path) -> None:
    code = (
        "from streams.engine import compiled; "
        "from streams.market.features.spread import Spread; from streams.market.features import Moment;"
        "print(compiled.running(), Spread().advance(Spread().start(1.0), Moment(100.0, bid=99.0, ask=101.0)))"
    )
    assert run(code, folder=copy).stdout == "True (200.0,)\n"
    spread = copy / "streams" / "market" / "features" / "spread.py"
    spread.write_text(spread.read_text().replace("* 1e4", "* 1e2"))
    assert run(code, folder=copy).stdout == "False (2.0,)\n"


def test_an_incomplete_build_is_not_used(build: Path, copy: Path) -> None:
    code = "from streams.engine import compiled; print(compiled.running())"
    assert run(code, folder=copy).stdout == "True\n"
    (copy / build.relative_to(compiled.ROOT) / compiled.ANNOTATIONS).unlink()
    assert run(code, folder=copy).stdout == "False\n"


def test_without_a_compiler_the_command_says_so_and_python_runs(copy: Path) -> None:
    shutil.rmtree(copy / "streams" / compiled.BUILDS.name, ignore_errors=True)
    environment = os.environ | {"CC": "no-such-compiler", "PYTHONPATH": str(copy)}
    finished = subprocess.run(
        [sys.executable, "-m", "agents.cli", "compile"],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 3
    assert "expected a C compiler, found no no-such-compiler; fix: install gcc" in finished.stderr
    assert run(
        "import streams.topology; from streams.engine import compiled; print(compiled.running())", folder=copy
    ).stdout == ("False\n")


@pytest.mark.parametrize("module", compiled.MODULES)
def test_compiled_modules_define_no_struct(module: str) -> None:
    tree = ast.parse(compiled.source(module).read_bytes())
    bases = {ast.unparse(base) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases}
    assert not bases & {"Struct", "msgspec.Struct"}


def test_docstrings_of_compiled_modules_are_run_as_python() -> None:
    """Compiled modules have no docstrings, so their doctests must run on the Python sources."""
    files = [str(compiled.source(module)) for module in compiled.MODULES]
    command = [sys.executable, "-X", "pure", "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    finished = subprocess.run(command, cwd=compiled.ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout
    assert int(finished.stdout.split(" passed")[0].split()[-1]) >= len(files) // 2
