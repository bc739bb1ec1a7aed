"""Each kind of alert is made from the record that it is about, and no other record makes one."""

from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from schemas.alerts import Alert
from schemas.breaks import ClockBroken
from schemas.dead_letters import DeadLetter
from schemas.retraining import RetrainFinished, RetrainJob
from schemas.topics import TOPICS
from schemas.versions import ModelVersion
from schemas.windows import AccuracyWindow, WithheldBy
from streams.monitoring.alerts import SOURCES, alert_of, started
from tests.support.golden_model_records import BREACH, OF_MODELS
from tests.support.golden_records import RECORDS

WINDOW: Any = OF_MODELS[AccuracyWindow][0]
JOB: Any = OF_MODELS[RetrainJob][-1]
FINISHED: Any = OF_MODELS[RetrainFinished][-1]
VERSION: Any = replace(OF_MODELS[ModelVersion][-1], change="promote_variant", held=UNSET)
LETTER = DeadLetter("commands:3:7", "lifecycle", "bad_command", "expected a model of schema 1, was 9", b"X", b"{}")

OF_SOURCES = {kind for topic in SOURCES for kind in topic.records}
OTHERS = [records[-1] for kind, records in RECORDS.items() if kind not in OF_SOURCES]


def withheld(by: WithheldBy, sentence: str) -> Any:
    return replace(WINDOW, breach=replace(BREACH, retrain=False, withheld=sentence, withheld_by=by))


def result(status: str) -> Any:
    return replace(FINISHED, result=replace(FINISHED.result, status=status, sentence="because"))


@pytest.mark.parametrize(
    ("record", "kind", "severity", "part"),
    [
        (WINDOW, "breach", "warning", "1.18 times the limit"),
        (
            withheld("budget", "budget spent: 24"),
            "budget_spent",
            "warning",
            "budget spent",
        ),
        (
            withheld("waiting", "60 of 300"),
            "breach",
            "warning",
            "60 of 300",
        ),
        (withheld("passed", "not worse any more"), "breach", "info", "not worse any more"),
        (withheld("budget", "in other words"), "budget_spent", "warning", "in other words"),
        (JOB, "retrain_withheld", "warning", "cool-down"),
        (result("rejected"), "retrain_rejected", "info", "because"),
        (result("too_few_samples"), "retrain_rejected", "info", "too few samples"),
        (result("failed"), "retrain_failed", "error", "because"),
        (VERSION, "promoted", "info", "BTCUSDT-8 is live"),
        (replace(VERSION, change="roll_back", status="rolled_back"), "rolled_back", "error", "was rolled back"),
        (replace(VERSION, change="stop_variant", status="rejected"), "rejected", "info", "was not found better"),
        (
            replace(VERSION, change="start_variant", status="shadow", arm="candidate-1"),
            "candidate",
            "info",
            "runs in shadow",
        ),
        (
            replace(VERSION, change="promote_variant", status="shadow", held=True),
            "held_back",
            "warning",
            "is held back",
        ),
        (replace(VERSION, change="roll_back", status="champion", held=True), "held_back", "error", "is held back"),
        (LETTER, "refused", "error", "schema 1, was 9"),
        (replace(LETTER, node="market", reason="unsigned_directive"), "refused", "error", "by the market node"),
        (replace(LETTER, node="market", reason="expired"), "refused", "error", "by the market node"),
        (replace(LETTER, node="pooling", reason="unsigned_partial"), "refused", "error", "by the pooling node"),
    ],
)
def test_a_record_that_somebody_should_know_of_makes_its_alert(
    record: Any, kind: str, severity: str, part: str
) -> None:
    alert = alert_of(record)
    assert alert is not None
    assert (alert.kind, alert.severity, alert.id) == (kind, severity, record.id)
    assert part in alert.sentence


@pytest.mark.parametrize(
    "record",
    [
        replace(WINDOW, breach=None),
        withheld("cool_down", "budget spent: 24"),
        withheld("labels", "waiting for labels since the change"),
        replace(JOB, withheld=""),
        result("candidate"),
        result("superseded"),
        replace(VERSION, change="pin_version"),
        replace(VERSION, change="start_variant"),
        replace(VERSION, status="shadow"),
        replace(VERSION, change="roll_back", status="champion"),
        replace(VERSION, change="start_variant", status="shadow", arm="bold"),
        replace(LETTER, node="market", reason="crossed_quote"),
        *OTHERS,
    ],
)
def test_other_records_make_no_alert(record: Any) -> None:
    assert alert_of(record) is None


def test_the_retrainer_makes_the_alert_that_a_training_started() -> None:
    alert = started(JOB)
    assert isinstance(alert, Alert)
    assert (alert.kind, alert.node, alert.subject) == ("retrain_started", "retrainer", JOB.job)


def test_sources_are_topics_of_the_registry() -> None:
    assert set(SOURCES) <= set(TOPICS)


def test_of_a_flood_of_breaks_ever_fewer_are_told() -> None:
    told = [
        generation
        for generation in range(1, 1_042)
        if alert_of(ClockBroken("ticks:0:7:0", "X", 5, 9, generation, "set_back", 20, 3, "a break")) is not None
    ]
    assert told == [*range(1, 9), 16, 32, 64, 128, 256, 512, 1024]
    last = alert_of(ClockBroken("ticks:0:7:0", "X", 5, 9, 1024, "set_back", 20, 3, "a break"))
    assert last is not None
    assert last.sentence == "a break (break 1024 of X; next told: 2048)"
