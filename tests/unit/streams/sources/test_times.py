"""Formats of times in files are read exactly, recognised by the first cells, and not guessed if two fit."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ConfigurationError
from streams.sources.times import TimeColumn, TimeUnit, zone_of

THEN = 1_723_247_655_000_000_000
"""2024-08-09 23:54:15 UTC, a Friday."""


@pytest.mark.parametrize(
    "cell",
    [
        "2024-08-09T23:54:15Z",
        "2024-08-09 23:54:15",
        "2024-08-09t23:54:15.000z",
        "2024-08-09T23:54:15,000000000Z",
        "2024-08-09 23:54:15.000 UTC",
        "2024-08-09T23:54:15GMT",
        "2024-08-10T01:54:15+02",
        "2024-08-10T01:54:15+0200",
        "2024-08-10T05:24:15+05:30",
        "2024-08-09T19:54:15-04:00[America/New_York]",
        "20240809T235415Z",
        "20240809T235415.000Z",
        "20240809 23:54:15.000",
        "20240809 235415000",
        "20240809_235415",
        "2024-08-09D23:54:15.000000000",
        "2024-W32-5T23:54:15Z",
        "2024W325T235415Z",
        "2024-222T23:54:15",
        "2024/08/09 23:54:15",
        "2024.08.09 23:54:15",
        "09.08.2024 23:54:15.000",
        "09.08.2024 23:54:15.000 GMT+0000",
        "9-Aug-2024 23:54:15",
        "09AUG2024 23:54:15",
        "9 August 2024 23:54:15",
        "Aug 9, 2024 11:54:15 PM",
        "August 9 2024 11:54:15 p.m.",
        "  2024-08-09 23:54:15  ",
        "1723247655",
        "1723247655.000",
        "1.723247655E9",
        "1723247655000",
        "1723247655000000",
        "1723247655000000000",
        "20240809235415",
        "20240809235415000",
        "20240809235415000000000",
        1723247655,
        1723247655.0,
        Decimal(1723247655),
    ],
)
def test_every_spelling_of_a_time_gives_the_same_moment(cell: object) -> None:
    clock = TimeColumn(None)
    clock.settle([cell])
    assert clock.read(cell) == THEN


@pytest.mark.parametrize("cell", ["2024-08-09", "20240809", "2024/08/09", "09.08.2024", "2024-W32-5", "2024-222"])
def test_a_date_means_its_midnight(cell: str) -> None:
    clock = TimeColumn(None)
    clock.settle([cell])
    assert clock.read(cell) == THEN - timedelta(hours=23, minutes=54, seconds=15) // timedelta(microseconds=1) * 1000


@pytest.mark.parametrize(
    ("cell", "unit"),
    [
        ("638588444550000000", "100ns"),
        ("45513.99600694444", "days"),
        ("1723247655000000000", "ns"),
        (THEN // 10**6, "ms"),
    ],
)
def test_a_given_unit_is_used(cell: object, unit: TimeUnit) -> None:
    assert abs(TimeColumn(unit).read(cell) - THEN) < 1_000


def test_times_of_day_belong_to_the_given_day() -> None:
    day, zone = date(2012, 6, 21), ZoneInfo("America/New_York")
    nine_thirty = int(datetime(2012, 6, 21, 13, 30, tzinfo=UTC).timestamp()) * 10**9 + 4_241_176
    assert TimeColumn("s", zone, day=day).read("34200.004241176") == nine_thirty
    assert TimeColumn("ms", zone, day=day).read("34200004.241176") == nine_thirty
    assert TimeColumn("ns", zone, day=day).read("09:30:00.004241176") == nine_thirty
    with pytest.raises(ValueError, match="--date"):
        TimeColumn("ns").read("09:30:00")


def test_a_zone_is_that_of_the_date() -> None:
    clock = TimeColumn("ns", zone_of("America/New_York"))
    winter, summer = clock.read("2024-01-09 12:00"), clock.read("2024-07-09 12:00")
    assert winter == TimeColumn("ns").read("2024-01-09 17:00")
    assert summer == TimeColumn("ns").read("2024-07-09 16:00")
    assert clock.read("2024-07-09 12:00Z") == TimeColumn("ns").read("2024-07-09 12:00"), (
        "what is said in the cell holds"
    )
    with pytest.raises(ConfigurationError, match="America/New_York"):
        zone_of("New York")


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (["08/09/2024 23:54", "08/09/2024 23:55"], "--dates dmy or --dates mdy"),
        (["13/09/2024 23:54", "08/14/2024 23:55"], "one order of day and month"),
        (["638587580550881691"], "may be ns .* or 100ns"),
        (["34200.1", "34200.2", "34200.3"], "--date YYYY-MM-DD"),
        (["7", "8", "9"], "expected time stamps between 1990 and 2100"),
        (["1.72316E+18"] * 3, "a spreadsheet has shortened them"),
        (["noon", "one", "two"], "spelt in no way that is read"),
        (["09:30:00", "09:30:01", "09:30:02"], "ts_event=DATE.TIME"),
        (["1890-01-01"] * 3, "between 1990 and 2100"),
    ],
)
def test_what_two_readings_fit_or_none_is_not_guessed(cells: list[str], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        TimeColumn(None).settle(cells)


def test_a_given_unit_is_checked_against_the_cells() -> None:
    with pytest.raises(ConfigurationError, match="in ns, was 1723247655000; fix: --time-unit ms"):
        TimeColumn("ns").settle(["1723247655000"])


def test_a_day_beyond_the_twelfth_tells_the_order_for_all() -> None:
    clock = TimeColumn(None)
    clock.settle(["08/09/2024 10:00", "08/13/2024 10:00"])
    assert clock.read("08/09/2024 10:00") == TimeColumn("ns").read("2024-08-09 10:00")


@pytest.mark.parametrize(
    "cell",
    ["2024-13-01", "2024-02-30", "2024-08-09 25:00", "2024-08-09 23:60", "9-Foo-2024", "2023-366", "2023-W53-1", "",
     "1 2", "2024-08-09 13:00 PM", "1723247655.0000000001", "1e-3", "2024-08-09T00:00:00.0000000001Z",
     "2024-08-09T00:00+99"],
)  # fmt: skip
def test_a_cell_that_is_no_time_gives_none(cell: str) -> None:
    with pytest.raises(ValueError, match="expected a time"):
        TimeColumn("s").read(cell)


@given(st.integers(631_152_000 * 10**6, 4_102_444_799 * 10**6), st.integers(0, 999), st.sampled_from(["T", " "]))
def test_every_moment_reads_back(micros: int, nanos: int, between: str) -> None:
    moment, ns = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros), micros * 1_000 + nanos
    text = f"{moment:%Y-%m-%d}{between}{moment:%H:%M:%S}.{ns % 10**9:09}"
    assert TimeColumn("ns").read(text) == TimeColumn("ns").read(text + "Z") == ns
    assert TimeColumn("s").read(f"{ns // 10**9}.{ns % 10**9:09}") == ns
    assert TimeColumn("digits").read(f"{moment:%Y%m%d%H%M%S}{ns % 10**9:09}") == ns
