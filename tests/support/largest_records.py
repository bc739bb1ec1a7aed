"""Makes the largest record that the bounds of its fields allow, in bytes on the wire."""

from typing import Annotated, Any

import msgspec
from msgspec import inspect

from streams.market.arm_parameters import LARGEST

OVERRIDES = {"model": {f"field-{number}": "x" * 985 for number in range(LARGEST // 1_000)}}
"""Overrides of as many bytes as an arm may have: what a command says is held against that before anything follows."""

COSTLY = ("\x01", '"', "a", "0")
"""Characters by their size in JSON: six bytes, two, one; some patterns allow the later ones only."""

TICK_ID = "ticks:999999:" + "9" * 18 + ":999999999" * 8

NUMBERS = (-1.2345678901234567e-99, 1.2345678901234567e-99, 1.2345678901234567, 123456.78901234567)
"""Numbers with up to 24 characters; the first that is within the bounds is used."""

CHOICES = (inspect.StructType, inspect.StrType, inspect.IntType, inspect.FloatType, inspect.DictType, inspect.BoolType)


class Unbounded(Exception):
    """A field has no upper bound, so there is no largest record."""


def largest(kind: type[msgspec.Struct]) -> Any:
    """Make the largest record of a type.

    Raises:
        Unbounded: a field has no upper bound.
    """
    return msgspec.convert(_largest(inspect.type_info(kind), kind.__name__), kind)


def size(value: Any) -> int:
    """Length of the encoded record, bytes."""
    return len(msgspec.json.encode(value))


def _largest(info: Any, place: str, number: int = 0) -> Any:
    if isinstance(info, inspect.Metadata):
        return _largest(info.type, place, number)
    if isinstance(info, inspect.StructType):
        fields = {
            each.name: OVERRIDES if each.name == "overrides" else _largest(each.type, f"{place}.{each.name}")
            for each in info.fields
        }
        return fields if info.tag_field is None else {info.tag_field: info.tag, **fields}
    if isinstance(info, inspect.UnionType):
        return max((_largest(each, place, number) for each in info.types if isinstance(each, CHOICES)), key=size)
    if isinstance(info, inspect.StrType):
        return _text(info, place, number)
    if isinstance(info, inspect.IntType):
        if info.ge is None or info.le is None:
            raise Unbounded(place)
        return max((info.ge, info.le), key=size)
    if isinstance(info, inspect.FloatType):
        return next(each for each in NUMBERS if _fits(each, Annotated[float, msgspec.Meta(ge=info.ge, le=info.le)]))
    if isinstance(info, inspect.BytesType):
        return "A" * (-(-_most(info, place) // 3) * 4)
    if isinstance(info, inspect.BoolType):
        return False
    if isinstance(info, inspect.LiteralType):
        return max(info.values, key=size)
    if isinstance(info, inspect.DictType):
        keys = [_largest(info.key_type, place, each) for each in range(_most(info, place))]
        return dict.fromkeys(keys, _largest(info.value_type, place))
    if isinstance(info, inspect.VarTupleType | inspect.ListType):
        return [_largest(info.item_type, place)] * _most(info, place)
    raise TypeError(f"{place}: {info}")


def _most(info: Any, place: str) -> int:
    if info.max_length is None:
        raise Unbounded(place)
    most: int = info.max_length
    return most


def _text(info: inspect.StrType, place: str, number: int) -> str:
    most = _most(info, place)
    kind = Annotated[str, msgspec.Meta(max_length=most, pattern=info.pattern)]
    candidates = [TICK_ID, *(f"{number:04}{each * (most - 4)}" if most > 4 else each * most for each in COSTLY)]
    return max((each for each in candidates if _fits(each, kind)), key=size)


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
