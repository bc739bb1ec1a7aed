"""The built and installed wheel can be imported, computes and runs the demo without the sources beside it."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.support.places import ROOT

pytestmark = pytest.mark.broker

SOURCES = ("agents", "schemas", "streams", "tickloop")
BESIDES = ("LICENSE", "README.md", "pyproject.toml")
COUNT = 1_500


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of a wheel, built from a copy of the sources, since a build leaves folders beside them."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".compiled"))
    for name in BESIDES:
        shutil.copy(ROOT / name, folder / name)
    build = ["wheel", "-q", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder / "dist"), str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *build], check=True, timeout=120)
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and the libraries of this process, but without the sources."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    python = folder / "bin" / "python"
    into = ["--python", str(python), "install", "-q", "--no-deps", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *into], check=True, timeout=120)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    # Of paths in such a file the files like it are not read: an editable installation of the checkout stays outside.
    (packages / "libraries.pth").write_text("\n".join(libraries()))
    return folder


def libraries() -> list[str]:
    """Folders of the libraries that this process imports from."""
    own = sysconfig.get_path("purelib")
    return list(dict.fromkeys([own, *(each for each in sys.path if each.endswith("site-packages"))]))


def run(installed: Path, *command: str, **surroundings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TICKLOOP_", "PYTHON"))}
    return subprocess.run(
        [str(installed / "bin" / command[0]), *command[1:]],
        cwd=installed,
        env=environment | surroundings,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_the_wheel_holds_the_data_files_that_the_code_reads(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "agents/broker/jars.lock",
        "agents/dashboard/static/dashboard.html",
        "agents/dashboard/static/dashboard.js",
        "agents/pages/page.css",
        "schemas/contract/asyncapi.json",
        "streams/sources/formats/bars.toml",
        "tickloop/py.typed",
    ):
        assert name in held
    assert not [name for name in held if name.startswith(("tests", "docs"))]
    about = next(name for name in held if name.endswith("METADATA"))
    metadata = zipfile.ZipFile(wheel).read(about).decode()
    assert "License-Expression: MIT" in metadata
    assert "Author: the Tickloop developers" in metadata


def test_the_installed_package_is_imported_and_computes(installed: Path) -> None:
    program = (
        "import tickloop, streams; run = tickloop.backtest(tickloop.synthetic_market(seed=1, ticks=500)); "
        "print(tickloop.__file__); print(streams.__file__); print(tickloop.__version__, len(run.predictions))"
    )
    done = run(installed, "python", "-c", program)
    assert done.returncode == 0, done.stderr
    *places, said = done.stdout.splitlines()
    assert all(Path(place).is_relative_to(installed) for place in places)
    assert said.split()[1] == "500"


def test_the_installed_package_runs_the_demo(installed: Path, bootstrap: str, tmp_path: Path) -> None:
    surroundings = {"TMPDIR": str(tmp_path), "TICKLOOP_BOOTSTRAP": bootstrap, "TICKLOOP_HOME": ""}
    done = run(installed, "tickloop", "demo", "--json", "--no-kill", "--count", str(COUNT), **surroundings)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["holds"]
    assert summary["audit"]["predictions"] == COUNT
