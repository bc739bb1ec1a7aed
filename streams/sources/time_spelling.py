"""Recognises whether the cells of a column are times, days or times of day."""

from collections.abc import Sequence
from typing import Literal

from schemas.errors import ConfigurationError
from streams.sources.cells import LONGEST_NUMBER
from streams.sources.times import EARLIEST, LATEST, TIME, TIME_OF_DAY, TimeColumn, number_in


def spelling(texts: Sequence[str]) -> Literal["time", "date", "time of day", ""]:
    """What the texts of a column are: times with a day, days, or times of day; empty if they are none of these.

    A mixture of days and of times with a day counts as `time`. Numbers count as times if they never fall or never rise,
    and there is one unit in which all of them lie between 1990 and 2100. Numbers of eight digits, such as 20240809,
    count as days.

    >>> spelling(["2024-08-09 12:00:01"]), spelling(["09.08.2024"]), spelling(["12:00", "9:30:00.5"])
    ('time', 'date', 'time of day')
    >>> spelling(["1723161600000", "1723161600500"]), spelling(["20240809", "20240810"]), spelling(["3", "4.5"])
    ('time', 'date', '')
    """
    found: set[Literal["time", "date", "time of day", ""]] = set()
    numbers = [number for text in texts if (number := number_in(text)) is not None]
    if texts and len(numbers) == len(texts):
        try:
            clock = TimeColumn(None)
            clock.settle(texts)
            times = [clock.read(text) for text in texts]
        except (ConfigurationError, ValueError):
            return ""
        runs = all(map(int.__le__, times, times[1:])) or all(map(int.__ge__, times, times[1:]))
        if not runs or clock.unit is None or not all(EARLIEST <= each < LATEST for each in times):
            return ""
        return "date" if clock.unit == "digits" and all(len(text) == 8 for text in texts) else "time"
    for text in texts:
        match = TIME.fullmatch(text) if len(text) <= LONGEST_NUMBER else None
        if match is not None:
            found.add("time" if match["clock"] else "date")
        else:
            found.add("time of day" if ":" in text and TIME_OF_DAY.fullmatch(text) else "")
    return found.pop() if len(found) == 1 else "time" if found == {"time", "date"} else ""
