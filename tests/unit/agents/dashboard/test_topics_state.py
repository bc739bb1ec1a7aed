"""The state of the dashboard follows from the records alone, and stays bounded."""

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from agents.dashboard.bands.deciding import MOST_MOVES, headlines, standing
from agents.dashboard.bands.good import good
from agents.dashboard.follow.topics_state import Board
from agents.dashboard.serve.view import SentPart, course_of
from agents.dashboard.state.forecasts import frame
from agents.dashboard.state.model_kinds import kinds_of_configuration
from agents.dashboard.state.series import CAPACITY, MOST_BELIEFS, Beliefs, Point, Series
from schemas.accounts import AccountMarked
from schemas.codec import encode
from schemas.commands import StartVariant
from schemas.dead_letters import DeadLetter
from schemas.experiments import ExperimentMoved
from schemas.models import ExpertModel, ModelState, OnnxState, TreesState
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.retraining import RetrainFinished
from schemas.topics import TICKS, TOPICS
from schemas.versions import ModelVersion
from streams.reports.track_record.forecasts import forecasts
from tests.support.dashboard_records import NOW_S, fed, received, written
from tests.support.golden_records import RECORDS

UNWATCHED = {"ticks", "experiment-partials", "log-events"}
"""Topics that the page does not follow: ticks are sampled for latencies only, and the others show nothing."""


def decoded(topic: str, kind: type) -> list:  # type: ignore[type-arg]
    return [msgspec.json.decode(value, type=kind) for _, _, value in written().get(topic, [])]


def test_the_page_follows_every_topic_but_those_that_show_nothing() -> None:
    assert {topic.name for topic in TOPICS} - set(Board().topics) == UNWATCHED


@pytest.mark.parametrize(
    "topic", [topic for topic in TOPICS if topic.name not in UNWATCHED], ids=lambda each: each.name
)
def test_every_record_that_was_ever_written_is_understood(topic: object) -> None:
    board = Board()
    for kind in topic.records:  # type: ignore[attr-defined]
        values = [encode(record) for record in RECORDS[kind]]
        board.take(topic.name, received([(0, "", value) for value in values]), NOW_S)  # type: ignore[attr-defined]
    assert list(board.passed.newest) == []
    board.symbols.refresh(NOW_S)
    board.take(topic.name, received([(0, "", b"{}")]), NOW_S)  # type: ignore[attr-defined]
    assert board.passed.count == 1, "what is none of the topic's records is counted, and stops nothing"


def test_a_row_says_what_the_newest_records_of_the_symbol_say() -> None:
    board = fed(written())
    board.symbols.refresh(NOW_S)
    rows = {row[0]: row for row in board.symbols.rows_since(0)}
    predictions = {each.symbol: each for each in decoded("predictions", Prediction)}
    marks = {each.symbol: each for each in decoded("paper-account", AccountMarked)}
    assert set(rows) == set(predictions)
    for symbol, row in rows.items():
        shown = board.symbols.get(symbol)
        assert shown is not None
        of = shown.prediction
        assert of is not None
        assert abs(of.ts_event - predictions[symbol].ts_event) < 300_000_000, "not older than the sampling allows"
        assert row[1] == pytest.approx(of.mid, rel=1e-6)
        assert (row[6], row[7], row[8]) == (round(marks[symbol].net_bps, 1), of.regime, of.model_version)


def test_what_is_written_again_after_a_crash_changes_nothing() -> None:
    topics = written()
    board = fed(topics)
    before = msgspec.json.encode([board.timeline.view(), [state.series.points() for state in board.symbols]])
    counted = board.outcomes.taken
    for name, records in topics.items():
        if name in board.topics:
            board.take(name, received(records)[-300:], NOW_S)
    after = msgspec.json.encode([board.timeline.view(), [state.series.points() for state in board.symbols]])
    assert (after, board.outcomes.taken) == (before, counted)


def test_skill_is_that_of_the_outcomes_on_the_topic() -> None:
    from schemas.names import LIVE
    from streams.reports.backtest_columns import columns
    from streams.reports.backtest_columns import frame as table

    records = decoded("outcomes", OutcomeMatured)
    board = fed(written())
    ours = forecasts(frame(board.outcomes.snapshot()))
    theirs = forecasts(table(OutcomeMatured, columns(OutcomeMatured, records)))
    assert ours is not None
    assert theirs is not None
    assert (ours.scored, ours.independent, ours.best) == (theirs.scored, theirs.independent, theirs.best)
    assert ours.skill(LIVE)[0] == theirs.skill(LIVE)[0]


