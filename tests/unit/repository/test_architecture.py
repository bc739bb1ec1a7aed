"""Checks the sources for what the architecture forbids: imports, hidden inputs, order by hash, long files."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.places import ROOT

MAY_IMPORT = {
    "schemas": {"msgspec", "schemas"},
    "streams": {
        "databento_dbn",
        "lightgbm",
        "msgspec",
        "numpy",
        "onnxruntime",
        "pandas",
        "pyarrow",
        "river",
        "scipy",
        "schemas",
        "streams",
    },
}
"""Packages that each may import besides the standard library, of which import-linter forbids parts."""

GRAB_BAGS = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}

SEEDED = {
    "numpy.random.default_rng",
    "numpy.random.Generator",
    "numpy.random.RandomState",
    "numpy.random.SeedSequence",
    "random.Random",
}

HARMLESS = {"streams/market/models/object_state.py": "id()"}
"""Uses that decide nothing, by file: there an id tells which objects are one and the same, and is in no result."""

CLOCKS = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "pandas.Timestamp.now",
    "pandas.Timestamp.today",
    "pandas.Timestamp.utcnow",
}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def place(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(tree: ast.AST) -> Iterator[str]:
    """Names of the top-level packages that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def names(tree: ast.AST) -> dict[str, str]:
    """Names that the imports of a module define, with the full names that they stand for."""
    bound = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            bound |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return bound


def full_name(node: ast.expr, bound: dict[str, str]) -> str:
    """Return `numpy.random.seed` for `np.random.seed`; empty if the expression is not a dotted name of an import."""
    if isinstance(node, ast.Name):
        return bound.get(node.id, "")
    if isinstance(node, ast.Attribute):
        before = full_name(node.value, bound)
        return f"{before}.{node.attr}" if before else ""
    return ""


def random_state(call: ast.Call) -> bool:
    return any(keyword.arg == "random_state" for keyword in call.keywords)


def hidden_inputs(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines that use a clock, hashes or ids of the interpreter, or unseeded random numbers, with what they use."""
    bound = names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = full_name(node, bound)
            random = name.startswith(("random.", "numpy.random.")) and name not in SEEDED
            if name in CLOCKS or random:
                yield node.lineno, name
        if isinstance(node, ast.Call):
            name = full_name(node.func, bound)
            if name in SEEDED and not (node.args or node.keywords):
                yield node.lineno, f"{name}() without a seed"
            if isinstance(node.func, ast.Attribute) and node.func.attr == "rvs" and not random_state(node):
                yield node.lineno, "rvs() without random_state"
            if isinstance(node.func, ast.Name) and node.func.id in {"hash", "id"} and node.func.id not in bound:
                yield node.lineno, f"{node.func.id}()"


def is_set(node: ast.expr, sets: set[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.Call(func=ast.Attribute(attr="union" | "intersection" | "difference" | "symmetric_difference")):
            return True
        case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor()):
            return is_set(node.left, sets) or is_set(node.right, sets)
        case ast.Name():
            return node.id in sets
    return False


def iterated_sets(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines where the order of a set matters: loops, comprehensions, and conversions to a sequence."""
    sets = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and is_set(node.value, set())
        for target in node.targets
        if isinstance(target, ast.Name)
    } | {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and "set[" in ast.unparse(node.annotation)
    }
    for node in ast.walk(tree):
        match node:
            case ast.For(iter=iterable) | ast.comprehension(iter=iterable) if is_set(iterable, sets):
                yield iterable.lineno, ast.unparse(iterable)
            case ast.Call(func=ast.Name(id="list" | "tuple" | "iter" | "enumerate" | "sum" | "zip"), args=arguments):
                yield from ((one.lineno, ast.unparse(node)) for one in arguments if is_set(one, sets))
            case ast.Starred(value=value) if is_set(value, sets):
                yield node.lineno, ast.unparse(node)


OWN_FILES, OWN_STATES, OWN_TEXT = (
    "a file of this machine",
    "a snapshot of ours",
    "text that was bounded where it came in",
)

RAW_DECODERS = {
    "agents/backtest/folder.py": OWN_FILES,
    "agents/backtest/plan.py": OWN_TEXT,
    "agents/backtest/share.py": OWN_FILES,
    "agents/broker/process.py": OWN_FILES,
    "agents/retrainer/training.py": "pipes between a process and the one that it started",
    "agents/cli/arm.py": "the state of a model in a file that a person names",
    "agents/cli/arm_overrides.py": "what a person types, and files that they name",
    "agents/dashboard/follow/acknowledged.py": OWN_FILES,
    "agents/backtest/prequential.py": "pipes between processes of a pool",
    "agents/commands/keyring.py": OWN_FILES,
    "agents/operations/addresses.py": OWN_FILES,
    "agents/config/parameters_kept.py": OWN_FILES,
    "agents/runtime/kept_snapshots.py": OWN_STATES,
    "agents/runtime/recovery.py": OWN_STATES,
    "schemas/asyncapi.py": "golden records",
    "schemas/codec.py": "the door itself",
    "streams/engine/node.py": OWN_STATES,
    "streams/engine/backtest.py": OWN_STATES,
    "streams/engine/chain.py": OWN_STATES,
    "streams/engine/compiled.py": OWN_FILES,
    "streams/components/kinds.py": OWN_STATES,
    "streams/market/models/object_state.py": "states of models of River, of classes on a list",
    "streams/market/models/own.py": OWN_STATES,
    "streams/market/features/checks.py": OWN_STATES,
    "streams/market/references.py": OWN_STATES,
    "streams/market/world_checks.py": "states of worlds, bounded by the record, whose numbers and types it checks",
    "streams/lifecycle/version_records.py": OWN_TEXT,
    "streams/market/arm_parameters.py": OWN_TEXT,
    "streams/api/versions.py": "records of versions that a person hands over",
    "streams/sources/json_lines.py": "takes an array of a file apart",
    "streams/sources/json_values.py": "messages of files, which may have whole books; it bounds their depth itself",
}
"""Modules that decode without `schemas.codec.decoder`, with what they decode: nothing from outside."""

