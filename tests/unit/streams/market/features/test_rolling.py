from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.market.features.rolling import push, window

MODERATE = st.floats(-1e6, 1e6)


@given(st.integers(2, 20), st.lists(MODERATE, min_size=1, max_size=200))
def test_the_sum_is_that_of_the_last_numbers(length: int, values: list[float]) -> None:
    last = window(length)
    for count, value in enumerate(values, start=1):
        kept = values[max(0, count - length) : count]
        assert push(last, value) == pytest.approx(fsum(kept), rel=1e-9, abs=1e-9)


@given(st.integers(2, 20), st.lists(MODERATE, max_size=60), st.lists(MODERATE, max_size=60))
def test_values_that_left_the_window_do_not_change_the_sum(length: int, one: list[float], other: list[float]) -> None:
    """Once per round of the buffer the sum is computed anew, so that it depends on the numbers in it alone."""
    final = [0.1 * number for number in range(length)]
    sums = []
    for past in (one, other):
        last = window(length)
        aligned = past[: len(past) - len(past) % length]
        for value in (*aligned, *final):
            push(last, value)
        sums.append(last.total)
    assert sums[0] == sums[1]


def test_a_huge_number_does_not_swallow_small_ones() -> None:
    last = window(50)
    push(last, 1e15)
    for _ in range(49):
        push(last, 0.001)
    push(last, 0.001)
    assert last.total == pytest.approx(0.05, rel=1e-12)


def test_many_steps_do_not_drift() -> None:
    last = window(50)
    values = [((number * 7_919) % 1_000) / 7.0 for number in range(100_000)]
    for value in values:
        push(last, value)
    assert last.total == pytest.approx(fsum(values[-50:]), rel=1e-13)