def test_the_band_says_that_there_are_no_outcomes() -> None:
    empty = good((), [], 0, 0)
    assert "moved yet" in empty.verdict
    assert all(each.missing.startswith("Not enough data yet") for each in empty.figures)
    assert all(value == "-" for _, value, _ in empty.facts)


def test_a_browser_gets_each_point_once_and_all_of_them_after_a_thinning() -> None:
    board = fed(written())
    state = next(iter(board.symbols))
    has = SentPart()
    first = course_of(state, board, has)
    assert first is not None
    assert first["reset"]
    assert len(first["points"]) == len(state.series)
    assert course_of(state, board, has) is None, "nothing is new"
    newest = state.prediction
    assert newest is not None
    for number in range(2 * CAPACITY):
        later = msgspec.structs.replace(newest, id=f"ticks:9:{number}", ts_event=newest.ts_event + (number + 1) * 10**9)
        board.symbols.predicted(later, state.partition, number, NOW_S)
    again = course_of(state, board, has)
    assert again is not None
    assert again["reset"]
    assert len(again["points"]) <= CAPACITY


def test_a_course_stays_bounded_and_keeps_its_newest_point() -> None:
    series = Series(capacity=64)
    for second in range(100_000):
        series.add(Point(second * 10**9, 1.0, 0.5, 0.5, 0.0, 0, 0.0, 0.0, second))
    assert len(series) <= 64
    assert series.latest > (100_000 - 130) * 10**9


def test_what_is_believed_in_each_strategy_is_what_the_outcomes_say() -> None:
    board = fed(written())
    of_symbol: dict[str, dict[int, OutcomeMatured]] = {}
    for each in decoded("outcomes", OutcomeMatured):
        of_symbol.setdefault(each.symbol, {}).setdefault(each.ts_event, each)
    assert of_symbol
    for symbol, outcomes in of_symbol.items():
        state = board.symbols.get(symbol)
        assert state is not None
        course = course_of(state, board, SentPart())
        assert course is not None
        told = course["beliefs"]
        newest = max(outcomes.values(), key=lambda each: each.ts_event)
        assert told["latest"] == (newest.ts_event / 1e6, newest.weights)
        rows = state.beliefs.rows()
        assert told["points"] == [(row[0] / 1e6, *row[1:]) for row in rows]
        assert len(rows) > 10
        for ts_event, *weights in rows:
            assert dict(zip(told["names"], weights, strict=True)) == outcomes[ts_event].weights
            assert sum(weights) == pytest.approx(1.0)


def test_outcomes_of_before_there_were_weights_leave_the_band_empty() -> None:
    board = Board()
    old = msgspec.structs.replace(decoded("outcomes", OutcomeMatured)[0], weights={})
    board.take("predictions", received(written()["predictions"][:50]), NOW_S)
    board.take("outcomes", received([(0, "", encode(old))]), NOW_S)
    state = board.symbols.get(old.symbol)
    assert state is not None
    course = course_of(state, board, SentPart())
    assert course is not None
    assert course["beliefs"] == {"reset": True, "names": [], "words": [], "points": [], "latest": None}


def test_the_page_tells_models_from_strategies_by_what_records_and_configuration_declare() -> None:
    declared = kinds_of_configuration({"symbols": {"X": {"market": {"models": {"of_x": {"kind": "own"}}}}}})
    board = Board(declared)
    base = decoded("outcomes", OutcomeMatured)[0]
    names = ("flat", "signed_logistic", "of_x", "by_version", "by_command", "by_retrain")
    weights = dict.fromkeys(names, 1.0 / len(names))
    state = TreesState(("spread",), (), (), (), (), (), ())
    version = ModelVersion(
        "commands:0:7:0", "X", "v1", "", "shadow", "", 5, "c1", overrides={"models": {"by_version": {"kind": "river"}}}
    )
    brought = ModelState("v2", None, expert=ExpertModel("by_command", OnnxState(("spread",), b"")))
    retrained = ModelState("v3", None, expert=ExpertModel("by_retrain", state))
    finished = next(each for each in RECORDS[RetrainFinished] if isinstance(each, RetrainFinished))
    finished = replace(finished, result=replace(finished.result, candidate=retrained))
    board.take("model-versions", received([(0, "", encode(version))]), NOW_S)
    board.take("commands", received([(0, "", encode(StartVariant("c1", "X", 5, "a", "", model=brought)))]), NOW_S)
    board.take("candidates", received([(0, "", encode(finished))]), NOW_S)
    board.take("predictions", received(written()["predictions"][:50]), NOW_S)
    board.take("outcomes", received([(0, "", encode(replace(base, weights=weights)))]), NOW_S)
    assert board.passed.count == 0
    shown = board.symbols.get(base.symbol)
    assert shown is not None
    course = course_of(shown, board, SentPart())
    assert course is not None
    assert dict(zip(course["beliefs"]["names"], course["beliefs"]["words"], strict=True)) == {
        "flat": "flat",
        "signed_logistic": "signed logistic",
        "of_x": "of x (own model)",
        "by_version": "by version (River)",
        "by_command": "by command (ONNX)",
        "by_retrain": "by retrain (trees)",
    }


