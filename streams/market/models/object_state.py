"""State of a Python object as bytes that are the same for the same state, and never a pickle.

An object is taken apart as `copy` and `pickle` would take it apart (`__reduce_ex__`), into a table of plain values. It
is put together again only of classes on an allow list: those of River, of `collections`, `random.Random` and NumPy's
arrays. Nothing is imported and no function is called because bytes say so, so states may come from a topic.

What two parts of a state share, they share again; dictionaries keep their order; sets are stored in the order of their
encoded members, so that the seed of Python's hashes is in no byte.
"""

import copy
import random
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import MethodType
from typing import Any

import numpy as np
from msgspec import MsgspecError, Struct, msgpack

from schemas.errors import ModelRefused

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

Scalar = None | bool | int | float | str | bytes


class Node(Struct, array_like=True, frozen=True):
    """One object of a state.

    Attributes:
        kind: how it is put together: `list`, `tuple`, `dict`, `set`, `frozenset`, `int` (one too large for a plain
            number), `name` (a class or a function itself), `array`, `scalar` (of NumPy), `random`, `object`.
        of: name of its class, `module:qualified.name`, or data type of an array.
        parts: values in it; a list of one number is a reference to a node.
        extra: of an object: its state, list items and dict items.
    """

    kind: str
    of: str = ""
    parts: tuple[Any, ...] = ()
    extra: tuple[Any, ...] = ()


class _Writer:
    """Takes objects apart, each once."""

    def __init__(self) -> None:
        self.nodes: list[Node | None] = []
        self._places: dict[int, int] = {}
        self._kept: list[Any] = []

    def value(self, value: Any) -> Any:
        kind = type(value)
        if value is None or kind in (bool, float, str, bytes):
            return value
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
            self.nodes.append(None)
            self.nodes[place] = self._node(value)
        return [place]

    def _node(self, value: Any) -> Node:
        kind = type(value)
        if kind is list or kind is tuple:
            return Node(kind.__name__, "", tuple([self.value(each) for each in value]))
        if kind is dict:
            return Node("dict", "", tuple(self._items(value.items())))
        if kind is set or kind is frozenset:
            return Node(kind.__name__, "", tuple(self._sorted(value)))
        if kind is int:
            return Node("int", "", (str(value),))
        if kind is MethodType:
            return Node("method", value.__func__.__name__, (self.value(value.__self__),))
        if isinstance(value, type) or callable(value) and hasattr(value, "__qualname__"):
            return Node("name", self._name(value))
        if kind is np.ndarray:
            if value.dtype.hasobject:
                raise ModelRefused("expected arrays of numbers in the state of a model, was one of objects")
            flat = np.ascontiguousarray(value)
            return Node("array", value.dtype.str, (tuple(value.shape), flat.tobytes()))
        if isinstance(value, np.generic):
            return Node("scalar", value.dtype.str, (value.tobytes(),))
        if value is UNSEEDED:
            return Node("random")
        if kind is random.Random:
            version, words, gauss = value.getstate()
            return Node("random", "", (version, np.array(words, dtype="<u4").tobytes(), gauss))
        if kind is np.random.RandomState:
            name, words, *rest = value.get_state(legacy=True)
            return Node("random_state", name, (words.astype("<u4").tobytes(), *rest))
        return self._object(value)

    def _object(self, value: Any) -> Node:
        reduced = value.__reduce_ex__(4)
        if not isinstance(reduced, tuple):
            raise ModelRefused(f"expected the state of {type(value).__qualname__} to be made of parts, was one name")
        make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        if getattr(make, "__name__", "") == "__newobj__":
            made_by, arguments = arguments[0], arguments[1:]
            how = "new"
        else:
            made_by, how = make, "call"
        if isinstance(state, dict) and state.get("seed", 0) is None and type(state.get("_rng")) is random.Random:
            state = state | {"_rng": UNSEEDED}
        return Node(
            "object",
            self._name(made_by),
            (how, *[self.value(each) for each in arguments]),
            (
                self.value(state),
                self.value(None if items is None else list(items)),
                self.value(None if pairs is None else dict(pairs)),
            ),
        )

    def _items(self, items: Iterable[tuple[Any, Any]]) -> Iterator[Any]:
        for key, value in items:
            yield self.value(key)
            yield self.value(value)

    def _sorted(self, members: Iterable[Any]) -> list[Any]:
        encoded = [(dump(each), each) for each in members]
        return [self.value(each) for _, each in sorted(encoded, key=lambda pair: pair[0])]

    def _name(self, value: Any) -> str:
        name = f"{value.__module__}:{value.__qualname__}"
        if _named(name) is not value:
            raise ModelRefused(f"expected parts of River, of collections or of NumPy in the state of a model, was {name}")
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


