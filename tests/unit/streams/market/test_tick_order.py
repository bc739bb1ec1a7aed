import pytest

from schemas.errors import Refused
from schemas.ticks import Trade
from streams.market.parameters import AdmissionParameters
from streams.market.tick_order import Admission, AdmissionState

SECOND = 1_000_000_000


def trade(ts_event: int, price: float = 100.0, seq: int | None = None, size: float = 1.0) -> Trade:
    return Trade("X", ts_event, price, size, seq=seq)


class Feed:
    """Gives ticks of a symbol one by one; `last` is the price that the features would have."""

    def __init__(self, **parameters: float) -> None:
        self.admission = Admission(AdmissionParameters(**parameters))  # type: ignore[arg-type]
        self.state = AdmissionState()
        self.last = 0.0

    def take(self, ts_event: int, price: float = 100.0, seq: int | None = None) -> str:
        try:
            reason = self.admission.admit(self.state, trade(ts_event, price, seq), price, self.last)
        except Refused as refused:
            return refused.reason
        self.last = price
        return reason or "taken"


def test_time_may_stand_still_but_not_go_back() -> None:
    feed = Feed()
    assert [feed.take(at) for at in (10, 10, 11, 9, 11)] == ["taken", "taken", "taken", "late", "taken"]
    assert feed.state.clock == 11


def test_a_little_late_is_taken_at_the_clock() -> None:
    feed = Feed(late_tolerance_ns=5)
    assert [feed.take(at) for at in (100, 95, 94)] == ["taken", "taken", "late"]
    assert feed.state.clock == 100


def test_a_repeat_is_recognised_by_number_and_time_together() -> None:
    feed = Feed(late_tolerance_ns=50)
    assert feed.take(100, seq=7) == "taken"
    assert feed.take(100, seq=7) == "duplicate"
    assert feed.take(60, seq=3) == "duplicate"
    assert feed.take(60, seq=8) == "taken"
    assert feed.take(101, seq=2) == "taken", "a feed that counts anew"
    assert feed.take(101) == "taken"
    assert feed.take(101, seq=2) == "duplicate"


def test_a_price_too_far_from_the_last_one_is_refused() -> None:
    feed = Feed()
    assert [feed.take(1, price) for price in (100.0, 120.0, 95.9, 96.0, 1e9)] == [
        *("taken", "taken", "absurd_jump", "taken", "absurd_jump"),
    ]


DAY = 86_400 * SECOND


def test_one_tick_from_the_far_future_moves_nothing() -> None:
    feed = Feed()
    assert feed.take(SECOND) == "taken"
    assert feed.take(365 * DAY) == "ahead"
    assert [feed.take((2 + number) * SECOND) for number in range(25)] == ["taken"] * 25
    assert feed.state.generation == 0


def test_after_a_tick_from_tomorrow_the_clock_is_soon_set_back() -> None:
    feed = Feed()
    assert [feed.take(at) for at in (SECOND, DAY)] == ["taken", "taken"]
    answers = [feed.take((2 + number) * SECOND) for number in range(25)]
    assert answers == ["late"] * 19 + ["set_back"] + ["taken"] * 5
    assert (feed.state.clock, feed.state.generation) == (26 * SECOND, 1)


def test_a_clock_jumps_ahead_after_as_many_ticks_as_it_is_set_back() -> None:
    feed = Feed()
    feed.take(SECOND)
    answers = [feed.take(400 * DAY + number) for number in range(22)]
    assert answers == ["ahead"] * 19 + ["ahead"] + ["taken"] * 2, "refusals, then the break, then ticks that follow"
    assert feed.state.generation == 1


def test_ticks_that_are_always_far_apart_are_believed_once() -> None:
    feed = Feed(resync_after=3)
    answers = [feed.take((1 + 31 * month) * DAY) for month in range(12)]
    assert answers == ["taken", "ahead", "ahead", "ahead", *["taken"] * 8]
    assert feed.state.generation == 1


def test_the_horizon_decides_how_far_ahead_a_tick_may_be() -> None:
    admission, state = Admission(AdmissionParameters(), horizon_ns=2 * DAY), AdmissionState()
    assert admission.admit(state, trade(1), 100.0, 0.0) == ""
    assert admission.admit(state, trade(1 + 40 * DAY), 100.0, 100.0) == ""
    with pytest.raises(Refused, match="ahead: expected ts_event up to"):
        admission.admit(state, trade(2 + 80 * DAY), 100.0, 100.0)


def test_a_damaged_number_closes_no_symbol() -> None:
    feed = Feed()
    for number in range(100):
        assert feed.take((1 + number) * SECOND, seq=number) == "taken"
    assert feed.take(5_000 * SECOND, seq=10**15) == "taken", "a wrong time and a wrong number in one tick"
    answers = [feed.take((101 + number) * SECOND, seq=101 + number) for number in range(30)]
    assert answers == ["duplicate"] * 19 + ["set_back"] + ["taken"] * 10


def test_a_damaged_number_at_the_right_time_breaks_nothing() -> None:
    feed = Feed(resync_after=3)
    assert [feed.take(9, seq=number) for number in (1, 10**15)] == ["taken", "taken"]
    assert [feed.take(9, seq=2 + number) for number in range(5)] == ["duplicate", "duplicate", *["taken"] * 3]
    assert feed.state.generation == 0


def test_a_long_batch_that_is_sent_twice_is_dropped_and_no_repeat_lasts_for_ever() -> None:
    feed = Feed()
    for number in range(1_000):
        feed.take((1 + number) * SECOND, seq=number)
    assert {feed.take((1 + number) * SECOND, seq=number) for number in range(300, 1_000)} == {"duplicate"}
    assert feed.take(1_001 * SECOND, seq=1_000) == "taken"
    answers = [feed.take((1 + number) * SECOND, seq=number) for number in range(1_001)]
    assert answers == ["duplicate"] * 999 + ["set_back", "taken"]


def test_a_true_shift_of_the_price_is_believed_in_the_end() -> None:
    feed = Feed(resync_after=3)
    feed.take(1, 100.0)
    assert [feed.take(2, price) for price in (200.0, 201.0, 199.0, 200.0)] == [
        *("absurd_jump", "absurd_jump", "price", "taken"),
    ]


def test_ticks_that_contradict_one_another_are_never_believed() -> None:
    feed = Feed(resync_after=3)
    feed.take(1_000, 100.0)
    assert {feed.take(1_000, price) for price in (1.0, 200.0) * 20} == {"absurd_jump"}
    assert {feed.take(500 - number) for number in range(20)} == {"late"}


def test_an_honest_tick_in_between_starts_the_count_anew() -> None:
    feed = Feed(resync_after=3)
    feed.take(1_000)
    for _ in range(10):
        assert [feed.take(5), feed.take(6), feed.take(1_000)] == ["late", "late", "taken"]


def test_a_refused_tick_changes_only_the_count_of_contradictions() -> None:
    feed = Feed()
    feed.take(1_000, seq=4)
    before = (feed.state.clock, feed.state.sequence)
    for answer in (feed.take(5), feed.take(1_001, 1e6), feed.take(1_000, seq=4)):
        assert answer in {"late", "absurd_jump", "duplicate"}
    assert (feed.state.clock, feed.state.sequence) == before
    with pytest.raises(Refused, match="expected ts_event from 1000 on, was 5"):
        feed.admission.admit(feed.state, trade(5), 100.0, 100.0)
