"""What a number was some time ago: against a search through everything that ever was."""

from hypothesis import given
from hypothesis import strategies as st

from streams.market.features.over_time import BUCKETS, Changes, ChangesState, bucket_width, forget, put, trail, value_at
from streams.market.features.windows import Window

SPANS = st.sampled_from([1, 31, 32, 33, 1_000, 500_000_000])
STEPS = st.lists(
    st.tuples(st.sampled_from([0, 0, 1, 7, 15_625_000, 400_000_000, 10**15]), st.integers(0, 5)), max_size=80
)


def _history(steps: list[tuple[int, int]]) -> list[tuple[int, float]]:
    at, found = 1_700_000_000_000_000_000, []
    for step, value in steps:
        at += step
        found.append((at, float(value)))
    return found


def _true(history: list[tuple[int, float]], when: int) -> float:
    return next((value for at, value in reversed(history) if at <= when), 9.0)


@given(span=SPANS, steps=STEPS)
def test_an_answer_is_what_the_number_was_between_one_and_one_and_a_32nd_spans_ago(
    span: int, steps: list[tuple[int, int]]
) -> None:
    changes = Changes([Window(span, False)])
    state = changes.start(9.0)
    history = _history(steps)
    width = bucket_width(span)
    for count, (at, value) in enumerate(history, start=1):
        (change,) = changes.advance(state, at, value)
        answer, seen = value - change, history[:count]
        times = {at - span, *(each for each, _ in seen if at - span - width < each <= at - span)}
        just_before = {each - 1 for each in times if each - 1 > at - span - width}
        assert answer in {_true(seen, when) for when in times | just_before}
        assert len(state.trails[0].values) <= BUCKETS + 2


@given(span=SPANS, steps=STEPS)
def test_where_no_two_changes_share_a_32nd_the_answer_is_exact(span: int, steps: list[tuple[int, int]]) -> None:
    changes = Changes([Window(span, False)])
    state = changes.start(9.0)
    width = bucket_width(span)
    spread = [(step - step % width + width, value) for step, value in steps]
    history = _history(spread)
    for count, (at, value) in enumerate(history, start=1):
        assert changes.advance(state, at, value) == [value - _true(history[:count], at - span)]


@given(count=st.integers(1, 60), values=st.lists(st.integers(0, 3), max_size=150))
def test_a_number_of_events_is_looked_up_exactly(count: int, values: list[int]) -> None:
    changes = Changes([Window(count, True)])
    state = changes.start(9.0)
    for at, value in enumerate(values):
        expected = 9.0 if at < count else float(values[at - count])
        assert changes.advance(state, 5, float(value)) == [value - expected]
        assert changes.look(state, 5, float(value)) == [value - expected]


def test_a_burst_of_100_000_changes_within_a_window_stays_small_and_is_never_younger_than_asked_for() -> None:
    span = 500_000_000
    changes = Changes([Window(span, False)])
    state = changes.start(0.0)
    for number in range(1, 100_001):
        at = number * 4_000
        (change,) = changes.advance(state, at, float(at))
        assert len(state.trails[0].stamps) <= BUCKETS + 2
        assert at - change <= max(0, at - span)
    (change,) = changes.look(state, 600_000_000, 0.0)
    assert 100_000_000 - bucket_width(span) < -change <= 100_000_000


def test_the_fullest_state_takes_as_many_values_as_a_burst_makes() -> None:
    windows = [Window(500_000_000, False), Window(40, True)]
    changes = Changes(windows)
    state: ChangesState = changes.start(0.0)
    longest = [0, 0]
    for number in range(1, 40_000):
        changes.advance(state, number * 50_000, float(number))
        longest = [max(most, len(each.values)) for most, each in zip(longest, state.trails, strict=True)]
    assert all(
        most <= len(each.values) <= most + 1 for most, each in zip(longest, changes.fullest(1.0).trails, strict=True)
    )


def test_a_reader_with_another_time_gets_what_was_known_then() -> None:
    mids, width = trail(1.0), bucket_width(100)
    for at in (200, 220, 240):
        put(mids, width, at, float(at))
    forget(mids, 150)
    assert [value_at(mids, when) for when in (100, 199, 200, 239, 300)] == [1.0, 1.0, 200.0, 220.0, 240.0]
    forget(mids, 230)
    assert [value_at(mids, when) for when in (100, 230, 240)] == [220.0, 220.0, 240.0]
    assert len(mids.values) == 2


def test_a_time_before_that_of_an_earlier_event_counts_as_that() -> None:
    changes = Changes([Window(100, False)])
    state = changes.start(1.0)
    changes.advance(state, 1_000, 2.0)
    assert changes.advance(state, 950, 3.0) == [2.0]
    assert changes.look(state, 1_099, 3.0) == [2.0]
    assert changes.look(state, 1_100, 3.0) == [0.0]
