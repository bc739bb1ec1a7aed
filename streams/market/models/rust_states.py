"""Checks parts of River before they are put together from the bytes of a record, above all those written in Rust.

Rust ends the whole process where memory for an absurd number of things is asked for; no Python code can catch that. So
no part in Rust is made of numbers that were not looked at, neither now nor when River makes one later by the parameters
that an object has.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from inspect import signature
from math import isfinite
from struct import Struct
from typing import Any

from schemas.errors import ModelRefused

MODULE = "river._river_rust."
VECTOR = f"{MODULE}vectordict:VectorDict"
WINDOW = f"{MODULE}drift:AdaptiveWindowing"
FIXED = frozenset(
    f"{MODULE}stats:{name}"
    for name in ("RsEWMean", "RsEWVar", "RsIQR", "RsKurtosis", "RsPeakToPeak", "RsQuantile", "RsSkew")
)
"""Statistics whose states have as many bytes as those of new ones."""

LARGEST = 10_000
"""Of whole numbers that are parameters of a part, such as the buckets in a row of an adaptive window (mostly 5)."""

MOST_ROWS = 64
"""Rows of buckets of an adaptive window: each holds twice as many numbers as the one before."""

# Little endian. What was asked for, sums over the window, counts; then rows of buckets; then what was asked for again.
_HEAD = Struct("<dIQ6d4IQ")
_ROW = Struct("<QQ")
_TAIL = Struct("<dIQII")


@cache
def _counts(kind: type) -> Mapping[str, Any]:
    """Names of the parameters with which objects of a class of River are made, each with its default."""
    found = signature(kind).parameters if hasattr(kind, "_get_params") else {}
    return {name: each.default for name, each in found.items() if name != "seed"}


def expect_modest(kind: type, attributes: Mapping[Any, Any], declared: Collection[int]) -> None:
    """Refuse an object of River with a parameter so large that it would fill the memory, or count for ever.

    Objects of River keep the parameters with which they were made as attributes, and make parts by them later.

    Args:
        kind: class of the object.
        attributes: attributes of the object.
        declared: whole numbers that stand in the declaration of the model, and so are allowed.

    Raises:
        ModelRefused: a parameter is a whole number above 10,000, and neither declared nor the default.

    >>> from river.drift import ADWIN
    >>> expect_modest(ADWIN, {"max_buckets": 2**40}, declared=())
    Traceback (most recent call last):
    ...
    schemas.errors.ModelRefused: expected max_buckets of ADWIN of at most 10,000, was 1,099,511,627,776
    """
    for name, default in _counts(kind).items():
        value = attributes.get(name)
        if isinstance(value, int) and abs(value) > LARGEST and value != default and value not in declared:
            raise ModelRefused(f"expected {name} of {kind.__name__} of at most {LARGEST:,}, was {value:,}")


def expect_rust(name: str, arguments: Sequence[Any], state: Any, kind: type) -> None:
    """Refuse a part in Rust that could not be the stored form of one.

    Args:
        name: module and class, as in a state of `object_state`.
        arguments: with which the part is to be made.
        state: what it is to remember, its own bytes; None: nothing.
        kind: its class.

    Raises:
        ModelRefused: the class is not known here, or the numbers do not fit one another.
    """
    if name == VECTOR:
        fits = state is None and len(arguments) <= 4 and _are_of_a_vector((*arguments, *(None,) * 4)[:4])
    elif name == WINDOW:
        fits = _is_window(arguments, state)
    elif name in FIXED:
        numbers = all(isinstance(each, int | float) and 0 <= each <= 1e6 for each in arguments)
        fits = numbers and isinstance(state, bytes) and len(state) == len(kind(*arguments).__getstate__())
    else:
        raise ModelRefused(f"expected parts of River whose states can be checked, was one of {name:.80}")
    if not fits:
        raise ModelRefused(f"expected the state of {name}, was something else")


def _are_of_a_vector(arguments: Sequence[Any]) -> bool:
    data, factory, mask, is_copy = arguments
    if data is not None and type(data) is not dict:
        return False
    return (factory is None or callable(factory)) and (mask is None or type(mask) is set) and type(is_copy) is bool


def _is_window(arguments: Sequence[Any], state: Any) -> bool:
    """Whether bytes are those of an adaptive window that was made with these numbers."""
    if [type(each) for each in arguments] != [float, int, int, int, int] or not isinstance(state, bytes):
        return False
    delta, clock, buckets, shortest, grace = arguments
    if not (0.0 < delta <= 1.0 and 1 <= clock < 2**31 and 1 <= buckets <= LARGEST):
        return False
    if not (0 <= shortest < 2**31 and 0 <= grace < 2**31) or len(state) < _HEAD.size + _TAIL.size:
        return False
    *asked, total, variance, width, widths, _, _, _, _, rows = _HEAD.unpack_from(state)
    if asked != [delta, clock, buckets, shortest, grace] or not 1 <= rows <= MOST_ROWS:
        return False
    if not all(map(isfinite, (total, variance, width, widths))) or not 0.0 <= width < 2**32:
        return False
    numbers = Struct(f"<Q{buckets + 1}d")
    row_size = _ROW.size + 2 * numbers.size
    if len(state) != _HEAD.size + rows * row_size + _TAIL.size:
        return False
    for start in range(_HEAD.size, _HEAD.size + rows * row_size, row_size):
        most, used = _ROW.unpack_from(state, start)
        if most != buckets or used > buckets + 1:
            return False
        for at in (start + _ROW.size, start + _ROW.size + numbers.size):
            length, *values = numbers.unpack_from(state, at)
            if length != buckets + 1 or not all(map(isfinite, values)):
                return False
    return _TAIL.unpack_from(state, len(state) - _TAIL.size) == tuple(arguments)
