"""Turns tables of a configuration file into structs; an error names the field, its value and the likely correction."""

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher, get_close_matches
from math import isfinite
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Struct, ValidationError, convert

from schemas.errors import ConfigurationError, UnknownName

Kind = TypeVar("Kind")

ALIKE = 0.6
"""Similarity (0 to 1) from which on an unknown name counts as a misspelt known one."""

APART = 0.1
"""Largest difference of similarity to the best match among suggested names."""

MOST_NEAR = 3
"""Most names that are suggested for an unknown one."""

BOUNDS = "docs/configuration.md has the bounds of each"

_AT = re.compile(r"^(?P<said>.*?)(?: - at (?:`key` in )?`\$(?P<path>.*)`)?$", re.DOTALL)


def configured(table: Any, kind: type[Kind], where: str) -> Kind:
    """The struct of type `kind` that a table of a configuration file describes.

    Args:
        table: table as parsed from TOML.
        kind: type of the struct, which must forbid unknown fields.
        where: name of the table in errors, for example `market.costs`.

    >>> from streams.market.costs import CostParameters
    >>> configured({"fee_bps": 2}, CostParameters, "market.costs").fee_bps
    2.0
    >>> configured({"fee_bsp": 2}, CostParameters, "market.costs")
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: [market.costs]: expected fields among enabled, fee_bps, slippage_bps, own, was \
also fee_bsp; fix: fee_bps
    >>> configured({"fee_bps": -2}, CostParameters, "market.costs")
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: [market.costs] fee_bps: Expected `float` >= 0.0, was -2; fix: \
docs/configuration.md has the bounds of each

    Raises:
        ConfigurationError: a field is unknown or its value not allowed; the error suggests a correction.
    """
    try:
        return convert(table, kind)
    except ValidationError as error:
        raise ConfigurationError(
            unknown_field(table, kind, where) or _refusal(table, kind, where, str(error))
        ) from error


def unknown_field(table: Any, kind: Any, where: str) -> str:
    """Error sentence for the first unknown field of a table, at any depth; empty if there is none.

    A field is unknown if the struct that the table is to be converted to does not have it.

    Args:
        table: as parsed from TOML; anything but a table has no unknown fields.
        kind: type that the table is to be converted to: a struct, a union of tagged structs, or a
            dictionary whose values are of such a type. The type must not be wrapped in `Annotated`.
        where: name of the table in the sentence, for example `market.costs`.
    """
    if not isinstance(table, Mapping):
        return ""
    if get_origin(kind) in (Union, UnionType):
        tags = {each.__struct_config__.tag: each for each in get_args(kind) if _is_struct(each)}
        tag_field = next((each.__struct_config__.tag_field for each in tags.values()), None)
        if tag_field is None:
            return ""
        tag = table.get(tag_field)
        if tag not in tags:
            known, meant = ", ".join(map(str, tags)), nearest(str(tag), map(str, tags)) or "one of them"
            was = "absent" if tag is None else _shown(tag)
            return f"[{where}] {tag_field}: expected one of {known}, was {was}; fix: {meant}"
        kind = tags[tag]
    if not _is_struct(kind):
        (values,) = get_args(kind)[1:] or (None,)
        found = (unknown_field(value, values, f"{where}.{name}") for name, value in table.items())
        return next(filter(None, found), "")
    hints = _fields(kind)
    for name, value in table.items():
        if name not in hints and name != kind.__struct_config__.tag_field:
            return (
                f"[{where}]: expected fields among {', '.join(hints)}, was also {name!s:.80}; "
                f"fix: {nearest(str(name), hints) or 'take it out'}"
            )
        if said := unknown_field(value, hints.get(name), f"{where}.{name}"):
            return said
    return ""


