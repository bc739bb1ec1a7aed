"""Event time may be set back or jump ahead: the page follows the order of records, and recovers at once."""

import msgspec
import pytest
from msgspec.structs import replace

from agents.clients.reader import Received
from agents.dashboard.bands.alerts import MUCH_LATER_S, OpenAlerts
from agents.dashboard.bands.good import good
from agents.dashboard.bands.now import COLUMNS, SymbolCourse, Symbols
from agents.dashboard.bands.timeline import MOST
from agents.dashboard.follow.topics_state import Board
from agents.dashboard.serve.view import SentPart, course_of
from agents.dashboard.state.forecasts import LATEST, Outcomes, frame
from agents.dashboard.state.latency import PredictionTimes
from agents.dashboard.state.order import MOST_REPEATS
from agents.dashboard.state.pace import HISTORY_S, EventPace
from agents.dashboard.state.rates import Ends
from agents.dashboard.state.shown_fields import OutcomeFields, PredictionFields
from schemas.alerts import Alert
from schemas.breaks import ClockBroken
from schemas.codec import encode
from schemas.experiments import ExperimentMoved
from schemas.predictions import Prediction
from schemas.topics import BREAKS, EXPERIMENTS, MODEL_VERSIONS, PREDICTIONS
from schemas.versions import ModelVersion
from tests.support.dashboard_records import NOW_S, written
from tests.support.dashboard_server import server
from tests.support.golden_model_records import OF_MODELS
from tests.support.golden_records import RECORDS

SECOND, DAY, YEAR = 10**9, 86_400 * 10**9, 365 * 86_400 * 10**9
BACK = (1, 250, 10**6, SECOND, 60 * SECOND, 3_600 * SECOND, DAY, YEAR, 10 * YEAR)

ONE = msgspec.json.decode(written()["predictions"][0][2], type=Prediction)


class Page:
    """State of a dashboard that gets one prediction of one symbol a second."""

    def __init__(self) -> None:
        self.board = Board()
        self.has = SentPart()
        self.offset = 0
        self.now = NOW_S
        self.points: list[tuple[float, ...]] = []

    def predict(self, ts_event: int, generation: int = 0, tick: int | None = None) -> SymbolCourse:
        offset = self.offset if tick is None else tick
        made = encode(replace(ONE, id=f"ticks:0:{offset}", symbol="X", ts_event=ts_event))
        if generation:
            made = made[:-1] + b',"generation":%d}' % generation
        self.now += 1.0
        self.board.take(PREDICTIONS.name, [Received(0, self.offset, round(1e3 * self.now), b"X", made)], self.now)
        self.offset += 1
        assert self.board.passed.count == 0
        state = self.board.symbols.get("X")
        assert state is not None
        return state

    def painted(self) -> list[float]:
        """Event times, ms, in the browser's chart after the next message of the server."""
        state = self.board.symbols.get("X")
        assert state is not None
        sent = course_of(state, self.board, self.has)
        if sent is not None:
            self.points = sent["points"] if sent["reset"] else [*self.points, *sent["points"]]
        return [point[0] for point in self.points]

    def row(self) -> dict[str, object]:
        self.board.symbols.refresh(self.now)
        (row,) = self.board.symbols.rows_since(0)
        return dict(zip(COLUMNS, row, strict=True))


def assert_follows(page: Page, ts_event: int) -> None:
    """The symbol's newest prediction must have this time, and its chart must end there with growing times."""
    state = page.board.symbols.get("X")
    assert state is not None
    assert state.ts_event == ts_event
    is_history = page.now - ts_event / 1e9 > HISTORY_S
    assert page.row()["state"] == ("history" if is_history else "live")
    times = page.painted()
    assert times == sorted(times)
    assert times[-1] <= ts_event / 1e6
    assert page.board.symbols.newest_ns(page.now) == ts_event


def at_work(page: Page, count: int = 500) -> int:
    ts_event = ONE.ts_event
    for _ in range(count):
        ts_event += SECOND
        page.predict(ts_event)
        page.painted()
    return ts_event


@pytest.mark.parametrize("generation", [0, 1], ids=["unsaid", "said"])
@pytest.mark.parametrize("back", BACK)
def test_the_page_follows_a_clock_that_is_set_back_by_any_magnitude(back: int, generation: int) -> None:
    page = Page()
    set_back = at_work(page) - back
    page.predict(set_back, generation)
    assert_follows(page, set_back)
    for second in range(1, 40):
        page.predict(set_back + second * SECOND, generation)
        assert_follows(page, set_back + second * SECOND)
    assert page.points[-1][0] >= (set_back + 38 * SECOND) / 1e6


