"""Sums over durations of event time: against a fresh sum, and against pandas."""

from math import fsum
from random import Random
from typing import Literal

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.market.features.over_time import BUCKETS, bucket_width
from streams.market.features.rolling import Rolling
from streams.market.features.windows import Window, window_of

HALF_A_SECOND = window_of("500ms")
START = 1_700_000_000_000_000_000
STEPS = st.sampled_from([0, 0, 1, 1_000_000, 15_625_000, 100_000_000, 600_000_000, 10**16])
EVENTS = st.lists(st.tuples(STEPS, st.floats(-1e6, 1e6)), max_size=120)


def _kept(events: list[tuple[int, float]], now: int, window: Window) -> list[float]:
    width = bucket_width(window.span)
    return [value for at, value in events if at // width >= now // width - BUCKETS]


@given(span=st.sampled_from([1, 33, 500_000_000]), steps=EVENTS)
def test_the_sum_is_that_of_the_buckets_of_the_window(span: int, steps: list[tuple[int, float]]) -> None:
    window = Window(span, False)
    rolling = Rolling(window)
    state = rolling.start()
    events, now = list[tuple[int, float]](), START
    for step, value in steps:
        now += step
        events.append((now, value))
        kept = _kept(events, now, window)
        error = 1e-13 * fsum(map(abs, kept)) + 1e-7 * max(map(abs, kept))
        assert rolling.add(state, now, value) == pytest.approx(fsum(kept), rel=0, abs=error)
    later = now + span // 2
    expected = _kept(events, later, window)
    assert rolling.sum_at(state, later) == pytest.approx(fsum(expected), rel=1e-6, abs=1e-6)
    assert len(state.values) == BUCKETS + 1


def _at_random(count: int, seed: int = 1) -> tuple[list[int], list[float]]:
    random, at = Random(seed), START
    stamps, values = [], []
    for _ in range(count):
        at += random.choice((0, 0, 300_000, 4_000_000, 90_000_000))
        stamps.append(at)
        values.append(random.random())
    return stamps, values


def _of_pandas(stamps: list[int], values: list[float], window: str, closed: Literal["right", "both"]) -> list[float]:
    series = pandas.Series(values, pandas.to_datetime(stamps, unit="ns"))
    return [float(each) for each in series.rolling(pandas.Timedelta(window), closed=closed).sum()]


def test_a_sum_lies_between_those_of_pandas_over_the_window_and_over_a_32nd_more() -> None:
    """`closed="right"` leaves out what is exactly as old as the window; both ends belong to the longer window."""
    stamps, values = _at_random(5_000)
    rolling = Rolling(HALF_A_SECOND)
    state = rolling.start()
    least = _of_pandas(stamps, values, "500ms", "right")
    most = _of_pandas(stamps, values, "515625us", "both")
    for at, value, low, high in zip(stamps, values, least, most, strict=True):
        assert low - 1e-9 <= rolling.add(state, at, value) <= high + 1e-9


def test_where_times_are_whole_buckets_the_sum_is_that_of_pandas_with_both_ends_closed() -> None:
    stamps, values = _at_random(5_000)
    width = bucket_width(HALF_A_SECOND.span)
    stamps = [at - at % width for at in stamps]
    rolling = Rolling(HALF_A_SECOND)
    state = rolling.start()
    expected = _of_pandas(stamps, values, "500ms", "both")
    assert [rolling.add(state, *each) for each in zip(stamps, values, strict=True)] == pytest.approx(expected, abs=1e-9)


def test_a_million_ticks_leave_no_drift() -> None:
    rolling = Rolling(HALF_A_SECOND)
    state = rolling.start()
    last: list[tuple[int, float]] = []
    for number in range(1_000_000):
        at, value = START + number * 437_000, ((number * 7_919) % 1_000 - 499.5) / 7.0
        rolling.add(state, at, value)
        if number >= 998_000:
            last.append((at, value))
    kept = _kept(last, at, HALF_A_SECOND)
    assert len(kept) > 1_000
    assert abs(state.total - fsum(kept)) <= 1e-13 * fsum(map(abs, kept))


def test_a_burst_of_a_million_ticks_in_one_window_takes_no_more_room_and_is_summed_right() -> None:
    rolling = Rolling(HALF_A_SECOND)
    state = rolling.start()
    for number in range(1_000_000):
        rolling.add(state, START + number // 4, 0.1)
    assert len(state.values) == BUCKETS + 1
    assert state.total == pytest.approx(100_000.0, rel=1e-10)


def test_a_huge_number_that_leaves_takes_its_rounding_error_along() -> None:
    rolling = Rolling(HALF_A_SECOND)
    state = rolling.start()
    rolling.add(state, START, 1e15)
    rolling.add(state, START + 100_000_000, 0.001)
    assert rolling.add(state, START + 550_000_000, 0.001) == 0.002
    assert rolling.sum_at(state, START + 2_000_000_000) == 0.0


def test_a_number_of_events_is_summed_as_before() -> None:
    rolling = Rolling(Window(3, True))
    state = rolling.start()
    assert [rolling.add(state, 5, value) for value in (1.0, 2.0, 4.0, 8.0)] == [1.0, 3.0, 7.0, 14.0]
    assert rolling.sum_at(state, 10**18) == 14.0
