"""Compiles the modules that run for every tick to machine code, with mypyc and the C compiler of this machine.

Compiled modules give the same results as the Python ones, to the last bit. Compiler options that could change a
floating-point result are off, such as `-ffast-math` or fused multiply-add.
"""

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import json

from schemas.errors import EnvironmentProblem
from streams.engine import compiled

FLAGS = ("--config-file=", "--follow-imports=silent", "--ignore-missing-imports", "--cache-dir=/dev/null")
"""Of mypy, which finds the types: what is checked strictly elsewhere need not be here, where stubs may be missing."""

LAST_LINES = 12


def compile_hot_modules() -> Path:
    """Compile the modules that run for every tick, unless a build of the present sources exists; takes about a minute.

    Builds of other sources are deleted.

    Returns:
        The folder of the build.

    Raises:
        EnvironmentProblem: the C compiler, Python's headers or mypyc are missing, or compiling failed.
    """
    folder = compiled.build()
    if compiled.is_whole(folder):
        return folder
    _ask_for_tools()
    compiled.BUILDS.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=compiled.BUILDS, prefix="new-") as work:
        finished = subprocess.run(
            [sys.executable, "-X", "pure", "-m", "agents.operations.compiling", work],
            cwd=compiled.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if finished.returncode:
            said = "\n".join(finished.stdout.splitlines()[-LAST_LINES:])
            raise EnvironmentProblem(f"expected the hot modules to compile, exit code {finished.returncode}:\n{said}")
        for stale in compiled.BUILDS.iterdir():
            if stale != Path(work):
                shutil.rmtree(stale, ignore_errors=True)
        (Path(work) / "library").rename(folder)
    return folder


def _ask_for_tools() -> None:
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        raise EnvironmentProblem(f"expected a C compiler, found no {compiler}; fix: install gcc")
    header = Path(sysconfig.get_path("include"), "Python.h")
    if not header.exists():
        raise EnvironmentProblem(f"expected Python's headers, found no {header}; fix: install python3-dev")
    if find_spec("mypyc") is None or find_spec("setuptools") is None:
        raise EnvironmentProblem("expected mypy and setuptools, found them not installed; fix: `make setup`")


def build_in(work: Path) -> None:
    """Compile the modules that run for every tick into the folder `work/library`, in this process.

    This process must have been started for this call alone, because mypyc and setuptools change global state.
    """
    from mypyc.build import mypycify
    from setuptools import setup

    files = [str(compiled.source(module).relative_to(compiled.ROOT)) for module in compiled.MODULES]
    extensions = mypycify(
        [*FLAGS, *files],
        opt_level="2",
        debug_level="0",
        target_dir=str(work / "c"),
        group_name=compiled.EXTENSION.removesuffix("__mypyc"),
    )
    for extension in extensions:
        extension.extra_compile_args.append("-ffp-contract=off")
    folders = ["--build-lib", str(work / "library"), "--build-temp", str(work / "objects")]
    setup(name="tickloop-compiled", packages=[], ext_modules=extensions, script_args=["-q", "build_ext", *folders])
    annotations = {module: _annotations(compiled.source(module).read_text()) for module in compiled.MODULES}
    (work / "library" / compiled.ANNOTATIONS).write_bytes(json.encode(annotations))


def _annotations(source: str) -> dict[str, dict[str, str]]:
    """Type annotations of the fields of each dataclass in `source`, as text: class -> field -> annotation."""
    return {
        node.name: {
            field.target.id: ast.unparse(field.annotation)
            for field in node.body
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        }
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and any(ast.unparse(each) == "dataclass" for each in node.decorator_list)
    }


if __name__ == "__main__":
    build_in(Path(sys.argv[1]))
