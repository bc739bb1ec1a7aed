"""Finds what a module imports, directly or through others, by reading sources; nothing is imported."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from agents.identity.stripped_source import stripped
from streams.engine.compiled import ROOT

_IMPORT = re.compile(
    r"^[ \t]*(?:from (?P<base>(?:streams|schemas)[\w.]*) import (?P<names>\([^)]*\)|[^\n]*)"
    r"|import (?P<module>(?:streams|schemas)[\w.]*))",
    re.MULTILINE,
)


@lru_cache
def program(module: str) -> str | None:
    """Return the source of a module without comments and docstrings; None if this distribution has no such module."""
    path = file_of(module)
    return None if path is None else stripped(path.read_text(encoding="utf-8"))


def file_of(module: str) -> Path | None:
    """Return the source file of a module, compiled or not; None if this distribution has no such module."""
    path = ROOT.joinpath(*module.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def imported_modules(modules: Sequence[str]) -> list[str]:
    """Return the given modules and all modules of `streams` and `schemas` that they import, directly or not.

    The names are sorted, and include the packages that the modules lie in. Unknown modules are left out.

    >>> imported_modules(["schemas.errors"])
    ['schemas', 'schemas.errors']
    """
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found or (text := program(name)) is None:
            continue
        found.add(name)
        if package := name.rpartition(".")[0]:
            waiting.append(package)
        for match in _IMPORT.finditer(text):
            base = match["base"] or match["module"]
            waiting.append(base)
            # A name may be a module of the package.
            waiting += [f"{base}.{each}" for each in re.findall(r"\w+", match["names"] or "")]
    return sorted(found)