def nearest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The best correction of a misspelt name: the most similar known name, else a known name that begins with it.

    Args:
        name: name that is not known.
        known: names to choose from.
        otherwise: returned if there is no such known name.

    >>> nearest("imbalnce", ["flat", "imbalance"]), nearest("zzz", ["flat"], "take it out")
    ('imbalance', 'take it out')
    """
    return next(iter(near(name, known)), otherwise)


def near(name: str, known: Iterable[str], most: int = MOST_NEAR) -> list[str]:
    """At most `most` known names that a misspelt name may stand for, the most similar one first.

    Upper and lower case count as equal. If no known name is similar, those that begin with `name` are returned,
    provided that `name` has at least 3 characters.

    >>> near("BTCUSD", ["ETHUSDT", "BTCUSDT", "BTCUSDC"]), near("zzz", ["flat"])
    (['BTCUSDT', 'BTCUSDC'], [])
    >>> near("imb", ["flat", "imbalance_sign", "imbalance_of_many_levels"])
    ['imbalance_sign', 'imbalance_of_many_levels']
    """
    by_lower = {each.lower(): each for each in known}
    lower = name.lower()
    begun = [each for each in by_lower if len(lower) > 2 and each.startswith(lower)]
    found = get_close_matches(lower, by_lower, n=most, cutoff=ALIKE)
    alike = [SequenceMatcher(None, each, lower).ratio() for each in found]
    found = [each for each, ratio in zip(found, alike, strict=True) if ratio > alike[0] - APART]
    return [by_lower[each] for each in found or begun[:most]]


def expect_known(names: Iterable[str], known: Iterable[str], where: str, what: str) -> None:
    """Raise an error at the first name that is not a known one.

    Args:
        names: names that a configuration uses.
        known: names that exist.
        where: table of the configuration that uses them, for the error.
        what: what the names stand for, in the plural, for the error.

    >>> expect_known(["kelly", "kely"], ["kelly", "regime_cap"], "market.sizing", "rules")
    Traceback (most recent call last):
    ...
    schemas.errors.UnknownName: [market.sizing]: expected rules among kelly, regime_cap, was kely; fix: kelly

    Raises:
        UnknownName: a name is unknown; the message says the first such name and the most similar known name.
    """
    known = list(known)
    for name in names:
        if name not in known:
            raise UnknownName(
                f"[{where}]: expected {what} among {', '.join(known) or 'none at all'}, was {name:.80}; fix: "
                f"{nearest(name, known) or 'take it out, or name the module that registers it in [plugins] modules'}"
            )


def _refusal(table: Any, kind: Any, where: str, error: str) -> str:
    match = _AT.match(error)
    assert match is not None
    said, path = match["said"], [each for each in (match["path"] or "").split(".") if each]
    if not path or any("[" in each for each in path):
        at = f" at {'.'.join(path)}" if path else ""
        return f"[{where}]: {said}{at}{'' if at else f', was {_shown(table)}'}; fix: {BOUNDS}"
    value: Any = table
    for name in path:
        kind = _fields(kind).get(name) if _is_struct(kind) else None
        value = value.get(name) if isinstance(value, Mapping) else None
    *tables, name = path
    choices = [str(each) for each in get_args(kind)] if get_origin(kind) is Literal else []
    if choices and isinstance(value, str):
        meant = nearest(value, choices) or "one of them"
        said = f"expected one of {', '.join(filter(None, choices))}"
    else:
        meant = BOUNDS
    return f"[{'.'.join([where, *tables])}] {name}: {said}, was {_shown(value)}; fix: {meant}"


def _shown(value: Any) -> str:
    return f"{value!r:.80}"


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _fields(kind: Any) -> dict[str, Any]:
    """Types of the fields of a struct, without their bounds."""
    return {
        name: bare(each) for name, each in get_type_hints(kind, include_extras=True).items() if name in _names(kind)
    }


def _names(kind: Any) -> tuple[str, ...]:
    names: tuple[str, ...] = kind.__struct_fields__
    return names


def bare(kind: Any) -> Any:
    """The type inside `Annotated[...]`, without the bounds; any other type is returned as it is."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def expect_numbers(table: Any, where: str = "") -> None:
    """Raise an error at the first `nan` or `inf` in a table, at any depth. (TOML allows both.)

    Args:
        table: as parsed from TOML, or a single value, which is checked in the same way.
        where: path of the table in the whole configuration, which the error puts before the path of the
            wrong value within the table; empty if the table is the whole configuration.

    >>> expect_numbers({"market": {"strategies": {"own": {"fade": {"slope": float("nan")}}}}})
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: market.strategies.own.fade.slope: expected a finite number, was nan

    Raises:
        ConfigurationError: a number is `nan` or `inf`; the message says its path.
    """
    if isinstance(table, float) and not isfinite(table):
        raise ConfigurationError(f"{where}: expected a finite number, was {table}")
    if isinstance(table, Mapping):
        for name, value in table.items():
            expect_numbers(value, f"{where}.{name}" if where else str(name))
    elif isinstance(table, list | tuple):
        for at, value in enumerate(table):
            expect_numbers(value, f"{where}[{at}]")


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """A new table with the fields of both; a field of `above` replaces that of `below`, but sub-tables are merged.

    >>> merged({"a": 1, "sub": {"b": 2, "c": 3}}, {"sub": {"b": 4}})
    {'a': 1, 'sub': {'b': 4, 'c': 3}}
    """
    whole = dict(below)
    for name, value in above.items():
        under = whole.get(name)
        whole[name] = merged(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return whole
