"""Reads times as files write them, and turns them into ns since 1970 (UTC), exact to the nanosecond.

A time is a text, a number of units since some epoch, or a date and time of day written as one number. The first cells
of a column show which of these it is: between 1990 and 2100 the numbers of different units do not overlap. If two
readings are possible, such as day and month in 08/09, an error asks the user for an option.

References:
    ISO 8601:2004, 4.1 to 4.3; RFC 3339, section 5.6 (T and Z may be small letters); further ones: `docs/formats.md`.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.errors import ConfigurationError
from streams.sources.cells import LONGEST_NUMBER, shown

TimeUnit = Literal["ns", "us", "ms", "s", "days", "100ns", "digits"]
"""Of numbers: since 1970; `days` of a spreadsheet since 1899-12-30, `100ns` of .NET since the year 1; or `digits`, a
date and time of day written as one number."""

DateOrder = Literal["ymd", "dmy", "mdy"]

NS_PER: dict[TimeUnit, int] = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "days": 86_400 * 10**9, "100ns": 100}
_SINCE: dict[TimeUnit, int] = {"days": -25_569 * 86_400 * 10**9, "100ns": -62_135_596_800 * 10**9}
"""Epochs of the units, ns since the Unix epoch."""

SECOND = 10**9
EARLIEST, LATEST = 631_152_000 * SECOND, 4_102_444_800 * SECOND
"""1990 and 2100: a time outside of these years is taken for a mistake."""

BEYOND = 10**40
"""Stands for every time that is too far away for a record to hold."""

FEW = 3
"""Fewest cells of which at least one must be readable; fewer cells may all be wrong."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = r"""(?:
    (?P<y>\d{4})(?P<sep>[-/.]?)(?P<m>\d\d)(?P=sep)(?P<d>\d\d)
  | (?P<y2>\d{4})-?W(?P<week>\d\d)-?(?P<weekday>[1-7])
  | (?P<y3>\d{4})-(?P<ordinal>\d{3})
  | (?P<first>\d{1,2})(?P<sep4>[-/.])(?P<second>\d{1,2})(?P=sep4)(?P<y4>\d{4})
  | (?P<d5>\d{1,2})[- ]?(?P<name5>[A-Za-z]{3})[a-z]*[-, ]*(?P<y5>\d{4})
  | (?P<name6>[A-Za-z]{3})[a-z]*\.?[ ](?P<d6>\d{1,2}),?[ ](?P<y6>\d{4})
)"""
_CLOCK = r"""(?:
    (?P<h>\d{1,2}):(?P<mi>\d\d)(?::(?P<s>\d\d)(?:[.,:](?P<f>\d+))?)?
  | (?P<h2>\d\d)(?P<mi2>\d\d)(?:(?P<s2>\d\d)(?:[.,]?(?P<f2>\d+))?)?
)(?:[ ]?(?P<half>[AaPp])\.?[Mm]\.?)?"""
_ZONE = r"""[ ]?(?:[Zz]|(?:UTC|GMT|utc|gmt)?(?P<offset>[-+]\d\d?(?::?\d\d)?)|UTC|GMT|utc|gmt)(?:\[[\w/+-]+\])?"""
TIME = re.compile(rf"(?P<day>{_DAY})(?:[Tt D_]\s*(?P<clock>{_CLOCK})(?P<zone>{_ZONE})?)?", re.VERBOSE)
"""A day, and perhaps a time of day with a zone."""

TIME_OF_DAY = re.compile(_CLOCK, re.VERBOSE)
"""A time of day alone."""

_EPOCH = date(1970, 1, 1).toordinal()
_DIGITS = {4: "", 8: "", 10: "HH", 12: "HHMM", 14: "HHMMSS", 17: "ms", 20: "us", 23: "ns"}


def zone_of(name: str) -> tzinfo:
    """The time zone with an IANA name; UTC for an empty name.

    Raises:
        ConfigurationError: there is no zone of this name.

    >>> zone_of("America/New_York").key, zone_of("UTC") is UTC
    ('America/New_York', True)
    """
    if name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"expected a time zone of the IANA data base, was {shown(name)}; fix: for example America/New_York or UTC"
        ) from None


ASKED_ZONE = "--zone NAME (Europe/Berlin) if they are local times"
"""Advice where times name no zone and the user gave none."""


class TimeColumn:
    """Reader of the times in one column.

    Args:
        unit: unit of times that are numbers; None: found by `settle`. `s`, `ms`, `us` and `ns` count from
            1970, `days` from 1899-12-30, `100ns` from year 1; `digits`: date and time as digits.
        zone: time zone of times that name none.
        order: order of day, month and year in dates; None: found by `settle`, or by a day above 12 in the
            date itself.
        day: day of times that are only times of day, or numbers that count from midnight; None: not given.

    >>> clock = TimeColumn("s")
    >>> clock.read("1723161255.088169167"), clock.read(1723161255.5), clock.read("2024-08-09T01:54:15,5+02")
    (1723161255088169167, 1723161255500000000, 1723161255500000000)
    >>> TimeColumn("digits").read(20240808235415088)
    1723161255088000000
    >>> TimeColumn("days").read("45512.5") == TimeColumn("s").read("2024-08-08 12:00")
    True
    """

    def __init__(
        self,
        unit: TimeUnit | None = "ns",
        zone: tzinfo = UTC,
        order: DateOrder | None = None,
        day: date | None = None,
    ) -> None:
        self.unit, self.order, self.zone, self.day = unit, order, zone, day
        self.says_no_zone = False
        self._midnight = 0 if day is None else _seconds(day, 0, zone) * SECOND

    @property
    def scale(self) -> int:
        """Nanoseconds in one unit of the column's numbers; 0 if they do not count from 1970, or the unit is unknown."""
        if self.unit is None or self.unit == "digits" or self.unit in _SINCE or self.day is not None:
            return 0
        return NS_PER[self.unit]

    def read(self, cell: object) -> int:
        """The time in a cell, ns since 1970 (UTC); `BEYOND`, 10^40, for a number that is far too large for a time.

        Raises:
            ValueError: the cell is no time.
        """
        text = str(cell).strip()
        try:
            if len(text) > LONGEST_NUMBER:
                return self._of_number(text) if text.isdigit() else self._wrong(cell)
            if "-" not in text[1:] and ":" not in text and "/" not in text:
                number = number_in(text)
                if number is not None:
                    return self._of_number(text, number)
            return self._of_text(text)
        except (DecimalException, OverflowError):
            return BEYOND
        except ValueError as error:
            raise ValueError(f"expected a time, was {shown(cell)}: {error}") from None

    def _wrong(self, cell: object) -> int:
        raise ValueError(f"longer than {LONGEST_NUMBER} characters")

    def _of_number(self, text: str, number: Decimal | None = None) -> int:
        if number is None or number.adjusted() >= 40:
            return BEYOND
        if self.unit is None:
            try:
                self.settle([text])
            except ConfigurationError as error:
                raise ValueError(str(error)) from None
        unit = self.unit
        if unit is None:
            raise ValueError("no unit of time makes it one between 1990 and 2100")
        if unit == "digits":
            return self._of_digits(text)
        ns = number * NS_PER[unit]
        whole = int(ns)
        if whole != ns:
            if unit != "days":
                raise ValueError("a fraction of a nanosecond")
            whole = int(ns.to_integral_value())
        from_midnight = self.day is not None and 0 <= whole < 2 * 86_400 * SECOND  # a session may end after midnight
        return whole + (self._midnight if from_midnight else _SINCE.get(unit, 0))

    def _of_digits(self, text: str) -> int:
        if len(text) not in _DIGITS or len(text) == 4 or not text.isdigit():
            raise ValueError("no date and time of day as 8 to 23 digits")
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
        clock = text[8:14].ljust(6, "0")
        seconds = _of_day(clock[:2], clock[2:4], clock[4:6], "")
        return _seconds(day, seconds, self.zone) * SECOND + _fraction(text[14:])

    def _of_text(self, text: str) -> int:
        found = TIME.fullmatch(text)
        if found is None:
            clock = TIME_OF_DAY.fullmatch(text)
            if clock is None:
                raise ValueError("it is spelt in no way that is read; fix: see docs/formats.md, or another column")
            if self.day is None:
                raise ValueError("a time of day; fix: --map ts_event=DATE+TIME by the names of both columns, or --date")
            seconds, fraction = _clock(clock)
            return _seconds(self.day, seconds, self.zone) * SECOND + fraction
        day = _day(found, self.order)
        seconds, fraction = _clock(found) if found["clock"] else (0, 0)
        zone = self.zone if found["zone"] is None else _offset(found["offset"] or "")
        return _seconds(day, seconds, zone) * SECOND + fraction

    def settle(self, cells: Sequence[object]) -> str:
        """Find out the unit of numbers and the order of day and month from the first cells, if they are not known yet.

        Args:
            cells: cells of the column in the first rows.

        Returns:
            A phrase for people on how the times are read.

        Raises:
            ConfigurationError: the times can be read in two ways, or in none.
        """
        if len(short := [cell for cell in cells if isinstance(cell, str) and _has_lost_digits(cell)]) > len(cells) / 2:
            raise ConfigurationError(
                f"expected times with all their digits, was {short[0]}: a spreadsheet has shortened them; fix: export "
                "them anew, with the column as text"
            )
        texts = [str(cell).strip()[: LONGEST_NUMBER + 1] for cell in cells if str(cell).strip()]
        numbers = [text for text in texts if number_in(text) is not None]
        if texts and 2 * len(numbers) > len(texts):
            return self._settle_unit(numbers)
        if self.order is None:
            self._settle_order(texts)
        self._expect_some(texts)
        self.says_no_zone = any(map(_has_no_zone, texts))
        return f"times as text, {self.zone} where they say no zone"

    def _expect_some(self, texts: Sequence[str]) -> None:
        problem: ValueError | None = None
        for text in texts:
            try:
                if EARLIEST <= (ns := self.read(text)) < LATEST:
                    return
                problem = problem or ValueError(f"expected a time between 1990 and 2100, was {shown(text)} ({ns} ns)")
            except ValueError as error:
                problem = problem or error
        if problem is not None and len(texts) >= FEW:
            found = ConfigurationError(str(problem))
            if found.fix:
                raise found
            raise ConfigurationError(f"{problem}; fix: another column or spelling, or --date and --time-unit")

    def _settle_unit(self, numbers: Sequence[str]) -> str:
        fit = {unit: sum(self._is_plausible(unit, text) for text in numbers) for unit in _GUESSED}
        fitting = [unit for unit, count in fit.items() if count == max(fit.values()) > 0]
        unit = self.unit
        if unit is None and len(fitting) == 1:
            unit = self.unit = fitting[0]
        elif (fitting or len(numbers) >= FEW) and (
            unit is None or not any(self._is_plausible(unit, text) for text in numbers)
        ):
            raise ConfigurationError(_which(sorted(numbers, key=Decimal)[len(numbers) // 2], fitting, unit))
        return f"times as {_CALLED[unit]}" if unit else ""

    def _is_plausible(self, unit: TimeUnit, text: str) -> bool:
        try:
            return EARLIEST <= TimeColumn(unit, self.zone, day=self.day).read(text) < LATEST
        except ValueError:
            return False

    def _settle_order(self, texts: Sequence[str]) -> None:
        orders: dict[DateOrder, str] = {}
        ambiguous = ""
        for text in texts:
            found = TIME.fullmatch(text)
            if found is None or not found["y4"]:
                continue
            if int(found["first"]) > 12:
                orders["dmy"] = text
            elif int(found["second"]) > 12:
                orders["mdy"] = text
            elif found["sep4"] != ".":
                ambiguous = ambiguous or text
        if len(orders) > 1:
            raise ConfigurationError(
                f"expected one order of day and month, was {orders['dmy']!r} and {orders['mdy']!r}; fix: mend the file"
            )
        if orders:
            self.order = next(iter(orders))
        elif ambiguous:
            raise ConfigurationError(
                f"expected to know which is the month, was {ambiguous!r}; fix: --dates dmy or --dates mdy"
            )


_GUESSED: tuple[TimeUnit, ...] = ("s", "ms", "us", "ns", "digits", "100ns")
"""Units that the size of a number shows; days of a spreadsheet look like seconds since midnight."""

_CALLED: dict[TimeUnit, str] = {
    "s": "seconds since 1970",
    "ms": "milliseconds since 1970",
    "us": "microseconds since 1970",
    "ns": "nanoseconds since 1970",
    "days": "days since 1899-12-30",
    "100ns": "units of 100 ns since the year 1",
    "digits": "dates written as digits",
}


def _which(text: str, fitting: Sequence[TimeUnit], said: TimeUnit | None = None) -> str:
    was = f"expected time stamps {'between 1990 and 2100' if said is None else 'in ' + said}, was {text}"
    if len(fitting) > 1:
        ways = " or ".join(f"{unit} ({_CALLED[unit]})" for unit in fitting)
        return f"{was}, which may be {ways}; fix: say which by --time-unit"
    if fitting:
        return f"{was}; fix: --time-unit {fitting[0]}"
    number = Decimal(text)
    if number.is_finite() and 0 <= number < 86_400 * SECOND:
        return (
            f"{was}; fix: if it counts from midnight, --date YYYY-MM-DD with its unit (34200.5 is 09:30:00.5 in s); if "
            "it is a day of a spreadsheet, --time-unit days"
        )
    return f"{was}; fix: --time-unit, or another column"


def _has_lost_digits(text: str) -> bool:
    """Whether a number in scientific notation shows fewer digits than its magnitude has."""
    if len(text) > LONGEST_NUMBER or "e" not in text.lower() or (number := number_in(text.strip())) is None:
        return False
    return len(number.as_tuple().digits) <= number.adjusted() < 40


def number_in(text: str) -> Decimal | None:
    """The finite number that a text spells; None if the text spells none."""
    if "_" in text:  # Python's own way of writing numbers; here it stands between a date and a time of day
        return None
    try:
        number = Decimal(text)
    except DecimalException:
        return None
    return number if number.is_finite() else None


def _clock(found: "re.Match[str]") -> tuple[int, int]:
    """Seconds since midnight, and ns."""
    if found["h"] is not None:
        hour, minute, second, fraction = found.group("h", "mi", "s", "f")
    else:
        hour, minute, second, fraction = found.group("h2", "mi2", "s2", "f2")
    return _of_day(hour, minute, second or "0", (found["half"] or "").lower()), _fraction(fraction or "")


def _of_day(hour: str, minute: str, second: str, half: str) -> int:
    h, m, s = int(hour), int(minute), int(second)
    if half:
        if not 1 <= h <= 12:
            raise ValueError(f"no hour {h} of a half day")
        h = h % 12 + (12 if half == "p" else 0)
    if h > 24 or m > 59 or s > 60 or (h == 24 and (m or s)):  # 60 is a leap second, counted as the next one
        raise ValueError(f"no time of day {h}:{m:02}:{s:02}")
    return h * 3600 + m * 60 + s


def _fraction(digits: str) -> int:
    if digits[9:].strip("0"):
        raise ValueError("a fraction of a nanosecond")
    return int(digits[:9].ljust(9, "0")) if digits else 0


def _day(found: "re.Match[str]", order: DateOrder | None) -> date:
    if found["y"]:
        return date(int(found["y"]), int(found["m"]), int(found["d"]))
    if found["y4"]:
        first, second, year = int(found["first"]), int(found["second"]), int(found["y4"])
        day_first = order == "dmy" or (order is None and (found["sep4"] == "." or first > 12))
        if not day_first and order is None and second <= 12:
            raise ValueError("day and month may change places; fix: --dates dmy or --dates mdy")
        return date(year, second, first) if day_first else date(year, first, second)
    if found["y2"]:
        return date.fromisocalendar(int(found["y2"]), int(found["week"]), int(found["weekday"]))
    if found["y3"]:
        at = int(found["ordinal"])
        counted = date(int(found["y3"]), 1, 1) + timedelta(days=at - 1)
        if at < 1 or counted.year != int(found["y3"]):
            raise ValueError(f"no day {at} in {found['y3']}")
        return counted
    name, of_month, in_year = found.group("name5", "d5", "y5") if found["y5"] else found.group("name6", "d6", "y6")
    if name.lower() not in _MONTHS:
        raise ValueError(f"no month {name!r}")
    return date(int(in_year), _MONTHS.index(name.lower()) + 1, int(of_month))


@lru_cache(maxsize=64)
def _offset(offset: str) -> tzinfo:
    if not offset:
        return UTC
    digits = offset[1:].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    if hours > 15 or minutes > 59:
        raise ValueError(f"no offset {offset}")
    return timezone((1 if offset[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


@lru_cache(maxsize=4096)
def _seconds(day: date, seconds: int, zone: tzinfo) -> int:
    since = (day.toordinal() - _EPOCH) * 86_400 + seconds
    if zone is UTC:
        return since
    local = datetime.combine(day, time(), zone) + timedelta(seconds=seconds)
    offset = local.utcoffset()
    return since - int(offset.total_seconds() if offset else 0)


def _has_no_zone(text: str) -> bool:
    found = TIME.fullmatch(text)
    return TIME_OF_DAY.fullmatch(text) is not None if found is None else bool(found["clock"]) and found["zone"] is None
