"""Golden bytes: records of every version stay readable, and today's version writes exactly these bytes.

A file has one line for each form that was ever written, oldest first; the last line is a full record as it is written
now. When a field is added: give it a default, append a line to the file and the record that it stands for here.
"""

from typing import Any

import msgspec
import pytest

from schemas.asyncapi import GOLDEN, golden, kebab, records_of
from schemas.codec import decoder, encode
from schemas.dead_letters import DeadLetter
from schemas.errors import Refused
from schemas.models import ModelState, SignedLogisticState
from schemas.outcomes import ArmOutcome, OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, Trade
from schemas.topics import TOPICS, Topic
from schemas.windows import AccuracyWindow, Breach, DetectorFigures, WindowFigures

NS = 1_723_075_200_000_000_000
"""2024-08-08 00:00:00 UTC."""

MODEL = ModelState(
    version="BTCUSDT-7",
    model=SignedLogisticState(
        features=("queue_imbalance", "microprice_deviation", "return_50"),
        weights=(0.8125, 0.30000000000000004, -0.04),
        mean_squares=(0.41, 1.7e-05, 5e-324),
        n_seen=18_250,
    ),
    parent="BTCUSDT-6",
)

RECORDS: dict[type[msgspec.Struct], list[msgspec.Struct]] = {
    Quote: [
        Quote(symbol="BTCUSDT", ts_event=NS, bid=55091.8, bid_size=2.0, ask=55091.9, ask_size=0.0),
        Quote(symbol="BTCUSDT", ts_event=NS + 1, bid=55091.8, bid_size=2.5, ask=55091.9, ask_size=7.125, seq=5_118_846),
    ],
    Trade: [
        Trade(symbol="BTCUSDT", ts_event=NS + 2, price=55091.9, size=0.001),
        Trade(symbol="BTCUSDT", ts_event=NS + 3, price=55091.9, size=0.001, side="buy", seq=5_118_847),
    ],
    Directive: [
        Directive(id="stop-1", symbol="BTCUSDT", ts_event=NS, action="stop_arm", arm="slow", cause="a person: tidy up"),
        Directive(
            id="start-BTCUSDT-7",
            symbol="BTCUSDT",
            ts_event=NS + 4,
            action="start_arm",
            arm="candidate",
            cause="candidates:3:12",
            model=MODEL,
            signature="9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a",
        ),
    ],
    Prediction: [
        Prediction(
            id="ticks:3:1042",
            symbol="BTCUSDT",
            ts_event=NS + 1,
            horizon_ns=500_000_000,
            mid=55091.850000000006,
            strategy="imbalance",
            direction="up",
            probability=0.6181,
            confidence=0.6181,
            regime="calm-range",
            position_size=0.0,
            expected_edge_bps=0.21,
            cost_bps=0.45,
            model_version="BTCUSDT-7",
            scored=True,
            features_hash="3f5a9c0e77d1",
            features=("queue_imbalance", "microprice_deviation", "return_50"),
        ),
        Prediction(
            id="ticks:3:1043",
            symbol="BTCUSDT",
            ts_event=NS + 2,
            horizon_ns=500_000_000,
            mid=55091.850000000006,
            strategy="imbalance",
            direction="up",
            probability=0.6181,
            confidence=0.6181,
            regime="calm-range",
            position_size=0.0,
            expected_edge_bps=0.21,
            cost_bps=0.45,
            model_version="BTCUSDT-7",
            scored=True,
            features_hash="3f5a9c0e77d1",
            features=("queue_imbalance", "microprice_deviation", "return_50"),
            regime_probability=0.97,
            strategy_weight=0.46,
            reason="largest weight in the mixture",
            stand_aside=True,
            sizing="cost",
        ),
    ],
    OutcomeMatured: [
        OutcomeMatured(
            id="ticks:3:1097:0",
            prediction_id="ticks:3:1042",
            symbol="BTCUSDT",
            ts_event=NS + 500_000_017,
            ts_prediction=NS + 1,
            horizon_ns=500_000_000,
            mid=55091.850000000006,
            mid_matured=55092.95,
            return_bps=0.19966655,
            label=1,
            regime="calm-range",
            arms=(
                ArmOutcome("live", "BTCUSDT-6", "imbalance", 0.6181, 0.0, 0.0, 0.0),
                ArmOutcome("candidate", "BTCUSDT-7", "online", 0.64, 0.25, 0.0499, -0.0626),
            ),
            experts={"imbalance": 0.66, "momentum": 0.5, "flat": 0.5, "online": 0.61},
            features_hash="3f5a9c0e77d1",
            features={"queue_imbalance": 0.48, "microprice_deviation": 0.0009, "return_50": -0.13},
        ),
        OutcomeMatured(
            id="ticks:3:1097:0",
            prediction_id="ticks:3:1042",
            symbol="BTCUSDT",
            ts_event=NS + 500_000_017,
            ts_prediction=NS + 1,
            horizon_ns=500_000_000,
            mid=55091.850000000006,
            mid_matured=55092.95,
            return_bps=0.19966655,
            label=1,
            regime="calm-range",
            arms=(
                ArmOutcome("live", "BTCUSDT-6", "imbalance", 0.6181, 0.0, 0.0, 0.0),
                ArmOutcome("candidate", "BTCUSDT-7", "online", 0.64, 0.25, 0.0499, -0.0626),
            ),
            experts={"imbalance": 0.66, "momentum": 0.5, "flat": 0.5, "online": 0.61},
            features_hash="3f5a9c0e77d1",
            features={"queue_imbalance": 0.48, "microprice_deviation": 0.0009, "return_50": -0.13},
            baselines={"majority": 0.52, "last_move": 0.48, "imbalance_sign": 0.71},
            cost_bps=0.45,
        ),
    ],
    DeadLetter: [
        DeadLetter(
            id="ticks:3:1043",
            node="market",
            reason="not_json",
            detail="JSON is malformed: invalid character (byte 72)",
            key=b"BTCUSDT",
            value=b'{"kind":"quote","symbol":"BTCUSDT","ts_event":1723075200000000001,"bid":\xff',
        ),
    ],
    AccuracyWindow: [
        AccuracyWindow(
            id="ticks:3:1097:0:0",
            symbol="BTCUSDT",
            ts_event=NS + 500_000_017,
            ts_from=NS - 250_000_000_000,
            ts_until=NS + 1,
            version="BTCUSDT-6",
            live=True,
            closed_by="breach",
            n=1042,
            moved=700,
            n_eff=410,
            figures=(
                WindowFigures("BTCUSDT-6", 0.51, 0.4617, 0.5581, 0.741, 0.27, 0.09, 0.015, -0.41),
                WindowFigures("majority", 0.5, 0.4518, 0.5482, 0.6934, 0.2501, 0.004, 0.0, -0.5),
            ),
            best_baseline="majority",
            skill=-0.0686,
            skill_low=-0.11,
            skill_high=-0.027,
            detectors=(DetectorFigures("surprise", 163, 0.0041, 0.0262, 1.18),),
            breach=Breach(
                id="retrain-ticks:3:1097:0",
                trigger="skill",
                detector="surprise",
                statistic=1.18,
                limit=1.0,
                since=NS - 90_000_000_000,
                since_outcomes=550,
                retrain=True,
                withheld="",
                sentence="log-loss worse than it expected of itself over the last 550 outcomes: 1.18 times the limit",
            ),
        ),
    ],
}