@pytest.mark.parametrize("generations", [(0, 0), (1, 2)], ids=["unsaid", "said"])
def test_the_page_follows_one_tick_from_a_year_ahead_and_the_ticks_after_it(generations: tuple[int, int]) -> None:
    page = Page()
    usual = at_work(page)
    page.predict(usual + YEAR, generations[0])
    assert_follows(page, usual + YEAR)
    for second in range(1, 40):
        page.predict(usual + second * SECOND, generations[1])
        assert_follows(page, usual + second * SECOND)
    if not any(generations):
        assert page.points[0][0] == (ONE.ts_event + SECOND) / 1e6, "what came before is there"
        assert len(page.points) > 200


def test_a_new_generation_begins_a_new_course() -> None:
    page = Page()
    usual = at_work(page)
    page.predict(usual + SECOND, generation=1)
    assert page.painted() == [(usual + SECOND) / 1e6]


def test_a_record_that_was_written_again_is_a_repeat_however_time_runs() -> None:
    page = Page()
    usual = at_work(page, 20)
    state = page.predict(usual - 5 * SECOND, tick=17)
    assert state.ts_event == usual


def test_an_id_that_was_made_up_does_not_close_a_symbol() -> None:
    page = Page()
    usual = at_work(page, 20)
    page.predict(usual + SECOND, tick=10**17)
    for second in range(2, MOST_REPEATS + 4):
        page.predict(usual + second * SECOND)
    assert_follows(page, usual + (MOST_REPEATS + 3) * SECOND)


def test_the_clock_of_the_page_goes_back_with_the_market() -> None:
    pace = EventPace()
    pace.take(100_000, YEAR + DAY)
    for second in range(5):
        pace.take(101_000 + 1_000 * second, DAY + second * SECOND)
    assert pace.speed(105.0) == pytest.approx(1.0)


def test_the_speed_of_a_replay_is_that_of_its_writing_however_late_the_page_reads_it() -> None:
    """A page that opens late reads five symbols at once, one of them far ahead; then the replay ends."""
    symbols, end_ms = Symbols(), 1_000_000_000
    lean = msgspec.json.decode(encode(ONE), type=PredictionFields)
    for place in range(5):
        for step in range(20):
            at = YEAR + place * DAY + step * 50 * SECOND
            made = replace(lean, id=f"ticks:{place}:{step}", symbol=f"S{place}", ts_event=at)
            symbols.predicted(made, place, step, 7.0, end_ms - 500 * (19 - step))
    assert symbols.speed(end_ms / 1e3) == pytest.approx(100.0)
    assert symbols.speed(end_ms / 1e3 + 30.0) is None, "nothing is played any more"


def test_a_night_without_ticks_does_not_count_in_the_speed_of_a_replay() -> None:
    pace = EventPace()
    for step in range(10):
        pace.take(1_000 * step, step * 10 * SECOND + (DAY if step > 5 else 0))
    assert pace.speed(9.0) == pytest.approx(80.0 / 9.0)


def outcome(number: int, ts_event: int) -> OutcomeFields:
    first = next(iter(outcomes()))
    return replace(first, prediction_id=f"ticks:0:{number}", ts_event=ts_event + SECOND, ts_prediction=ts_event)


def outcomes() -> list[OutcomeFields]:
    return [msgspec.json.decode(value, type=OutcomeFields) for _, _, value in written()["outcomes"][:1]]


@pytest.mark.parametrize("far", [-10 * YEAR, -DAY, DAY, YEAR])
def test_one_outcome_of_another_time_leaves_skill_as_it_is(far: int) -> None:
    kept = Outcomes()
    for number in range(2 * LATEST):
        kept.take(outcome(number, ONE.ts_event + number * SECOND))
    usual = frame(kept.snapshot())
    kept.take(outcome(10**6, ONE.ts_event + far))
    assert len(frame(kept.snapshot())) == len(usual)
    assert good(kept.snapshot(), [], 0, 0).verdict


@pytest.mark.parametrize("back", BACK)
def test_the_band_about_skill_goes_over_to_the_time_that_outcomes_are_of(back: int) -> None:
    kept = Outcomes()
    for number in range(1_000):
        kept.take(outcome(number, ONE.ts_event + number * SECOND))
    set_back = ONE.ts_event + 1_000 * SECOND - back
    for number in range(LATEST):
        kept.take(outcome(1_000 + number, set_back + number * SECOND))
    assert frame(kept.snapshot())["ts_prediction"].iloc[-1] == set_back + (LATEST - 1) * SECOND


def moved(number: int, ts_event: int) -> ExperimentMoved:
    one = next(each for each in RECORDS[ExperimentMoved] if type(each) is ExperimentMoved)
    return replace(one, id=f"ticks:3:{number}:0", ts_event=ts_event, pairs=number, batches=number, scored=number)


