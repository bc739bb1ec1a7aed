"""The page shows every alert on the topic, and shows none twice."""

from itertools import permutations
from typing import Any, get_args

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from agents.clients.reader import Received
from agents.dashboard.bands.alerts import ANSWERED_BY, REFUSED_S, OpenAlerts
from agents.dashboard.bands.alive import BrokerLink, Clock, alive
from agents.dashboard.bands.lights import Lights
from agents.dashboard.bands.timeline import MOST
from agents.dashboard.follow.topics_state import Board
from agents.dashboard.state.latency import Latency
from agents.dashboard.state.rates import Rates
from schemas.alerts import Alert, AlertKind
from schemas.breaks import ClockBroken
from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.faults import ComponentFailed
from schemas.retraining import RetrainFinished, RetrainJob
from schemas.topics import (
    ACCURACY_WINDOWS,
    ALERTS,
    BREAKS,
    CANDIDATES,
    DEAD_LETTERS,
    FAULTS,
    MODEL_VERSIONS,
    RETRAIN_JOBS,
    Topic,
)
from schemas.versions import ModelVersion
from schemas.windows import AccuracyWindow
from streams.monitoring.alerts import alert_of, started
from tests.support.dashboard_records import NOW_S
from tests.support.golden_model_records import BREACH, OF_MODELS
from tests.support.golden_records import RECORDS

WINDOW: Any = OF_MODELS[AccuracyWindow][0]
JOB: Any = OF_MODELS[RetrainJob][-1]
FINISHED: Any = OF_MODELS[RetrainFinished][-1]
VERSION: Any = replace(OF_MODELS[ModelVersion][-1], change="promote_variant", status="champion", held=UNSET)
LETTER = DeadLetter("commands:3:7", "lifecycle", "bad_command", "expected a model of schema 1, was 9", b"X", b"{}")
FAILED: Any = replace(FINISHED, result=replace(FINISHED.result, status="failed", sentence="because"))

SAID_ALREADY: list[tuple[Topic, Any]] = [
    (ACCURACY_WINDOWS, WINDOW),
    (
        ACCURACY_WINDOWS,
        replace(WINDOW, breach=replace(BREACH, retrain=False, withheld="budget spent: 24", withheld_by="budget")),
    ),
    (BREAKS, RECORDS[ClockBroken][-1]),
    (FAULTS, RECORDS[ComponentFailed][0]),
    (FAULTS, RECORDS[ComponentFailed][1]),
    (RETRAIN_JOBS, JOB),
    (CANDIDATES, FAILED),
    (CANDIDATES, replace(FAILED, result=replace(FAILED.result, status="rejected"))),
    (MODEL_VERSIONS, VERSION),
    (MODEL_VERSIONS, replace(VERSION, change="roll_back", status="rolled_back")),
    (MODEL_VERSIONS, replace(VERSION, status="shadow", held=True)),
    (MODEL_VERSIONS, replace(VERSION, change="stop_variant", status="rejected")),
    (MODEL_VERSIONS, replace(VERSION, change="start_variant", status="shadow", arm="candidate-1")),
]


def alert(kind: str, severity: str, ts_event: int, symbol: str = "X") -> Alert:
    return Alert(f"id-{kind}-{ts_event}", "a-topic", symbol, ts_event, kind, severity, "v1", f"of {kind}")  # type: ignore[arg-type]


def board_of(*records: tuple[Topic, Any]) -> Board:
    board = Board()
    for offset, (topic, record) in enumerate(records):
        board.take(topic.name, [Received(0, offset, round(1e3 * NOW_S), b"X", encode(record))], NOW_S)
    assert board.passed.count == 0
    return board


def told_of(record: Any) -> Alert:
    found = alert_of(record)
    assert found is not None
    return found


@pytest.mark.parametrize(("topic", "record"), SAID_ALREADY, ids=[told_of(record).kind for _, record in SAID_ALREADY])
def test_a_fact_stands_once_and_bears_the_severity_of_its_alert(topic: Topic, record: Any) -> None:
    about = told_of(record)
    for order in permutations([(topic, record), (ALERTS, about), (ALERTS, about)]):
        (change,) = board_of(*order).timeline.view()
        assert change.kind != "alert", "the record says more than the alert does"
        assert (change.id, change.ts_event, change.severity) == (about.id, about.ts_event, about.severity)
    (alone,) = board_of((ALERTS, about)).timeline.view()
    assert (alone.kind, alone.sentence, alone.ts_event) == ("alert", about.sentence, about.ts_event)


def test_every_kind_of_alert_is_covered() -> None:
    said = {told_of(record).kind for _, record in SAID_ALREADY}
    assert said | {"retrain_started", "refused", "roster"} == set(get_args(AlertKind))


