"""Stores the state of a Python object as bytes, without pickle. Equal states give equal bytes.

An object is taken apart into a table of plain values by `__reduce_ex__`, as `pickle` would do it. Only objects of
classes on an allow list are put together again: classes of River and of `collections`, `random.Random` and NumPy's
arrays. The bytes cannot make the reader import a module or call another function, so states may come from a topic.

An object that two parts of a state share is shared again after loading. Dictionaries keep their order. Sets are sorted
by their encoded members, so that the bytes do not depend on the seed of Python's hashes.
"""

import copy
import random
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Collection
from functools import partial
from inspect import signature
from types import MethodType
from typing import Any

import numpy as np
from msgspec import msgpack

from schemas.errors import ModelRefused
from streams.market.models.rust_states import MODULE, expect_modest, expect_rust

MOST_NODES = 2_000_000
"""Of the table of one state."""

DEEPEST = 10_000
"""Nested references while a state is taken apart: trees of River are far less deep."""

PACKAGE = "river."
BUILT_IN: dict[str, Any] = {
    f"{each.__module__}:{each.__qualname__}": each
    for each in (
        *(bool, int, float, str, list, dict, tuple, set, Counter, OrderedDict, defaultdict, deque, partial),
        *(random.Random, copy.deepcopy),
    )
}
"""Classes that states may hold or be made by, besides those of River."""

UNSEEDED = random.Random(0)
"""Stands for the generator of an object that was made without a seed: nothing that must be reproduced draws from it."""

LIST, TUPLE, DICT, SET, FROZENSET, INTEGER, NAMED, ARRAY, SCALAR, GENERATOR, LEGACY, METHOD, PLAIN, MADE = range(14)
"""First number of a node: how the object is put together.

A node goes on with the values of its parts. A list of one number is a reference: to a node, or below 0 to a text.
`INTEGER`: digits of one that is too large for a plain number. `NAMED`: a class or a function itself. `ARRAY`, `SCALAR`:
of NumPy, data type and bytes. `GENERATOR`: `random.Random`. `LEGACY`: `numpy.random.RandomState`. `METHOD`: name and
object. `PLAIN`: an object with nothing but attributes: number of its shape, and their values. `MADE`: any other object:
class, `new` or `call`, arguments, state, items, pairs.
"""

SEQUENCES: dict[type, int] = {list: LIST, tuple: TUPLE}
SETS: dict[type, int] = {set: SET, frozenset: FROZENSET}


class _Writer:
    """Takes objects apart, each once.

    Attributes:
        nodes: one for each object, see `LIST`.
        texts: every text that occurs.
        shapes: of objects with nothing but attributes: their class, and the names of the attributes in their order.
    """

    def __init__(self) -> None:
        self.nodes: list[list[Any]] = []
        self._texts: dict[str, int] = {}
        self._shapes: dict[tuple[str, ...], int] = {}
        self._places: dict[int, int] = {}
        self._kept: list[Any] = []

    def written(self, value: Any) -> bytes:
        root = self.value(value)
        return msgpack.encode((root, list(self._texts), list(self._shapes), self.nodes))

    def value(self, value: Any) -> Any:
        kind = type(value)
        if value is None or kind in (bool, float, bytes):
            return value
        if kind is str:
            return [-1 - self._texts.setdefault(value, len(self._texts))]
        if kind is int and -(2**63) <= value < 2**64:
            return value
        place = self._places.get(id(value))
        if place is None:
            if len(self.nodes) >= MOST_NODES:
                raise ModelRefused(f"expected a state of at most {MOST_NODES:,} parts, was larger")
            place = len(self.nodes)
            # Kept alive, or a part that is made on the way would leave its id to another one.
            self._kept.append(value)
            self._places[id(value)] = place
            self.nodes.append([])
            self.nodes[place] = self._node(value, kind)
        return [place]

    def _node(self, value: Any, kind: type) -> list[Any]:
        if kind in SEQUENCES:
            return [SEQUENCES[kind], *map(self.value, value)]
        if kind is dict:
            return [DICT, *(self.value(each) for pair in value.items() for each in pair)]
        if kind in SETS:
            # In the order of their encoded members, as their own depends on the seed of Python's hashes.
            return [SETS[kind], *map(self.value, sorted(value, key=dump))]
        if kind is int:
            return [INTEGER, str(value)]
        if kind is MethodType:
            return [METHOD, value.__func__.__name__, self.value(value.__self__)]
        if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
            return [NAMED, self._name(value)]
        if kind is np.ndarray:
            if value.dtype.hasobject:
                raise ModelRefused("expected arrays of numbers in the state of a model, was one of objects")
            return [ARRAY, value.dtype.str, value.shape, np.ascontiguousarray(value).tobytes()]
        if isinstance(value, np.generic):
            return [SCALAR, value.dtype.str, value.tobytes()]
        if value is UNSEEDED:
            return [GENERATOR]
        if kind is random.Random:
            version, words, gauss = value.getstate()
            return [GENERATOR, version, np.array(words, dtype="<u4").tobytes(), gauss]
        if kind is np.random.RandomState:
            name, words, *rest = value.get_state(legacy=True)
            return [LEGACY, name, words.astype("<u4").tobytes(), *rest]
        return self._object(value)

    def _object(self, value: Any) -> list[Any]:
        reduced = value.__reduce_ex__(4)
        if not isinstance(reduced, tuple):
            raise ModelRefused(f"expected the state of {type(value).__qualname__} to be made of parts, was one name")
        make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        how = "call"
        if getattr(make, "__name__", "") == "__newobj__":
            how, make, arguments = "new", arguments[0], arguments[1:]
        name = self._name(make)
        if isinstance(state, dict) and state.get("seed", 0) is None and type(state.get("_rng")) is random.Random:
            state = state | {"_rng": UNSEEDED}
        is_plain = how == "new" and not arguments and items is None and pairs is None and type(state) is dict
        if is_plain and not hasattr(value, "__setstate__") and all(type(each) is str for each in state):
            shape = self._shapes.setdefault((name, *state), len(self._shapes))
            return [PLAIN, shape, *map(self.value, state.values())]
        parts = (state, None if items is None else list(items), None if pairs is None else dict(pairs))
        return [MADE, name, how, [self.value(each) for each in arguments], *map(self.value, parts)]

    def _name(self, value: Any) -> str:
        name = f"{value.__module__}:{value.__qualname__}"
        if _named(name) is not value:
            raise ModelRefused(f"expected parts of River, of collections or of NumPy in a state, was {name}")
        return name


