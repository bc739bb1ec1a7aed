"""Numbers, intervals and times as text for people."""

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
"""Words for each status of a model version; docs/glossary.md explains them."""


def stands(status: str) -> str:
    """Status of a model version in words for people.

    >>> stands("champion"), stands("rolled_back")
    ('live', 'rolled back')
    """
    return STANDS.get(status, status.replace("_", " "))


def number(value: float | None, form: str = "+.2f", unit: str = "") -> str:
    """A number as text with its unit; "-" if it is None or not finite.

    Args:
        value: the number.
        form: format of the number, as in `format`.
        unit: appended after a space; empty for none.

    >>> number(3.14159, unit="bps"), number(None), number(0.25, form=".1%")
    ('+3.14 bps', '-', '25.0%')
    """
    if value is None or not isfinite(value):
        return NONE
    return f"{value:{form}} {unit}".rstrip()


def between(low: float | None, high: float | None, form: str = "+.2f") -> str:
    """An interval as text; "-" if either end is None.

    Args:
        low, high: ends of the interval.
        form: format of both ends, as in `format`.

    >>> between(-0.5, 1.25)
    '-0.50 to +1.25'
    """
    return NONE if low is None or high is None else f"{low:{form}} to {high:{form}}"


def part(found: Proportion | None) -> tuple[str, str, str]:
    """Value, interval and sample size of a proportion, each as text; "-", "-" and "0" for None."""
    if found is None:
        return NONE, NONE, "0"
    return number(found.value, ".1%"), between(found.low, found.high, ".1%"), f"{found.count:,.0f}"


def moment(ts_ns: int) -> str:
    """A time in ns since 1970 as UTC text, without fractions of a second.

    >>> moment(1_723_161_255_088_169_167)
    '2024-08-08 23:54:15'
    """
    return f"{datetime.fromtimestamp(ts_ns // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def lasting(span_ns: int) -> str:
    """A length of time in ns as text, in the unit that suits it.

    >>> [lasting(seconds * 10**9) for seconds in (5, 344, 5_400, 40 * 86_400)]
    ['5 s', '5.73 min', '1.5 h', '40 d']
    """
    seconds = span_ns / 1e9
    for unit, size, least in (("d", 86_400, 2 * 86_400), ("h", 3_600, 3_600), ("min", 60, 120)):
        if seconds >= least:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
