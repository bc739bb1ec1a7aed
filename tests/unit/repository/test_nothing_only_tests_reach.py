"""Every function, class and constant of a module is used by the product itself, not by tests alone."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from tests.support.places import ROOT

PUBLIC = ("streams/api", "streams/experiments/engines", "streams/experiments/planning.py", "tickloop")
"""Packages that users import, so that their uses are not in this repository."""

WORDS = re.compile(r"[\w.:;{}()\[\], ]{1,200}")
"""A string that may name definitions: a quoted type, `module:function`, a line of a program."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("schemas", "streams", "agents", "tickloop"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            place = str(path.relative_to(ROOT))
            if "/." not in place:
                yield place, ast.parse(path.read_text(encoding="utf-8"))


def defined(tree: ast.Module) -> Iterator[str]:
    """Names of a module's own classes, constants and functions without a decorator."""
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() if not node.decorator_list:
                yield node.name
            case ast.ClassDef():
                yield node.name
            case ast.Assign(targets=targets):
                yield from (each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def used(tree: ast.Module) -> Iterator[str]:
    """Names that a module reads, without its imports and docstrings."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                yield name
            case ast.Constant(value=str(text)) if WORDS.fullmatch(text):
                yield from re.findall(r"\w+", text)


def unused(modules: dict[str, ast.Module]) -> list[str]:
    uses = Counter(name for tree in modules.values() for name in used(tree))
    return [
        f"{place}: {name}"
        for place, tree in modules.items()
        if not place.startswith(PUBLIC) and not place.endswith("__init__.py")
        for name in defined(tree)
        if not uses[name] and not name.startswith("__")
    ]


def test_every_definition_is_used_outside_of_tests() -> None:
    assert unused(dict(sources())) == [], "delete it, or move it to tests/support"


def test_an_unused_definition_is_found() -> None:
    modules = {
        "agents/one.py": "A = 1\nB: int = 2\ndef used(): return A\ndef lost(): ...\nclass Lost: ...",
        "agents/two.py": "from agents.one import lost, used\nused()",
    }
    found = unused({place: ast.parse(text) for place, text in modules.items()})
    assert found == ["agents/one.py: B", "agents/one.py: lost", "agents/one.py: Lost"]
