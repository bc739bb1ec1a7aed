"""Decisions in the code depend on codes, not on sentences or ids, and large records are built with named fields."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.support.places import ROOT

TAKES_APART = {"startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "split", "rsplit"}

PROSE = {
    *(
        "cause",
        "detail",
        "fix",
        "found",
        "holding",
        "message",
        "reason",
        "sentence",
        "withheld",
        "what",
        "says",
        "said",
    ),
    *("id", "record_id", "root_id", "command_id", "prediction_id", "identity", "job", "job_id", "name_of_arm"),
    *("arm", "version", "model_version", "challenger", "champion", "parent", "experiment", "challengers"),
}
"""Names of values that hold sentences, ids, or names of versions."""

MAY_TAKE_APART = {
    "schemas/errors.py": "an error's sentence, once, where it is made",
    "schemas/names.py": "names that say of which kind an arm or a version is",
    "schemas/positions.py": "ids that say where a record comes from",
    "agents/cli/__init__.py": "an error's sentence, line by line, before it is printed",
    "agents/process/background.py": "an exception of any library, put on one line",
    "streams/sources/damaged_files.py": "the first line of what a library says",
    "streams/sources/dbn.py": "the first line of what a library says",
}


def called(node: ast.expr) -> str:
    """Name of a value: its attribute or variable; for a slice or an element, that of the whole."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case ast.Subscript(value=value) | ast.Call(func=ast.Attribute(value=value), args=[]):
            return called(value)
        case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name)]):
            return f"str of {name}"
    return ""


def is_prose(node: ast.expr) -> bool:
    return called(node) in PROSE or called(node) in {"str of error", "str of problem", "str of refused"}


def taken_apart(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines where a sentence, an id or the name of a version is split or searched."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in TAKES_APART and is_prose(value):
                yield node.lineno, ast.unparse(node)
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[value]) if is_prose(value):
                if called(value) != "found":  # a collection, elsewhere than in errors
                    yield node.lineno, ast.unparse(node)


def sources() -> list[Path]:
    return sorted(path for folder in ("schemas", "streams", "agents") for path in (ROOT / folder).rglob("*.py"))


def place(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", sources(), ids=place)
def test_nothing_hangs_on_a_sentence_or_on_the_form_of_a_name(path: Path) -> None:
    if place(path) in MAY_TAKE_APART:
        return
    found = list(taken_apart(ast.parse(path.read_bytes())))
    assert not found, "ask a code: a field beside the sentence, schemas/names.py or schemas/positions.py"


def test_every_module_that_may_split_sentences_and_ids_does_so() -> None:
    idle = [each for each in MAY_TAKE_APART if not (ROOT / each).is_file()]
    idle += [
        each for each in MAY_TAKE_APART if not idle and not list(taken_apart(ast.parse((ROOT / each).read_bytes())))
    ]
    assert idle == [], "takes nothing apart any more: take it off the list"


@pytest.mark.parametrize(
    "source",
    [
        "breach.withheld.startswith('budget')",
        "str(error).removeprefix('bad_directive: ')",
        "found, _, fix = differing[0].sentence.partition('; fix: ')",
        "'runs no more' in latest.reason",
        "version.version in course.latest.challenger",
        "began.id.removesuffix(':start')",
        "arm.arm.startswith('candidate-')",
        "record_id.split(':')[2]",
        "version.version.rpartition('-')[0]",
        "challengers.split(', ')",
    ],
)
def test_code_that_splits_a_sentence_is_found(source: str) -> None:
    assert list(taken_apart(ast.parse(source)))


def test_code_that_compares_a_code_is_allowed() -> None:
    assert not list(taken_apart(ast.parse("breach.withheld_by in ('budget',)\nis_candidate(arm.arm)\nline.split(',')")))


MOST_FIELDS_IN_ORDER = 6
MOST_POSITIONAL = 3

IN_ORDER = {
    "streams/market/outcomes.py": "an outcome of each tick",
    "streams/market/pipeline.py": "a prediction of each tick",
    "streams/market/state_size.py": "two made-up quotes",
    "streams/sources/book_messages.py": "a quote of each message of a file",
    "streams/sources/book_rows.py": "a quote of each row of a file",
    "streams/sources/layout.py": "a quote of each row of a file",
    "streams/sources/planted_signal.py": "a quote of each step of a made-up market",
    "streams/sources/synthetic.py": "a quote of each step of a made-up market",
}
"""Modules that may build a record for each tick by the order of its fields, which saves 25 to 35 ns."""


def large_records() -> set[str]:
    """Names of record types with so many fields that nobody remembers their order."""
    found = set()
    for path in sorted((ROOT / "schemas").glob("*.py")):
        if path.stem != "__init__":
            for name, kind in vars(importlib.import_module(f"schemas.{path.stem}")).items():
                is_record = inspect.isclass(kind) and issubclass(kind, msgspec.Struct)
                if is_record and len(kind.__struct_fields__) > MOST_FIELDS_IN_ORDER:
                    found.add(name)
    return found


LARGE = large_records()


def built_in_order(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines where a large record is built from more than a few values without field names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in LARGE:
            stars = any(isinstance(each, ast.Starred) for each in node.args)
            if stars or len(node.args) > MOST_POSITIONAL:
                yield node.lineno, ast.unparse(node.func)


@pytest.mark.parametrize("path", [each for each in sources() if place(each) not in IN_ORDER], ids=place)
def test_large_records_are_built_with_the_names_of_their_fields(path: Path) -> None:
    assert not list(built_in_order(ast.parse(path.read_bytes())))


def test_large_records_built_without_field_names_are_found() -> None:
    assert {"Directive", "AccountMarked", "Prediction"} <= LARGE
    for source in ("Directive('a', 'b', 1, 'stop_arm', 'c')", "ticks.Directive(*identity, arm='c')"):
        assert list(built_in_order(ast.parse(source)))
    assert not list(built_in_order(ast.parse("Directive(id='a', symbol='b')\nRefused('a', 'b', 'c', 'd')")))


def test_every_module_that_may_build_records_in_order_does_so() -> None:
    assert [each for each in IN_ORDER if not list(built_in_order(ast.parse((ROOT / each).read_bytes())))] == []
