"""Reads from an ONNX file what onnxruntime does not tell: operators, whether all numbers are in it, and metadata."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from schemas.errors import ModelRefused

RANDOM = frozenset(
    ("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike")
)
"""Operators that answer the same question with another number each time."""

DEEPEST = 24
"""Graphs within graphs: branches and loops hold some."""

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
"""Kinds of fields of a protocol buffer."""

_WITHIN: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 14: "entry", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
    "entry": {},
}
"""Messages that each message of onnx.proto holds, by number of their field; others are passed over."""

OPERATOR, EXTERNAL, LOCATION = 4, 13, 14
"""Numbers of fields: a node's operator; entries about numbers of a tensor that are kept elsewhere, and where."""


class OnnxContents(NamedTuple):
    """Properties of an ONNX file.

    Attributes:
        operators: names of the operators that its graphs use.
        is_whole: whether all numbers of the model are in this file, none in another one.
        metadata: texts that the exporting tool wrote into the file, by name.
    """

    operators: frozenset[str]
    is_whole: bool
    metadata: Mapping[str, str]


def contents(file: bytes) -> OnnxContents:
    r"""Read an ONNX file, without onnxruntime.

    >>> contents(b"\x3a\x06\x0a\x04\x22\x02Or").operators
    frozenset({'Or'})

    Raises:
        ModelRefused: the bytes are no ONNX file.
    """
    operators: set[str] = set()
    metadata: dict[str, str] = {}
    is_whole = True
    waiting = [("model", file, 0)]
    graphs = 0
    try:
        while waiting:
            kind, message, depth = waiting.pop()
            graphs += kind == "graph"
            within = _WITHIN[kind]
            if depth > 3 * DEEPEST:
                raise ModelRefused(f"onnx: expected at most {DEEPEST} graphs within each other, was more")
            texts = {}
            for number, value in _fields(message):
                if type(value) is bytes:
                    if number in within:
                        waiting.append((within[number], value, depth + 1))
                    elif kind == "node" and number == OPERATOR:
                        operators.add(value.decode())
                    elif kind == "entry":
                        texts[number] = value.decode()
                if kind == "tensor" and (number == EXTERNAL or (number == LOCATION and value)):
                    is_whole = False
            if kind == "entry":
                metadata[texts.get(1, "")] = texts.get(2, "")
    except (ValueError, IndexError) as error:
        raise ModelRefused("expected an ONNX file, was something else") from error
    if not graphs:
        raise ModelRefused("expected an ONNX file, was something else")
    return OnnxContents(frozenset(operators), is_whole, metadata)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a message; numbers of four or eight bytes are passed over."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, value
        elif kind == BYTES:
            length, at = _varint(message, at)
            if at + length > end:
                raise ValueError("a field that is longer than its message")
            yield number, message[at : at + length]
            at += length
        elif kind in (EIGHT, FOUR):
            at += 8 if kind == EIGHT else 4
        else:
            raise ValueError("a field of no known kind")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
