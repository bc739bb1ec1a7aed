"""Numbers and times in the words of the pages."""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite

from streams.scoring.wilson import Proportion

NONE = "-"

STANDS: Mapping[str, str] = {
    "candidate": "a candidate",
    "shadow": "in shadow",
    "champion": "live",
    "frozen": "kept, runs no more",
    "rejected": "rejected",
    "rolled_back": "rolled back",
    "stopped": "stopped",
}
"""Where a version stands, by the status of its record; docs/glossary.md says more."""


def stands(status: str) -> str:
    """Where a version stands, for people.

    >>> stands("champion"), stands("rolled_back")
    ('live', 'rolled back')
    """
    return STANDS.get(status, status.replace("_", " "))


def number(value: float | None, form: str = "+.2f", unit: str = "") -> str:
    """A number with its unit, a dash for none.

    >>> number(3.14159, unit="bps"), number(None), number(0.25, ".1%")
    ('+3.14 bps', '-', '25.0%')
    """
    if value is None or not isfinite(value):
        return NONE
    return f"{value:{form}} {unit}".rstrip()


def between(low: float | None, high: float | None, form: str = "+.2f") -> str:
    """An interval, a dash for none.

    >>> between(-0.5, 1.25)
    '-0.50 to +1.25'
    """
    return NONE if low is None or high is None else f"{low:{form}} to {high:{form}}"


def part(found: Proportion | None) -> tuple[str, str, str]:
    """Value, interval and size of a proportion."""
    if found is None:
        return NONE, NONE, "0"
    return number(found.value, ".1%"), between(found.low, found.high, ".1%"), f"{found.count:,.0f}"


def moment(ts_ns: int) -> str:
    """An event time in UTC.

    >>> moment(1_723_161_255_088_169_167)
    '2024-08-08 23:54:15'
    """
    return f"{datetime.fromtimestamp(ts_ns // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def lasting(span_ns: int) -> str:
    """A span in the unit that people would say it in.

    >>> [lasting(seconds * 10**9) for seconds in (5, 344, 5_400, 40 * 86_400)]
    ['5 s', '5.73 min', '1.5 h', '40 d']
    """
    seconds = span_ns / 1e9
    for unit, size, least in (("d", 86_400, 2 * 86_400), ("h", 3_600, 3_600), ("min", 60, 120)):
        if seconds >= least:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
