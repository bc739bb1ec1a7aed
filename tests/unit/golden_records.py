"""One record of every form that was ever written, in the order of the lines of the golden files."""

from typing import Any

import msgspec
from golden_experiments import EXPERIMENTS

from schemas.accounts import AccountMarked
from schemas.commands import PromoteVariant, RollBack, StartVariant, StopVariant
from schemas.dead_letters import DeadLetter
from schemas.models import ModelState, SignedLogisticState
from schemas.outcomes import ArmOutcome, OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, Trade
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

SIGNATURE = "5d1c0c3a7bb7d0a4a6b1cf4d1c2f5cf0a7f1e7f0b0d54a2b9d6b4f1f8d3ec2aa"

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
    **EXPERIMENTS,
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
            signature=SIGNATURE,
        ),
    ],
    StopVariant: [
        StopVariant(id="c-81f2", symbol="BTCUSDT", ts_event=NS + 6, arm="bold", cause="a person: no longer needed"),
        StopVariant(
            id="c-81f2",
            symbol="BTCUSDT",
            ts_event=NS + 6,
            arm="bold",
            cause="a person: no longer needed",
            signature=SIGNATURE,
        ),
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
        PromoteVariant(
            id="sizing-2024:decided",
            symbol="BTCUSDT",
            ts_event=NS + 7,
            arm="bold",
            cause="experiment sizing-2024: winner",
            metrics={"e_value": 41.5, "pairs": 18250.0},
            signature=SIGNATURE,
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
        RollBack(
            id="watch:BTCUSDT-8",
            symbol="BTCUSDT",
            ts_event=NS + 8,
            cause="e-detector above 1000",
            metrics={"e_detector": 1007.25},
            signature=SIGNATURE,
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