def dump(value: Any) -> bytes:
    """State of an object as bytes.

    >>> from river.linear_model import LogisticRegression
    >>> model = LogisticRegression()
    >>> model.learn_one({"a": 1.0}, True)
    >>> again = load(dump(model))
    >>> again.predict_proba_one({"a": 2.0}) == model.predict_proba_one({"a": 2.0}), dump(again) == dump(model)
    (True, True)

    Raises:
        ModelRefused: it holds something that could not be put together again.
    """
    writer = _Writer()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, DEEPEST))
    try:
        root = writer.value(value)
    finally:
        sys.setrecursionlimit(limit)
    return msgpack.encode((root, writer.nodes))


class _Reader:
    """Puts objects together again, each once.

    Args:
        nodes: table of the state.
    """

    def __init__(self, nodes: list[Node]) -> None:
        self._nodes = nodes
        self._made: dict[int, Any] = {}
        self._open: set[int] = set()

    def value(self, value: Any) -> Any:
        if type(value) is not list:
            return value
        (place,) = value
        if place in self._made:
            return self._made[place]
        if place in self._open:
            raise ModelRefused("expected the parts that an object is made of to come before it, was a circle")
        self._open.add(place)
        made = self._make(place, self._nodes[place])
        self._open.discard(place)
        return made

    def _make(self, place: int, node: Node) -> Any:
        kind, parts = node.kind, node.parts
        if kind == "list":
            made: Any = []
            self._made[place] = made
            made.extend(map(self.value, parts))
            return made
        if kind == "dict":
            made = {}
            self._made[place] = made
            for key, value in zip(parts[::2], parts[1::2], strict=True):
                made[self.value(key)] = self.value(value)
            return made
        if kind == "object":
            return self._object(place, node)
        self._made[place] = made = self._plain(node)
        return made

    def _plain(self, node: Node) -> Any:
        kind, parts = node.kind, node.parts
        if kind in ("tuple", "set", "frozenset"):
            return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](map(self.value, parts))
        if kind == "int":
            return int(parts[0])
        if kind == "name":
            found = _named(node.of)
            if found is None:
                raise ModelRefused(f"expected parts of River, of collections or of NumPy, was {node.of!r:.80}")
            return found
        if kind == "array":
            shape, data = parts
            return np.frombuffer(data, dtype=_data_type(node.of)).reshape(shape).copy()
        if kind == "scalar":
            return np.frombuffer(parts[0], dtype=_data_type(node.of))[0]
        if kind == "method":
            return getattr(self.value(parts[0]), node.of)
        if kind == "random_state":
            made = np.random.RandomState()
            words, *rest = parts
            made.set_state((node.of, np.frombuffer(words, dtype="<u4"), *rest))
            return made
        if kind == "random":
            made = random.Random()
            if not parts:
                return made
            version, words, gauss = parts
            made.setstate((version, tuple(np.frombuffer(words, dtype="<u4").tolist()), gauss))
            return made
        raise ModelRefused(f"expected a part of a known kind, was {kind!r:.80}")

    def _object(self, place: int, node: Node) -> Any:
        maker = _named(node.of)
        how, *arguments = node.parts
        state, items, pairs = node.extra
        if maker is None or not (how == "call" or how == "new" and isinstance(maker, type)):
            raise ModelRefused(f"expected an object of River, of collections or of NumPy, was {node.of!r:.80}")
        values = [self.value(each) for each in arguments]
        made = maker.__new__(maker, *values) if how == "new" else maker(*values)
        self._made[place] = made
        for each in self.value(items) or ():
            made.append(each)
        for key, value in (self.value(pairs) or {}).items():
            made[key] = value
        _set_state(made, self.value(state))
        return made


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


def load(state: bytes) -> Any:
    """Object from its bytes, as `dump` wrote them.

    Raises:
        ModelRefused: they are not the state of an object of the classes that states may hold.
    """
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, DEEPEST))
    try:
        root, nodes = msgpack.decode(state, type=tuple[Any, list[Node]])
        return _Reader(nodes).value(root)
    except ModelRefused:
        raise
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a part in Rust panics, which is no Exception
        raise ModelRefused(f"expected the state of a model, was something else: {error!s:.200}") from error
    finally:
        sys.setrecursionlimit(limit)