def test_an_alert_that_no_other_record_shows_is_shown_by_itself() -> None:
    begun = started(replace(JOB, withheld=""))
    changes = board_of((RETRAIN_JOBS, replace(JOB, withheld="")), (ALERTS, begun)).timeline.view()
    assert {(each.kind, each.title, each.severity) for each in changes} == {
        ("retrain", "retrain called for", ""),
        ("alert", "training begins", "info"),
    }


def test_a_refusal_stands_where_it_was_written_for_it_has_no_event_time() -> None:
    (change,) = board_of((DEAD_LETTERS, LETTER), (ALERTS, told_of(LETTER))).timeline.view()
    assert (change.kind, change.severity, change.written) == ("alert", "error", True)
    assert change.ts_event == round(1e3 * NOW_S) * 10**6
    assert "schema 1, was 9" in change.sentence


def test_a_refusal_outlives_what_happened_before_it() -> None:
    board = board_of((ALERTS, told_of(LETTER)))
    for number in range(2 * MOST):
        version = replace(VERSION, id=f"commands:0:{number}:0", ts_event=number)
        board.take(MODEL_VERSIONS.name, [Received(0, number, 0, b"X", encode(version))], NOW_S)
    assert board.timeline.view()[0].kind == "alert"
    assert len(board.timeline.view()) == MOST


@pytest.mark.parametrize("kind", ANSWERED_BY)
@pytest.mark.parametrize("answer", ["promoted", "well", "trained"])
def test_an_alert_is_open_until_what_answers_it(kind: str, answer: str) -> None:
    def answered(open_alerts: OpenAlerts, ts_event: int) -> None:
        if answer == "well":
            open_alerts.windowed(replace(WINDOW, symbol="X", live=True, breach=None, ts_event=ts_event), 0.0)
        else:
            open_alerts.take(alert({"promoted": "promoted", "trained": "candidate"}[answer], "info", ts_event), 0.0)

    for alert_first in (True, False):
        for later, is_open in ((6, answer not in ANSWERED_BY[kind]), (4, True)):
            some = OpenAlerts()
            if not alert_first:
                answered(some, later)
            some.take(alert(kind, "warning", 5), 0.0)
            if alert_first:
                answered(some, later)
            assert bool(some.open(0.0)) == is_open, (kind, answer, alert_first, later)


def test_a_breach_that_passed_is_open_no_more() -> None:
    some = OpenAlerts()
    some.take(alert("breach", "warning", 5), 0.0)
    some.take(alert("breach", "info", 6), 0.0)
    assert some.open(0.0) == []


def test_worst_and_newest_come_first_and_other_symbols_answer_nothing() -> None:
    some = OpenAlerts()
    for each in (alert("breach", "warning", 9), alert("rolled_back", "error", 5), alert("breach", "warning", 7, "Y")):
        some.take(each, 0.0)
    some.take(alert("promoted", "info", 8, "Y"), 0.0)
    some.take(alert("candidate", "info", 8), 0.0)
    assert [(each.symbol, each.kind) for each in some.open(0.0)] == [("X", "rolled_back"), ("X", "breach")]


def test_a_refusal_counts_once_and_for_an_hour() -> None:
    some = OpenAlerts()
    for _ in range(2):
        some.take(told_of(LETTER), NOW_S)
    assert len(some.open(NOW_S + REFUSED_S - 1.0)) == 1
    assert some.open(NOW_S + REFUSED_S + 1.0) == []


def test_the_tile_counts_the_open_ones_and_leaves_the_mode_alone() -> None:
    def tile(open_alerts: OpenAlerts) -> Any:
        band = alive(Rates(), Latency(), Clock(), BrokerLink(), Lights(), open_alerts, NOW_S)
        assert band.colour == "idle", "alerts are about models, not about whether it runs"
        return band.tiles[-1]

    some = OpenAlerts()
    assert (tile(some).value, tile(some).colour) == ("-", "idle")
    some.take(alert("candidate", "info", 4), 0.0)
    assert (tile(some).value, tile(some).colour) == ("0", "good")
    some.take(alert("breach", "warning", 5), 0.0)
    assert (tile(some).value, tile(some).colour) == ("1", "attention")
    some.take(alert("rolled_back", "error", 6), 0.0)
    assert (tile(some).value, tile(some).colour) == ("2", "act")
    assert "worst: rolled back X; errors: 1, warnings: 1" in tile(some).note


def test_each_component_that_fails_is_open_by_itself_until_somebody_has_seen_it() -> None:
    some = OpenAlerts()
    one, other = (replace(alert("component_failed", "warning", 5), subject=name) for name in ("v1 regime", "v2 regime"))
    for each in (one, other, replace(one, id="later", ts_event=6)):
        some.take(each, 0.0)
    some.take(alert("promoted", "info", 9), 100.0)
    assert [(each.subject, each.ts_event) for each in some.open(1e6)] == [("v1 regime", 6), ("v2 regime", 5)]
