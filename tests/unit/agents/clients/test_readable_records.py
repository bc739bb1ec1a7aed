"""Invalid records are skipped and each is logged once, and a topic full of them does not fill the log."""

import logging

import pytest

from agents.clients import readable_records
from agents.clients.readable_records import MOST_KEPT, MOST_SAID, ReadableRecords
from agents.clients.reader import Received
from schemas.topics import MODEL_VERSIONS, TICKS


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readable_records, "_told", type(readable_records._told)(readable_records.TopicLog))


def garbage(offset: int) -> Received:
    return Received(offset % 3, offset, 0, b"X", b"?")


def test_a_skipped_record_is_logged_once_however_often_a_topic_is_read(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        read = ReadableRecords(TICKS)
        assert [read(garbage(offset)) for offset in range(5)] == [None] * 5
    assert [each.getMessage().split(":")[0] for each in caplog.records] == [
        f"ticks, partition {offset % 3}, offset {offset}" for offset in range(5)
    ]


def test_a_topic_full_of_garbage_is_a_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    read = ReadableRecords(TICKS)
    for _ in range(2):
        for offset in range(MOST_KEPT + 5_000):
            assert read(garbage(offset)) is None
    messages = [each.getMessage() for each in caplog.records]
    assert len(messages) == MOST_SAID + 4
    assert messages[-1] == (
        f"ticks: at least {MOST_KEPT} records were passed over; of further ones only their number is told"
    )
    ReadableRecords(MODEL_VERSIONS)(garbage(1))
    assert caplog.records[-1].getMessage().startswith("model-versions, partition 1, offset 1: passed over: ")