DECODERS = re.compile(
    r"(msgspec\.)?(json|msgpack)\.(decode|Decoder)|(orjson|json)\.loads?|orjson\.loads|pickle\.(loads?|Unpickler)"
)


def raw_decoders(tree: ast.AST) -> set[str]:
    """Names of decoders that a module makes without bounds of size and depth, and whose errors are not `Refused`."""
    bound = names(tree)
    return {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name) and DECODERS.fullmatch(name := full_name(node, bound))
    }


def test_records_and_http_bodies_are_decoded_in_one_module() -> None:
    found = {
        place(path) for path in sources("schemas", "streams", "agents") if raw_decoders(ast.parse(path.read_bytes()))
    }
    assert sorted(found - RAW_DECODERS.keys()) == [], "use schemas.codec.decoder, or ReadableRecords for whole records"
    assert sorted(RAW_DECODERS.keys() - found) == [], "decodes nothing any more: take it off the list"


@pytest.mark.parametrize(
    "source",
    [
        "import msgspec\nmsgspec.json.decode(b'1')",
        "from msgspec import json\nread = json.Decoder(int).decode",
        "from msgspec.json import Decoder\nDecoder(int)",
        "import json\njson.loads('1')",
        "import orjson as o\no.loads('1')",
        "from msgspec import msgpack\nmsgpack.decode(b'1')",
    ],
)
def test_raw_decoders_are_found(source: str) -> None:
    assert raw_decoders(ast.parse(source))


@pytest.mark.parametrize("path", sources("schemas", "streams"), ids=place)
class TestBelowAgents:
    def test_imports_what_its_folder_may(self, path: Path) -> None:
        allowed = MAY_IMPORT[path.relative_to(ROOT).parts[0]] | sys.stdlib_module_names
        assert set(imported(ast.parse(path.read_bytes()))) <= allowed

    def test_has_no_hidden_input(self, path: Path) -> None:
        found = [name for _, name in hidden_inputs(ast.parse(path.read_bytes()))]
        assert [name for name in found if name != HARMLESS.get(place(path))] == []

    def test_lets_no_set_decide_an_order(self, path: Path) -> None:
        assert not list(iterated_sets(ast.parse(path.read_bytes())))


@pytest.mark.parametrize(
    "source",
    [
        "import random\nrandom.random()",
        "import random\nrandom.Random()",
        "from random import shuffle\nshuffle([])",
        "import numpy as np\nnp.random.seed(1)",
        "import numpy as np\nnp.random.default_rng()",
        "from numpy.random import default_rng\ndefault_rng()",
        "import datetime as dt\ndt.datetime.now(dt.UTC)",
        "from datetime import datetime\nclock = datetime.now",
        "from scipy.stats import norm\nnorm.rvs(size=3)",
        "hash('x')",
    ],
)
def test_hidden_inputs_are_found(source: str) -> None:
    assert list(hidden_inputs(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "import random\nrandom.Random(7).random()",
        "import numpy as np\nnp.random.default_rng(seed=7)",
        "def hash_of(): ...",
    ],
)
def test_seeded_randomness_is_let_through(source: str) -> None:
    assert not list(hidden_inputs(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "for x in {1, 2}: ...",
        "[x for x in set(y)]",
        "seen: set[int] = f()\nfor x in seen: ...",
        "a = {1}\nb = [*a]",
        "list({1} | b)",
        "tuple(x for x in a.union(b))",
    ],
)
def test_iterated_sets_are_found(source: str) -> None:
    assert list(iterated_sets(ast.parse(source)))


@pytest.mark.parametrize("source", ["for x in sorted({1, 2}): ...", "3 in {1, 2}", "len(set(y))", "a = [1]\nlist(a)"])
def test_sets_that_order_nothing_are_let_through(source: str) -> None:
    assert not list(iterated_sets(ast.parse(source)))


BUILD = {"mypy", "setuptools"}
"""Packages of the dependency group `build`, which only the compilation imports."""


def test_whatever_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [each for extra in project["optional-dependencies"].values() for each in extra]
    declared = {re.split(r"[<>=!~;\[ ]", each)[0].lower() for each in (*project["dependencies"], *extras)}
    own, brought_by = {"agents", "schemas", "streams"}, packages_distributions()
    found = set()
    for path in sources("schemas", "streams", "agents"):
        for module in {each.partition(".")[0] for each in imported(ast.parse(path.read_text()))}:
            if module not in own | sys.stdlib_module_names:
                found.add(brought_by.get(module, [module])[0].replace("_", "-").lower())
    assert found <= declared | BUILD, "another package brings it, and may stop to"


@pytest.mark.parametrize("path", sources("schemas", "streams", "agents", "tests"), ids=place)
def test_no_file_is_longer_than_the_limit(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, "two ideas: split it"
    assert path.stem not in GRAB_BAGS
    assert path.relative_to(ROOT).parts[0] == "tests" or path.stem not in sys.stdlib_module_names - {"__init__"}


def test_a_foreign_package_named_agents_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "__init__.py").write_text("")
    program = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; import schemas"
    ended = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "ImportError: expected tickloop's own `agents` package in" in ended.stderr
    assert str(tmp_path / "agents") in ended.stderr
    assert "fix:" in ended.stderr


def test_our_own_package_named_agents_is_accepted(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import schemas"],
        cwd=tmp_path,
        check=False,
    )
    assert ended.returncode == 0