def _named(name: str) -> Any:
    """Class or function of that name, if states may hold it; else None. Only what is imported already is found."""
    if (found := BUILT_IN.get(name)) is not None:
        return found
    module_name, _, path = name.partition(":")
    module = sys.modules.get(module_name)
    if not module_name.startswith(PACKAGE) or module is None or "<" in path:
        return None
    found = module
    for part in path.split("."):
        found = getattr(found, part, None)
    is_own = getattr(found, "__module__", "") == module_name and getattr(found, "__qualname__", "") == path
    return found if is_own else None


class _Reader:
    """Puts objects together again, each once.

    Args:
        texts, shapes, nodes: as the writer made them.
        declared: as `load` takes it.
    """

    def __init__(
        self, texts: list[str], shapes: list[list[str]], nodes: list[list[Any]], declared: Collection[int] | None
    ) -> None:
        self._declared = declared
        self._texts = texts
        self._shapes = [(_class(name), names) for name, *names in shapes]
        self._nodes = nodes
        self._made: dict[int, Any] = {}
        self._open: set[int] = set()

    def value(self, value: Any) -> Any:
        if type(value) is not list:
            return value
        (place,) = value
        if place < 0:
            return self._texts[-1 - place]
        if place in self._made:
            return self._made[place]
        if place in self._open:
            raise ModelRefused("expected the parts that an object is made of to come before it, was a circle")
        self._open.add(place)
        how, *parts = self._nodes[place]
        made = self._whole(place, how, parts) if how in (LIST, DICT, PLAIN, MADE) else self._simple(how, parts)
        self._made[place] = made
        self._open.discard(place)
        return made

    def _whole(self, place: int, how: int, parts: list[Any]) -> Any:
        """An object that may hold itself: it is known before its parts are."""
        made: Any
        if how == LIST:
            self._made[place] = made = []
            made.extend(map(self.value, parts))
        elif how == DICT:
            self._made[place] = made = {}
            for key, value in zip(parts[::2], parts[1::2], strict=True):
                made[self.value(key)] = self.value(value)
        elif how == PLAIN:
            kind, names = self._shapes[parts[0]]
            self._made[place] = made = kind.__new__(kind)
            attributes = {name: self.value(part) for name, part in zip(names, parts[1:], strict=True)}
            if self._declared is not None:
                expect_modest(kind, attributes, self._declared)
            vars(made).update(attributes)
        else:
            name, by, arguments, state, items, pairs = parts
            kind = _class(name)
            values = [self.value(each) for each in arguments]
            if name.startswith(MODULE):
                expect_rust(name, values, self.value(state), kind)
            elif by != "new" and name not in BUILT_IN:
                raise ModelRefused(f"expected an object of {name:.80} by its attributes, was a call")
            self._made[place] = made = kind.__new__(kind, *values) if by == "new" else kind(*values)
            for each in self.value(items) or ():
                made.append(each)
            for key, value in (self.value(pairs) or {}).items():
                made[key] = value
            remembered = self.value(state)
            if self._declared is not None and isinstance(remembered, dict):
                expect_modest(kind, remembered, self._declared)
            _set_state(made, remembered)
            if self._declared is not None and kind is partial and made.func.__module__.startswith(PACKAGE):
                expect_modest(
                    made.func, signature(made.func).bind_partial(*made.args, **made.keywords).arguments, self._declared
                )
        return made

    def _simple(self, how: int, parts: list[Any]) -> Any:
        if how in (TUPLE, SET, FROZENSET):
            return {TUPLE: tuple, SET: set, FROZENSET: frozenset}[how](map(self.value, parts))
        if how == INTEGER:
            return int(parts[0])
        if how == NAMED:
            named = _allowed(parts[0])
            if isinstance(named, type) and parts[0].startswith(MODULE):
                raise ModelRefused(f"expected parts of River whose states can be checked, was the class {parts[0]:.80}")
            return named
        if how == ARRAY:
            data_type, shape, data = parts
            return np.frombuffer(data, dtype=_data_type(data_type)).reshape(shape).copy()
        if how == SCALAR:
            return np.frombuffer(parts[1], dtype=_data_type(parts[0]))[0]
        if how == METHOD:
            return getattr(self.value(parts[1]), parts[0])
        if how == GENERATOR:
            generator = random.Random(0)
            if parts:
                version, words, gauss = parts
                generator.setstate((version, tuple(np.frombuffer(words, dtype="<u4").tolist()), gauss))
            return generator
        if how == LEGACY:
            name, words, *rest = parts
            legacy = np.random.RandomState(0)
            legacy.set_state((name, np.frombuffer(words, dtype="<u4"), *rest))
            return legacy
        raise ModelRefused(f"expected a part of a known kind, was {how!r:.80}")