KINDS = [(topic, record) for topic in TOPICS for record in records_of(topic)]


def required_fields(record: type[msgspec.Struct]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(record) if field.required]


def default_of(field: Any) -> Any:
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()


def default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def refusal(topic: Topic, fields: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        decoder(topic.record)(msgspec.json.encode(fields))
    return caught.value.reason, caught.value.detail


@pytest.mark.parametrize(("topic", "record"), KINDS, ids=lambda value: getattr(value, "__name__", ""))
class TestEveryRecord:
    def test_golden_bytes_are_read_as_ever_and_written_as_ever(self, topic: Topic, record: Any) -> None:
        lines, records = golden(record), RECORDS[record]
        assert [decoder(topic.record)(line) for line in lines] == records
        assert encode(records[-1]) == lines[-1], "append the new form to the golden file; never change a line"

    def test_the_newest_golden_record_shows_every_field_at_work(self, topic: Topic, record: Any) -> None:
        newest = RECORDS[record][-1]
        for field in msgspec.structs.fields(record):
            assert field.required or getattr(newest, field.name) != default_of(field), field.name

    def test_unknown_fields_are_ignored(self, topic: Topic, record: Any) -> None:
        line = golden(record)[-1]
        longer = line[:-1] + b',"added_later":{"deep":[1,null,"x"]}}'
        assert decoder(topic.record)(longer) == decoder(topic.record)(line)

    def test_a_missing_field_is_refused_by_name(self, topic: Topic, record: Any) -> None:
        for name in required_fields(record):
            fields = {key: value for key, value in msgspec.json.decode(golden(record)[-1]).items() if key != name}
            assert refusal(topic, fields) == ("malformed", f"Object missing required field `{name}`")

    def test_optional_fields_may_be_missing(self, topic: Topic, record: Any) -> None:
        fields = msgspec.json.decode(golden(record)[-1])
        kept = {name: value for name, value in fields.items() if name in {"kind", *required_fields(record)}}
        decoded = decoder(topic.record)(msgspec.json.encode(kept))
        for field in msgspec.structs.fields(record):
            expected = getattr(RECORDS[record][-1], field.name) if field.required else default_of(field)
            assert getattr(decoded, field.name) == expected

    def test_a_mistyped_field_is_refused_by_name(self, topic: Topic, record: Any) -> None:
        for name in required_fields(record):
            fields = msgspec.json.decode(golden(record)[-1]) | {name: [[]]}
            reason, detail = refusal(topic, fields)
            assert reason == "malformed"
            assert f"`$.{name}" in detail


def test_every_record_has_a_golden_file_and_every_golden_file_a_record() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{kebab(record.__name__)}.jsonl" for _, record in KINDS}
    assert RECORDS.keys() == {record for _, record in KINDS}


@pytest.mark.parametrize("record", [MODEL, MODEL.model, *(records[-1] for records in RECORDS.values())], ids=type)
def test_records_are_frozen(record: msgspec.Struct) -> None:
    for name in record.__struct_fields__:
        with pytest.raises(AttributeError, match="immutable"):
            setattr(record, name, getattr(record, name))
