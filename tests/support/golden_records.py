"""Golden records, one of each form that was ever written: each must still have the bytes that are stored in a file.

They are in the order of the lines of that file.
"""

from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from schemas.accounts import AccountMarked
from schemas.breaks import ClockBroken
from schemas.dead_letters import DeadLetter
from schemas.experiments import ExperimentMoved, PooledMoved
from schemas.faults import ComponentFailed
from schemas.outcomes import ArmOutcome, OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, ReferenceTick, Trade
from schemas.windows import AccuracyWindow
from tests.support.golden_experiments import EXPERIMENTS
from tests.support.golden_log_events import LOG_EVENTS
from tests.support.golden_model_records import BREACH, MODEL, NS, OF_MODELS, OVERRIDES, WORLD

TRADED = Trade(symbol="BTCUSDT", ts_event=NS + 4, price=55091.9, size=0.001, side="buy", seq=5_118_848)
MARKED = Quote(
    symbol="BTCUSDT",
    ts_event=NS + 2,
    bid=55091.8,
    bid_size=2.5,
    ask=55091.9,
    ask_size=7.125,
    seq=5_118_847,
    copied=True,
)

RECORDS: dict[type[msgspec.Struct], list[msgspec.Struct]] = {
    **OF_MODELS,
    **EXPERIMENTS,
    **LOG_EVENTS,
    Quote: [
        Quote(symbol="BTCUSDT", ts_event=NS, bid=55091.8, bid_size=2.0, ask=55091.9, ask_size=0.0),
        Quote(symbol="BTCUSDT", ts_event=NS + 1, bid=55091.8, bid_size=2.5, ask=55091.9, ask_size=7.125, seq=5_118_846),
        MARKED,
    ],
    Trade: [
        Trade(symbol="BTCUSDT", ts_event=NS + 2, price=55091.9, size=0.001),
        Trade(symbol="BTCUSDT", ts_event=NS + 3, price=55091.9, size=0.001, side="buy", seq=5_118_847),
        replace(TRADED, copied=True),
    ],
    ReferenceTick: [ReferenceTick(TRADED), ReferenceTick(replace(MARKED, copied=UNSET), of="ticks:3:1042")],
    ClockBroken: [
        ClockBroken(
            id="ticks:3:1042:0",
            symbol="BTCUSDT",
            ts_event=NS,
            before=NS + 3_600_000_000_000,
            generation=1,
            reason="set_back",
            refused=19,
            dropped=7,
            sentence="BTCUSDT: its clock went from 1723165200000000000 to 1723161600000000000 (set_back); generation 1 "
            "begins, 7 predictions stay unscored",
        ),
        ClockBroken(
            id="ticks:3:2042:0",
            symbol="BTCUSDT",
            ts_event=NS + 2,
            before=NS,
            generation=1,
            reason="price",
            refused=19,
            dropped=0,
            sentence="BTCUSDT: its price jumped by more than max_jump; what was predicted before is scored with it",
            jumps=1,
        ),
    ],
    ComponentFailed: [
        ComponentFailed(
            id="ticks:3:1042:0",
            symbol="BTCUSDT",
            ts_event=NS,
            arm="",
            version="",
            component="strategy rumour",
            effect="failed",
            count=10,
            size_bytes=0,
            problem="KeyError",
            sentence="strategy rumour failed for the 10th time (KeyError): one half in its place; next told: the "
            "100th time",
        ),
        ComponentFailed(
            id="ticks:3:2042:1",
            symbol="BTCUSDT",
            ts_event=NS + 2,
            arm="live",
            version="leafy-1",
            component="model forest",
            effect="frozen",
            count=1,
            size_bytes=19_727,
            problem="its size",
            sentence="model forest of leafy-1 reached 19,727 bytes and learns no more",
        ),
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
            world=WORLD,
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
            weights={"imbalance": 0.55, "momentum": 0.05, "flat": 0.1, "online": 0.3},
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
        DeadLetter(
            id="ticks:3:1044",
            node="market",
            reason="too_large",
            detail="expected a record of at most 1048576 bytes, was 2700000",
            key=b"BTCUSDTBTCUSDT",
            value=b'{"kind":"quote","symbol":"BTCUSDT","venue":"',
            value_bytes=2_700_000,
            value_sha256="0a2b6f3f6bde2b7b25ef2a9b2d1ea5ae8e39bb37a1d4d5c2c1dd6fb3b0d5c7a1",
            key_bytes=1_400,
            key_sha256="5c3d5f3fdc0a0f1ebd43b6dbb7c07cfe05f8e0cd10de8ee8e0df6c0ae10a4f3b",
        ),
    ],
}

ADDED_SINCE: dict[type[msgspec.Struct], list[dict[str, Any]]] = {
    Prediction: [{"generation": 1}],
    OutcomeMatured: [{"generation": 1}, {"silent": ("forest",)}],
    ExperimentMoved: [{"dropped": 17}, {"collects": True, "gone": True}],
    PooledMoved: [
        {"dropped": 17},
        {"collects": True, "gone": True, "challenger": "calmer-1, calmer-2", "challengers": ("calmer-1", "calmer-2")},
    ],
    AccuracyWindow: [
        {
            "breach": replace(
                BREACH,
                retrain=False,
                withheld="budget spent: 24 retrains within 24 hours, of 24",
                withheld_by="budget",
            )
        }
    ],
}
"""Optional fields by record type: each form of the record adds some to the one before."""

for kind, forms in ADDED_SINCE.items():
    for fields in forms:
        RECORDS[kind].append(replace(RECORDS[kind][-1], **fields))
