"""`tickloop publish` and `tickloop consume`: answers to wrong usage, and how records are shown."""

import logging

import pytest
from click.testing import CliRunner

from agents.cli import cli
from agents.cli.absent_broker import AbsentBroker
from agents.cli.record_tables import cells, columns_of
from agents.clients.pace import Pace, Schedule
from agents.clients.reader import Once
from schemas.dead_letters import DeadLetter
from schemas.errors import ConfigurationError
from schemas.ticks import Quote, ReferenceTick, Trade
from schemas.topics import TICKS, TOPICS


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["publish", "a.csv", "--speed", "fast"], "--speed: expected 1x, 100x or max"),
        (["publish", "a.csv", "--rate", "5", "--speed", "2x"], "expected a rate or a speed"),
        (["publish", "a.csv", "--rate", "0"], "above 0"),
        (["publish", "a.csv", "--rate", "nan"], "above 0"),
        (["publish", "-", "a.csv"], "expected standard input"),
        (["publish", "a.csv", "--map", "bid"], "expected FIELD=COLUMN"),
        (["publish", "a.csv", "--map", "bids=b"], "expected a column mapping for fields among"),
        (["consume", "ticks", "--from", "yesterday"], "--from: expected beginning, end"),
    ],
)
def test_wrong_usage_is_reported_before_anything_is_connected(arguments: list[str], sentence: str) -> None:
    result = CliRunner().invoke(cli, arguments, env={"TICKLOOP_BOOTSTRAP": "127.0.0.1:1"})
    assert isinstance(result.exception, ConfigurationError)
    assert sentence in str(result.exception)


def test_help_needs_no_broker() -> None:
    for name in ("publish", "consume"):
        result = CliRunner().invoke(cli, [name, "--help"])
        assert result.exit_code == 0
        assert f"tickloop {name}" in result.output


def test_an_absent_broker_is_mentioned_once_and_not_at_every_attempt(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("test of an absent broker")
    log.addHandler(AbsentBroker())
    log.propagate = False
    for _ in range(50):
        log.error("Unable connect to node with id %s: %s", 1, "refused")
        log.error("something else")
    assert capsys.readouterr().err.count("\n") == 1


def test_a_schedule_waits_for_event_time_even_after_a_late_tick() -> None:
    schedule = Schedule(Pace(speed=10))
    times = (1_000_000_000, 2_000_000_000, 500_000_000, 3_000_000_000)
    assert [schedule.due(ts_event, now=50.0) for ts_event in times] == [50.0, 50.1, 49.95, 50.2]


def test_no_gap_in_event_time_is_waited_for_and_that_is_reported_once() -> None:
    said: list[str] = []
    schedule = Schedule(Pace(speed=10, longest_wait_s=60.0), said.append)
    day, second = 86_400 * 10**9, 10**9
    times = (second, 601 * second, day, day + 10 * second, 3 * day, 3 * day + 10 * second)
    assert [schedule.due(ts_event, now=0.0) for ts_event in times] == [0.0, 60.0, 120.0, 121.0, 181.0, 182.0]
    assert said == ["event time has a hole of 23.8 h: 60 s are waited instead of 2.38 h; so it is with every other one"]


@pytest.mark.parametrize("back", [10**9 * 3_600, 10**9 * 86_400 * 365])
def test_a_set_back_does_not_wait_and_what_follows_keeps_the_pace(back: int) -> None:
    schedule = Schedule(Pace(speed=1, longest_wait_s=60.0))
    begin = 2 * back
    times = (begin, begin + 10**9, begin + 10**9 - back, begin + 4 * 10**9 - back)
    assert [schedule.due(ts_event, now=5.0) for ts_event in times] == [5.0, 6.0, 6.0, 9.0]


@pytest.mark.parametrize("longest", [0.0, -1.0, float("nan")])
def test_the_longest_wait_must_be_above_zero(longest: float) -> None:
    with pytest.raises(ConfigurationError, match="expected a longest wait above 0 s"):
        Pace(speed=1, longest_wait_s=longest)


def test_repeats_are_recognised_by_node_source_and_partition() -> None:
    once = Once()
    seen = [
        (0, b'{"id":"outcomes:0:4","node":"monitor"}', True),
        (0, b'{"id":"outcomes:0:4","node":"experiments"}', True),  # another node's record about the same input
        (0, b'{"id":"ticks:0:3","node":"monitor"}', True),  # another source
        (1, b'{"id":"outcomes:1:4","node":"monitor"}', True),  # another partition
        (0, b'{"id":"outcomes:0:4","node":"monitor"}', False),
        (0, b'{"id":"outcomes:0:4:0","node":"monitor"}', True),
        (0, b'{"id":"outcomes:0:3:9","node":"monitor"}', False),
    ]
    assert [once.is_new(partition, value) for partition, value, _ in seen] == [new for _, _, new in seen]


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"[]", b'{"id":7}', b'{"id":"x:y:z"}', b'{"id":"free"}', b"{}"])
def test_records_without_a_position_are_never_repeats(value: bytes | None) -> None:
    once = Once()
    assert once.is_new(0, value)
    assert once.is_new(0, value)


def test_every_topic_has_columns_that_show_its_records() -> None:
    shown = {
        TICKS.record: Trade("X", 1_723_161_255_088_169_167, 1.5, 2.0, "sell"),
        DeadLetter: DeadLetter("ticks:0:1", "market", "not_json", "no", b"X", b"\xff"),
    }
    for topic in TOPICS:
        columns = columns_of(topic.record)
        assert len(columns) > 3
        if topic.record in shown:
            row = dict(zip((each.title for each in columns), cells(columns, shown[topic.record]), strict=True))
            assert all(len(str(cell)) <= column.width for cell, column in zip(row.values(), columns, strict=True))
    quote = cells(columns_of(TICKS.record), Quote("X", 1, 61800.2, 2.507, 61800.3, 2.51))
    assert [str(cell) for cell in quote[2:7]] == ["quote", "2.507", "61800.2", "61800.3", "2.51"]
    copy = cells(columns_of(TICKS.record), ReferenceTick(Quote("X", 1, 61800.2, 2.507, 61800.3, 2.51)))
    assert [str(cell) for cell in copy[2:7]] == ["reference", "2.507", "61800.2", "61800.3", "2.51"]


def test_a_record_type_without_chosen_columns_shows_its_fields() -> None:
    titles = [column.title for column in columns_of(Trade)]
    assert titles == ["time (UTC)", "symbol", "price", "size", "side", "seq", "copied"]
