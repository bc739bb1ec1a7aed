"""Golden bytes: records of every version stay readable, and today's version writes exactly these bytes.

A file has one line for each form that was ever written, oldest first; the last line is a full record as it is written
now. When a field is added: give it a default, append a line to the file and the record that it stands for here.
"""

from typing import Any

import msgspec
import pytest

from schemas.accounts import AccountMarked
from schemas.asyncapi import GOLDEN, golden, kebab
from schemas.codec import decoder, encode
from schemas.commands import PromoteVariant, RollBack, StartVariant, StopVariant
from schemas.dead_letters import DeadLetter
from schemas.errors import Refused
from schemas.experiments import ExperimentDecided, ExperimentMoved, GuardrailStanding
from schemas.models import ModelState, SignedLogisticState
from schemas.outcomes import ArmOutcome, OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, Trade
from schemas.topics import TOPICS, Topic
from schemas.versions import ModelVersion
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

OVERRIDES: dict[str, dict[str, Any]] = {
    "mixture": {"prior": {"momentum": 0, "mean_reversion": 0.5}},
    "sizing": {"enabled": ["kelly"]},
}

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
        Directive(
            id="start-BTCUSDT-7",
            symbol="BTCUSDT",
            ts_event=NS + 4,
            action="start_arm",
            arm="candidate",
            cause="candidates:3:12",
            model=MODEL,
            signature="9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a",
            overrides=OVERRIDES,
            from_live=True,
            version="BTCUSDT-7",
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
    AccountMarked: [
        AccountMarked(
            id="ticks:3:1042",
            symbol="BTCUSDT",
            ts_event=NS + 1,
            mid=55091.850000000006,
            position=-0.25,
            traded=-0.375,
            fill=55090.61043337501,
            trade_cost_bps=0.084375,
            gross_bps=3.25,
            cost_bps=1.3125,
            net_bps=1.9375,
            peak_bps=2.5,
            drawdown_bps=0.5625,
            turnover=5.875,
            trades=17,
            wins=9,
            strategy="imbalance",
            regime="calm-range",
            model_version="BTCUSDT-7",
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
    ExperimentMoved: [
        ExperimentMoved(
            id="ticks:3:18250:0:0",
            symbol="BTCUSDT",
            ts_event=NS + 9,
            experiment="calmer",
            plan="5d41402abc4b2a76",
            challenger="calmer-1",
            champion="builtin-3f5a9c0e",
            status="running",
            reason="",
            holding="minimum run time",
            primary="risk_adjusted",
            pairs=2_600,
            scored=2_100,
            rejected=0,
            batches=21,
            longest=100_000,
            effect=0.11,
            low=-0.02,
            high=0.24,
            log_e_better=2.5,
            log_e_worse=-1.75,
            threshold=2.995732273553991,
            p=0.0820849986238988,
            log_e_hopeless=-3.5,
            autocorrelation=0.03,
            independent=True,
            sharpe_difference=0.04,
            sharpe_error=0.02,
            guardrails=(GuardrailStanding("drawdown", 0.5, 0.01, None, None, 1.25, False),),
            watched=30,
            alarm=0.25,
            deviation=0.5,
        ),
    ],
    ExperimentDecided: [
        ExperimentDecided(
            id="ticks:3:19250:0:1",
            symbol="BTCUSDT",
            ts_event=NS + 10,
            experiment="calmer",
            challenger="calmer-1",
            champion="builtin-3f5a9c0e",
            verdict="winner",
            reason="A is better (asymptotic): log e-value 3.01 >= 3.00.",
            applied=True,
        ),
    ],
    StartVariant: [
        StartVariant(
            id="sizing-2024:start:bold",
            symbol="BTCUSDT",
            ts_event=NS + 5,
            arm="bold",
            cause="experiment sizing-2024",
            overrides=OVERRIDES,
            from_live=True,
            model=MODEL,
            version="BTCUSDT-8",
            experiment="sizing-2024",
            metrics={"expected_net_bps": 0.04},
        ),
    ],
    StopVariant: [
        StopVariant(id="c-81f2", symbol="BTCUSDT", ts_event=NS + 6, arm="bold", cause="a person: no longer needed"),
    ],
    PromoteVariant: [
        PromoteVariant(
            id="sizing-2024:decided",
            symbol="BTCUSDT",
            ts_event=NS + 7,
            arm="bold",
            cause="experiment sizing-2024: winner",
            metrics={"e_value": 41.5, "pairs": 18250.0},
        ),
    ],
    RollBack: [
        RollBack(
            id="watch:BTCUSDT-8",
            symbol="BTCUSDT",
            ts_event=NS + 8,
            cause="e-detector above 1000",
            metrics={"e_detector": 1007.25},
        ),
    ],
    ModelVersion: [
        ModelVersion(
            id="commands:3:17:0",
            symbol="BTCUSDT",
            version="BTCUSDT-8",
            parent="BTCUSDT-7",
            status="champion",
            reason="experiment sizing-2024: winner",
            ts_event=NS + 7,
            command="sizing-2024:decided",
            metrics={"e_value": 41.5, "pairs": 18250.0},
            lineage=("BTCUSDT-6", "BTCUSDT-7"),
            arm="live",
            experiment="sizing-2024",
            overrides=OVERRIDES,
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

KINDS = [(topic, record) for topic in TOPICS for record in topic.records]


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
