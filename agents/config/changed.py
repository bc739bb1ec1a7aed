"""Describes the differences between two nested tables of parameters, field by field."""

from collections.abc import Iterator, Mapping
from typing import Any

MOST_NAMED = 5
LONGEST_VALUE = 60


def changes(before: Mapping[str, Any], now: Mapping[str, Any], most: int = MOST_NAMED) -> str:
    """Return in words which fields of two nested tables differ, with both values; empty if none differs.

    Numbers of equal value, such as 1 and 1.0, do not differ.

    Args:
        before: earlier values.
        now: present values.
        most: number of differing fields that are listed; if there are more, only their number is added.

    >>> changes({"market": {"costs": {"fee_bps": 0.5}, "warmup_ticks": 9}}, {"market": {"costs": {"fee_bps": 2.0}}})
    'market.costs.fee_bps (was 0.5, is 2.0), market.warmup_ticks (was 9, is not there)'
    >>> changes({"a": 1}, {"a": 1.0})
    ''
    """
    fields, others = dict(_flat(before)), dict(_flat(now))
    names = [
        name for name in dict.fromkeys([*fields, *others]) if fields.get(name, _ABSENT) != others.get(name, _ABSENT)
    ]
    told = [f"{name} (was {_shown(fields, name)}, is {_shown(others, name)})" for name in names[:most]]
    return ", ".join(told) + (f" and {len(names) - most} more" if len(names) > most else "")


_ABSENT = object()


def _flat(table: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        path = f"{under}.{name}" if under else str(name)
        if isinstance(value, Mapping) and value:
            yield from _flat(value, path)
        else:
            yield path, list(value) if isinstance(value, tuple) else value


def _shown(fields: Mapping[str, Any], name: str) -> str:
    if name not in fields:
        return "not there"
    text = str(fields[name])
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 4]} ..."