def _allowed(name: str) -> Any:
    found = _named(name)
    if found is None:
        raise ModelRefused(f"expected parts of River, of collections or of NumPy, was {name!r:.80}")
    return found


def _class(name: str) -> Any:
    found = _allowed(name)
    if not isinstance(found, type) or name.startswith(("river.datasets", "river.stream", "river.api")):
        raise ModelRefused(f"expected a class of River, of collections or of NumPy, was {name!r:.80}")
    return found


def _set_state(made: Any, state: Any) -> None:
    if state is None:
        return
    if hasattr(made, "__setstate__"):
        made.__setstate__(state)
        return
    own, slots = state if isinstance(state, tuple) else (state, None)
    if own:
        vars(made).update(own)
    for name, value in (slots or {}).items():
        object.__setattr__(made, name, value)


def _data_type(name: str) -> np.dtype[Any]:
    found = np.dtype(name)
    if found.hasobject:
        raise ModelRefused("expected arrays of numbers, was one of objects")
    return found


class _Deep:
    """Allows deeply nested objects within a `with` block."""

    def __enter__(self) -> None:
        self._before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(self._before, DEEPEST))

    def __exit__(self, *error: object) -> None:
        sys.setrecursionlimit(self._before)


def dump(value: Any) -> bytes:
    """Return the state of an object as bytes; equal states give equal bytes.

    >>> from river.linear_model import LogisticRegression
    >>> model = LogisticRegression()
    >>> model.learn_one({"a": 1.0}, True)
    >>> again = load(dump(model))
    >>> again.predict_proba_one({"a": 2.0}) == model.predict_proba_one({"a": 2.0}), dump(again) == dump(model)
    (True, True)

    Raises:
        ModelRefused: a part of the object is of a class that could not be put together again.
    """
    try:
        with _Deep():
            return _Writer().written(value)
    except (ModelRefused, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # parts in Rust and in C raise what they like, and a circle has no end
        raise ModelRefused(
            f"expected a state that can be taken apart: {type(error).__name__}: {error!s:.200}"
        ) from error


def whole_numbers(state: bytes) -> frozenset[int]:
    """All whole numbers in a state that `dump` returned.

    >>> sorted(whole_numbers(dump([3, 2.5, 70])))[-2:]
    [3, 70]
    """
    found: set[int] = set()
    waiting: list[Any] = [msgpack.decode(state)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, int):
            found.add(part)
    return frozenset(found)


def load(state: bytes, declared: Collection[int] | None = None) -> Any:
    """Return a new object with the state that `dump` stored in the bytes `state`.

    Args:
        state: the bytes.
        declared: whole numbers that stand in the declaration of the model; its objects may have them as parameters
            however large they are. Other parameters are bounded, so that no state fills the memory. None: nothing is
            bounded, for states that were stored in this process.

    Raises:
        ModelRefused: the bytes are no such state, or name a class that is not allowed.
    """
    try:
        with _Deep():
            root, texts, shapes, nodes = msgpack.decode(
                state, type=tuple[Any, list[str], list[list[str]], list[list[Any]]]
            )
            return _Reader(texts, shapes, nodes, declared).value(root)
    except (ModelRefused, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a part in Rust panics, which is no Exception
        raise ModelRefused(f"expected the state of a model, was something else: {error!s:.200}") from error
