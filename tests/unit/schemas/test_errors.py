"""The tree of error classes that the docstring of `schemas.errors` draws agrees with the classes."""

import inspect
import re

import pytest

from schemas import errors
from schemas.errors import Refused, TickloopError

CLASSES = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}


def test_the_drawing_shows_every_error_under_its_parent() -> None:
    drawn = re.findall(r"^([├└│ ]*(?:── )?)([A-Z]\w+) {2,}\S", errors.__doc__ or "", flags=re.MULTILINE)
    assert [name for _, name in drawn] == list(CLASSES)
    parents: list[str] = []
    for branch, name in drawn:
        depth = len(branch) // 4
        parents[depth:] = [name]
        assert CLASSES[name].__bases__ == ((CLASSES[parents[depth - 1]],) if depth else (Exception,))


def test_every_error_can_be_caught_as_one() -> None:
    assert all(issubclass(kind, TickloopError) for kind in CLASSES.values())


def test_a_refusal_carries_its_code_and_reads_as_a_sentence() -> None:
    refused = Refused("crossed_quote", "expected bid <= ask, was 2.0 > 1.0")
    assert (refused.reason, refused.detail) == ("crossed_quote", "expected bid <= ask, was 2.0 > 1.0")
    with pytest.raises(TickloopError, match=r"^crossed_quote: expected bid <= ask, was 2.0 > 1.0$"):
        raise refused
