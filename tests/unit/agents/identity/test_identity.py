"""The identity of the computing code changes with the program, plugins and libraries, and with nothing else."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from agents.config.plugins import configured_parameters
from agents.identity import computing
from agents.identity.computing import LOOP, Identity, configured_identity
from agents.identity.imported_modules import file_of, imported_modules
from agents.identity.stripped_source import stripped
from streams.engine.compiled import ROOT
from streams.market.models.experts import MODULES

SOURCES = sorted(path for package in ("streams", "schemas") for path in (ROOT / package).rglob("*.py"))


class _NoDocstrings(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value.value = ""
        return node


def program_of(source: str) -> str:
    return ast.dump(_NoDocstrings().visit(ast.parse(source)))


def test_a_bare_source_is_the_same_program() -> None:
    assert len(SOURCES) > 200
    for path in SOURCES:
        source = path.read_text()
        assert program_of(stripped(source, docstring='""')) == program_of(source), path
        assert len(stripped(source)) < len(stripped(source, docstring='""')), path


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1\n", "# why\nx = 1  # because\n\n\n"),
        ('def f():\n    """One."""\n    return 1\n', 'def f():\n\n    r"""Two\n    lines."""\n    return 1\n'),
        ('LIMIT = 3\n"""Of it."""\n', "LIMIT = 3\n'''Of # them.'''  # all\n"),
    ],
)
def test_what_does_not_compute_does_not_count(one: str, other: str) -> None:
    assert stripped(one).replace("    r\n", "") == stripped(other).replace("    r\n", "")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1e-9\n", "x = 1e-8\n"),
        ('x = "# a"\n', 'x = "# b"\n'),
        ('x = (\n    "a"\n)\n', 'x = (\n    "b"\n)\n'),
        ('x = \\\n"a"\n', 'x = \\\n"b"\n'),
        ('"a".join(x)\n', '"b".join(x)\n'),
        ("x = f('\"', 1)  # \"\n", "x = f('\"', 2)  # \"\n"),
        ('f"{go()}"\n', 'f"{stop()}"\n'),
        ('x = """a\n\n  b"""\n', 'x = """a\n  b"""\n'),
        ("if a:\n    b()\nc()\n", "if a:\n    b()\n    c()\n"),
    ],
)
def test_what_computes_counts(one: str, other: str) -> None:
    assert stripped(one) != stripped(other)


def test_the_modules_of_the_loop_are_those_that_it_imports() -> None:
    """The modules are found in the sources; they must be those that importing the loop loads."""
    asked = (
        "import sys, importlib\n"
        f"for name in {LOOP!r}: importlib.import_module(name)\n"
        "print(*sorted(name for name in sys.modules if name.split('.')[0] in ('streams', 'schemas')))"
    )
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT)
    mine = [name for name in imported_modules(LOOP) if name.split(".")[0] in ("streams", "schemas")]
    at_first_use = {"streams.experiments.engines.score_density"}
    assert {*mine} == {*loaded.stdout.split()} | at_first_use
    assert "streams.scoring.label_uniqueness" in mine
    assert all(file_of(name) is not None for name in mine)


def test_the_sentence_names_what_changed_from_what_to_what() -> None:
    now, uniqueness = configured_identity({}), "streams/scoring/label_uniqueness.py"
    before = now.parts | {uniqueness: "0123456789abcdef", "library numpy": "1.0"}
    sentence = now.changes_since(before)
    assert f"{uniqueness} (was 0123456789abcdef, is {now.parts[uniqueness]})" in sentence
    assert f"library numpy (was 1.0, is {now.parts['library numpy']})" in sentence
    assert Identity(before).digest != now.digest == configured_identity({}).digest
    assert now.changes_since({}).endswith(f"and {len(now.parts) - 5} more")
    assert now.changes_since(now.parts) == ""


def test_a_plugin_counts_with_what_it_uses_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tickloop.toml").write_text('[plugins]\nmodules = ["plugin_of_identity"]\n')
    (tmp_path / "plugin_of_identity.py").write_text(
        "from helper_of_identity import FACTOR\nimport helper_of_identity\n"
    )
    (tmp_path / "helper_of_identity.py").write_text("import numpy as np\nFACTOR = 2\n")
    environment = {"TICKLOOP_CONFIG": str(tmp_path / "tickloop.toml")}
    monkeypatch.setattr(sys, "path", [*sys.path])
    configured_parameters(environment)
    plain, found = configured_identity({}), configured_identity(environment)
    assert set(found.parts) - set(plain.parts) == {"plugin plugin_of_identity", "plugin helper_of_identity"}
    (tmp_path / "helper_of_identity.py").write_text("import numpy as np\nFACTOR = 3\n")
    assert configured_identity(environment).changes_since(found.parts).startswith("plugin helper_of_identity (was ")


def test_modules_and_extras_of_further_models_count() -> None:
    parts = configured_identity({}).parts
    assert [each.rpartition(".")[2] for each in computing.AT_FIRST_USE] == [
        each.partition(".")[0] for each in MODULES.values()
    ]
    assert {
        f"streams/market/models/{name}.py" for name in ("river_model", "object_state", "trees", "onnx_file", "own")
    } <= {*parts}
    assert parts["library onnxruntime"]


def test_an_extra_that_is_not_installed_is_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computing, "EXTRAS", ("a-library-of-nobody",))
    computing._versions.cache_clear()
    assert "library a-library-of-nobody" not in configured_identity({}).parts
    computing._versions.cache_clear()


def test_the_libraries_that_a_plugin_uses_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tickloop.toml").write_text('[plugins]\nmodules = ["plugin_of_libraries"]\n')
    (tmp_path / "plugin_of_libraries.py").write_text("import yaml\nimport os\nimport helper_of_libraries\n")
    (tmp_path / "helper_of_libraries.py").write_text("import jsonschema\nimport tickloop\n")
    environment = {"TICKLOOP_CONFIG": str(tmp_path / "tickloop.toml")}
    monkeypatch.setattr(sys, "path", [*sys.path])
    configured_parameters(environment)
    plain, found = configured_identity({}), configured_identity(environment)
    assert {each.lower() for each in set(found.parts) - set(plain.parts)} == {
        "plugin plugin_of_libraries",
        "plugin helper_of_libraries",
        "library pyyaml",
        "library jsonschema",
    }
