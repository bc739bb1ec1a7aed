"""Readers drop records that a worker repeats, and invented ids cannot make them drop others."""

from random import Random
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from agents.clients import repeats as module
from agents.clients.reader import Once, Received
from agents.clients.repeats import MOST_DROPPED, MOST_REMEMBERED, Repeats
from agents.clients.rosters import Rosters
from agents.config.settings import Settings
from agents.dashboard.bands.alerts import OpenAlerts
from agents.dashboard.follow.topics_state import Board
from agents.dashboard.state.shown_fields import OutcomeFields
from agents.retrainer.latency_guard import SPAN_S, Watched
from schemas.alerts import Alert
from schemas.codec import encode
from schemas.outcomes import OutcomeMatured
from schemas.topics import OUTCOMES
from schemas.versions import ModelVersion
from tests.support.dashboard_records import NOW_S, written
from tests.support.golden_model_records import OF_MODELS

FAR = 10**17

A_VERSION = next(each for each in OF_MODELS[ModelVersion] if isinstance(each, ModelVersion))


@pytest.mark.parametrize("forged", [1, 7, 500])
def test_ids_that_were_made_up_hide_nothing(forged: int) -> None:
    repeats = Repeats()
    assert all(repeats.is_new("x", (offset,)) for offset in range(100))
    for number in range(forged):
        repeats.is_new("x", (FAR + number,))
    assert all(repeats.is_new("x", (offset,)) for offset in range(100, 3 * MOST_REMEMBERED))
    assert not any(repeats.is_new("x", (offset,)) for offset in range(3 * MOST_REMEMBERED))


def test_reading_ends_however_many_ids_were_made_up() -> None:
    repeats = Repeats()
    for number in range(2 * MOST_REMEMBERED):
        repeats.is_new("x", (FAR + number,))
    first = next(offset for offset in range(FAR) if repeats.is_new("x", (offset,)))
    assert first == MOST_DROPPED
    assert all(repeats.is_new("x", (offset,)) for offset in range(first + 1, first + 50))


def test_repeats_of_any_length_from_anywhere_are_dropped() -> None:
    random, repeats = Random(7), Repeats()
    begin = done = 5_000
    new: list[int] = []
    while done < 120_000:
        back = random.choice((0, 3, 700, 2 * MOST_REMEMBERED))
        start, done_then = max(begin - 100, done - back), done + random.randrange(1, 9_000)
        new += [offset for offset in range(start, done_then) if repeats.is_new("x", (offset,))]
        done = done_then
    assert new == list(range(new[0], done))


def test_places_that_were_made_up_take_no_more_room_than_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PLACES", 50)
    monkeypatch.setattr(module, "MOST_REMEMBERED", 100)
    repeats = Repeats()
    for number in range(10_000):
        assert repeats.is_new(f"node-{number}", (number,))
    assert max(len(repeats._floors), len(repeats._newest), len(repeats._dropped)) <= 50
    assert len(repeats._remembered) == len(repeats._seen) <= 100


def test_readers_see_records_after_an_id_that_was_made_up() -> None:
    once = Once()
    ids = [7, 8, FAR, 9, 10, 9, FAR]
    assert [once.is_new(0, b'{"id":"ticks:0:%d"}' % each) for each in ids] == [True] * 5 + [False] * 2


def test_the_page_shows_outcomes_after_an_id_that_was_made_up() -> None:
    board = Board()
    _, key, value = written()["outcomes"][0]
    first = msgspec.json.decode(value, type=OutcomeMatured)
    for offset, number in enumerate((1, FAR, 2)):
        one = replace(first, id=f"ticks:0:{number}:0", prediction_id=f"ticks:0:{number}")
        board.take(OUTCOMES.name, [Received(0, offset, round(1e3 * NOW_S), key.encode(), encode(one))], NOW_S)
    found: OutcomeFields | None = board.outcomes.find("ticks:0:2")
    assert found is not None


def test_the_latency_guard_goes_on_after_an_id_that_was_made_up() -> None:
    version = replace(A_VERSION, version="v1")
    watched = Watched(version, 0, 0, 100.0)
    made = '{"id":"ticks:0:%d","ts_event":%d,"model_version":"%s"}'
    for second in range(200):
        at_ms = 100 * second
        watched.tick(record(second, at_ms, b""))
        shown, took = ("v1", 400) if second >= 50 else ("v0", 10)
        if second in (3, 90):
            watched.prediction(record(second, at_ms, (made % (FAR + second, 1, "v1")).encode()))
        watched.prediction(record(second, at_ms + took, (made % (second, second + 1, shown)).encode()))
        watched.pair()
    assert watched.slowness.verdict, f"slow for {0.1 * 150 / SPAN_S:.0f} spans"


def record(offset: int, timestamp: int, value: bytes) -> Any:
    return SimpleNamespace(topic="t", partition=0, offset=offset, timestamp=timestamp, value=value)


async def test_a_version_that_says_to_be_of_the_future_is_one_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.clients.rosters.time.time", lambda: NOW_S)
    version = A_VERSION

    class Topic:
        async def new(self) -> Any:
            yield None, record(0, 2**62, encode(version))

    topic: Any = Topic()
    looking = Rosters(Settings(), topic, topic)
    await looking._follow()
    assert looking._changed_ms == {version.symbol: 1e3 * NOW_S}


def test_an_answer_of_a_far_time_answers_until_the_next_one() -> None:
    def alert(kind: str, severity: str, ts_event: int) -> Alert:
        return Alert(f"id-{ts_event}", "a-topic", "X", ts_event, kind, severity, "v1", "why")  # type: ignore[arg-type]

    some = OpenAlerts()
    some.take(alert("promoted", "info", FAR), 100.0)
    some.take(alert("promoted", "info", 5), 101.0)
    some.take(alert("breach", "warning", 6), 102.0)
    assert len(some.open(0.0)) == 1