def test_an_expert_that_comes_or_leaves_is_judged_where_it_was() -> None:
    """The page has outcomes of several versions at once; none of them names all experts."""
    every = decoded("outcomes", OutcomeMatured)
    of_one = {each.id: each for each in every if each.label and each.symbol == every[0].symbol}
    kept = list(of_one.values())
    half = len(kept) // 2
    early = [replace(each, experts={"flat": 0.5, "leaves": 0.5 + 0.2 * each.label}) for each in kept[:half]]
    late = [replace(each, experts={"flat": 0.5, "comes": 0.5 - 0.2 * each.label}) for each in kept[half:]]
    board = Board()
    board.take("outcomes", received([(0, "", encode(each)) for each in (*early, *late)]), NOW_S)
    found = forecasts(frame(board.outcomes.snapshot()))
    assert found is not None
    assert {name: part.count for name, part in found.parts.items()} == {"leaves": half, "comes": len(kept) - half}
    assert found.losses["leaves"][found.parts["leaves"].at] == pytest.approx(-np.log(0.7))
    assert found.losses["comes"][found.parts["comes"].at] == pytest.approx(-np.log(0.3))
    chart = good(board.outcomes.snapshot(), [], 0, 0).figures[1]
    assert chart.missing or b"comes" in bytes(chart.figure)


def test_beliefs_stay_bounded_however_many_experts_come_and_go() -> None:
    beliefs = Beliefs()
    for second in range(50_000):
        beliefs.take(second * 10**9, {"stays": 0.5, f"of-{second // 1_000}": 0.5})
    assert len(beliefs) <= MOST_BELIEFS
    assert len(beliefs.names) <= 2 + MOST_BELIEFS // 10
    ts_event, *weights = beliefs.rows()[-1]
    assert dict(zip(beliefs.names, weights, strict=True))[f"of-{ts_event // 10**12}"] == 0.5
    assert all(sum(row[1:]) == 1.0 for row in beliefs.rows())


def test_an_experiment_keeps_its_newest_record_and_few_enough_of_the_others() -> None:
    board = Board()
    one = next(each for each in RECORDS[ExperimentMoved] if isinstance(each, ExperimentMoved))
    for number in range(5_000):
        moved = msgspec.structs.replace(
            one, id=f"ticks:0:{number}/x", ts_event=one.ts_event + number, pairs=number, batches=number
        )
        board.courses.moved(moved)
    ((_, course),) = list(board.courses)
    assert len(course.moves) <= MOST_MOVES
    assert course.latest.pairs == 4_999
    assert standing(course).plan == one.plan
    assert headlines(board.courses).all == 1


def test_before_the_first_batch_nothing_is_estimated() -> None:
    board = Board()
    one = next(each for each in RECORDS[ExperimentMoved] if isinstance(each, ExperimentMoved))
    board.courses.moved(msgspec.structs.replace(one, pairs=0, scored=0, batches=0, effect=0.0, low=None, high=None))
    ((_, course),) = list(board.courses)
    (row,) = headlines(board.courses).rows
    assert row.effect == "-"
    values = {name: value for name, value, _ in standing(course).facts}
    assert (values["Effect"], values["Dependence"]) == ("-", "-")
    assert all(each.effect == "-" for each in standing(course).guardrails)


def test_the_tick_log_is_no_topic_of_the_board() -> None:
    with pytest.raises(KeyError):
        Board().take(TICKS.name, received([(0, "", b"{}")]), NOW_S)


def test_a_dead_letter_that_a_worker_writes_again_counts_once() -> None:
    board = Board()
    letter, other = RECORDS[DeadLetter][:2]
    again = [
        (0, "", encode(letter)),
        (0, "", encode(msgspec.structs.replace(letter, id="ticks:3:1099"))),
        (0, "", encode(letter)),
    ]
    board.take("dead-letters", received(again), NOW_S)
    assert [count for _, count in board.letters.view().counts] == [2]
    board.take("dead-letters", received([(1, "", encode(other))]), NOW_S)
    assert len(board.letters.view().newest) == 3
