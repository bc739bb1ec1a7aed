import pytest

from schemas.errors import Refused
from streams.market.admission import Admission, AdmissionState
from streams.parameters import AdmissionParameters

SECOND = 1_000_000_000


class Feed:
    """A symbol's ticks one by one; `last` follows the price as the features would."""

    def __init__(self, **parameters: float) -> None:
        self.admission = Admission(AdmissionParameters(**parameters))  # type: ignore[arg-type]
        self.state = AdmissionState()
        self.last = 0.0

    def take(self, ts_event: int, price: float = 100.0, seq: int | None = None) -> str:
        try:
            goes_on = self.admission.admit(self.state, ts_event, seq, price, self.last)
        except Refused as refused:
            return refused.reason
        self.last = price
        return "taken" if goes_on else "anew"


def test_time_may_stand_still_but_not_go_back() -> None:
    feed = Feed()
    assert [feed.take(at) for at in (10, 10, 11, 9, 11)] == ["taken", "taken", "taken", "late", "taken"]
    assert feed.state.clock == 11


def test_a_little_late_is_taken_at_the_clock() -> None:
    feed = Feed(late_tolerance_ns=5)
    assert [feed.take(at) for at in (100, 95, 94)] == ["taken", "taken", "late"]
    assert feed.state.clock == 100


def test_repeats_are_known_by_number_and_time_together() -> None:
    feed = Feed(late_tolerance_ns=50)
    assert feed.take(100, seq=7) == "taken"
    assert feed.take(100, seq=7) == "duplicate"
    assert feed.take(60, seq=3) == "duplicate"
    assert feed.take(60, seq=8) == "taken"
    assert feed.take(101, seq=2) == "taken", "a feed that counts anew"
    assert feed.take(101) == "taken"
    assert feed.take(101, seq=2) == "duplicate"


def test_jumps() -> None:
    feed = Feed()
    assert [feed.take(1, price) for price in (100.0, 120.0, 95.9, 96.0, 1e9)] == [
        *("taken", "taken", "absurd_jump", "taken", "absurd_jump"),
    ]


def test_one_tick_from_the_future_is_outlived() -> None:
    feed = Feed()
    assert [feed.take(at) for at in (SECOND, 4_000_000_000 * SECOND)] == ["taken", "taken"]
    answers = [feed.take((2 + number) * SECOND) for number in range(25)]
    assert answers == ["late"] * 19 + ["anew"] + ["taken"] * 5
    assert feed.state.clock == 26 * SECOND


def test_a_true_shift_of_the_price_is_believed_in_the_end() -> None:
    feed = Feed(resync_after=3)
    feed.take(1, 100.0)
    assert [feed.take(2, price) for price in (200.0, 201.0, 199.0, 200.0)] == [
        *("absurd_jump", "absurd_jump", "anew", "taken"),
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


def test_a_refusal_moves_only_the_count_of_rivals() -> None:
    feed = Feed()
    feed.take(1_000, seq=4)
    before = (feed.state.clock, feed.state.sequence)
    for answer in (feed.take(5), feed.take(1_001, 1e6), feed.take(1_000, seq=4)):
        assert answer in {"late", "absurd_jump", "duplicate"}
    assert (feed.state.clock, feed.state.sequence) == before
    with pytest.raises(Refused, match="expected ts_event from 1000 on, was 5"):
        feed.admission.admit(feed.state, 5, None, 100.0, 100.0)