@pytest.mark.parametrize("back", BACK)
def test_an_experiment_goes_on_after_its_clock_was_set_back(back: int) -> None:
    board = Board()
    for number in range(10):
        ts_event = ONE.ts_event + number * SECOND - (back if number > 5 else 0)
        value = encode(moved(number, ts_event))
        board.take(EXPERIMENTS.name, [Received(3, number, 0, b"", value)] * 2, NOW_S)
    ((_, course),) = list(board.courses)
    assert [each.pairs for each in course.moves] == list(range(10)), "each once, in the order of records"


def test_the_time_line_goes_by_when_records_were_written() -> None:
    board = Board()
    version = next(each for each in OF_MODELS[ModelVersion] if isinstance(each, ModelVersion))
    for number in range(MOST):  # a flood from the far future
        far = replace(version, id=f"commands:0:{number}:0", version=f"far-{number}", ts_event=2**63 - 1 - number)
        board.take(MODEL_VERSIONS.name, [Received(0, number, round(1e3 * NOW_S), b"", encode(far))], NOW_S)
    now = replace(version, id="commands:0:9000:0", version="now", ts_event=ONE.ts_event)
    board.take(MODEL_VERSIONS.name, [Received(0, 9_000, round(1e3 * NOW_S) + 1, b"", encode(now))], NOW_S + 1.0)
    assert board.timeline.view()[0].subject == "now"
    assert len(board.timeline.view()) == MOST


def test_a_time_of_writing_in_the_future_is_now() -> None:
    board = Board()
    version = next(each for each in OF_MODELS[ModelVersion] if isinstance(each, ModelVersion))
    for number, written_ms in ((0, 2**62), (1, round(1e3 * NOW_S) + 5)):
        one = replace(version, id=f"commands:0:{number}:0", version=f"v{number}")
        board.take(MODEL_VERSIONS.name, [Received(0, number, written_ms, b"", encode(one))], NOW_S + number)
    assert [each.subject for each in board.timeline.view()] == ["v1", "v0"]


def test_a_break_stands_on_the_time_line() -> None:
    board = Board()
    broken, jumped = RECORDS[ClockBroken]
    assert isinstance(broken, ClockBroken)
    board.alerts.take(replace(alert("promoted", "info", YEAR), symbol=broken.symbol), 100.0)
    board.take(BREAKS.name, [Received(3, 0, round(1e3 * NOW_S), b"", encode(broken))] * 2, NOW_S)
    (change,) = board.timeline.view()
    assert (change.kind, change.title, change.subject) == ("break", "clock set back", "generation 1")
    assert change.sentence == broken.sentence
    board.alerts.take(replace(alert("breach", "warning", DAY), symbol=broken.symbol), 101.0)
    assert len(board.alerts.open(0.0)) == 1, "what was far ahead answers nothing any more"
    board.take(BREAKS.name, [Received(3, 1, round(1e3 * NOW_S), b"", encode(jumped))], NOW_S + 1.0)
    assert [each.title for each in board.timeline.view()] == ["price jumped", "clock set back"]


def alert(kind: str, severity: str, ts_event: int) -> Alert:
    return Alert(f"id-{kind}-{ts_event}", "a-topic", "X", ts_event, kind, severity, "v1", "why")  # type: ignore[arg-type]


def test_an_alert_from_before_a_break_of_the_clock_is_closed_by_a_record_written_later() -> None:
    some = OpenAlerts()
    some.take(alert("breach", "warning", YEAR), 100.0)
    some.take(alert("promoted", "info", DAY), 101.0)
    assert len(some.open(0.0)) == 1, "an answer at about the same time is judged by event time"
    some.take(alert("promoted", "info", DAY + 1), 101.0 + MUCH_LATER_S)
    assert some.open(0.0) == []


def test_after_a_break_what_was_far_ahead_answers_nothing() -> None:
    some = OpenAlerts()
    some.take(alert("promoted", "info", YEAR), 100.0)
    some.broken("X")
    some.take(alert("breach", "warning", DAY), 101.0)
    assert len(some.open(0.0)) == 1


def test_what_was_written_before_the_page_was_opened_is_no_latency_of_now() -> None:
    watch, pair = server().watch, ({17: PredictionTimes(1_030, 1)}, {17: 1_000})
    for second in range(3):
        watch.rates.take(Ends(second, {"ticks": 99, "predictions": 99, "dead-letters": 0}, {0: 0}, {0: 99}))
        watch.timed([pair], second)
    assert watch.latency.quantiles(3.0) is None
    watch.rates.take(Ends(3.0, {"ticks": 100, "predictions": 100, "dead-letters": 0}, {0: 0}, {0: 100}))
    watch.timed([pair], 3.0)
    assert watch.latency.quantiles(3.0) is not None
