"""Golden records of what is asked of models and what becomes of them; see `golden_records`."""

from typing import Any

import msgspec

from schemas.alerts import Alert
from schemas.commands import PinVersion, PromoteVariant, Retrain, RollBack, StartVariant, StopVariant
from schemas.models import ModelState, SignedLogisticState
from schemas.retraining import BackwardTransfer, GateRow, RetrainFinished, RetrainingResult, RetrainJob
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

BREACH = Breach(
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
)

OF_MODELS: dict[type[msgspec.Struct], list[msgspec.Struct]] = {
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
        StartVariant(
            id="retrain-ticks:3:1097:0:start",
            symbol="BTCUSDT",
            ts_event=NS + 5,
            arm="candidate-a6a2b8a6ce60",
            cause="retrain retrain-ticks:3:1097:0",
            overrides=OVERRIDES,
            from_live=True,
            model=MODEL,
            version="BTCUSDT-7",
            experiment="candidate-a6a2b8a6ce60",
            metrics={"candidate.log_loss": 0.61},
            signature=SIGNATURE,
            automatic=True,
            model_schema=2,
            sha256="c1e8bd02bd57a46f",
            judged_against="BTCUSDT-6",
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
        StopVariant(
            id="c-81f3",
            symbol="BTCUSDT",
            ts_event=NS + 6,
            arm="bold",
            cause="futile",
            signature=SIGNATURE,
            automatic=True,
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
        PromoteVariant(
            id="ticks:3:19250:0:2",
            symbol="BTCUSDT",
            ts_event=NS + 7,
            arm="bold",
            cause="winner",
            metrics={"log_e": 3.5},
            signature=SIGNATURE,
            automatic=True,
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
        RollBack(
            id="ticks:3:20250:0:2",
            symbol="BTCUSDT",
            ts_event=NS + 8,
            cause="experiment bold: rolled_back",
            metrics={"alarm": 1.0},
            signature=SIGNATURE,
            automatic=True,
            version="BTCUSDT-8",
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
        ModelVersion(
            id="commands:3:18:1",
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
            sha256="c1e8bd02bd57a46f",
            automatic=True,
            manual_steps=1,
            change="promote_variant",
            pinned=True,
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
            breach=BREACH,
        ),
    ],
    Retrain: [
        Retrain(
            id="retrain-ticks:3:1097:0",
            symbol="BTCUSDT",
            ts_event=NS + 500_000_017,
            cause="log-loss worse than it expected of itself",
            breach=BREACH,
            signature=SIGNATURE,
            automatic=True,
        ),
    ],
    PinVersion: [
        PinVersion(
            id="c-9",
            symbol="BTCUSDT",
            ts_event=NS + 9,
            cause="quarter end",
            pinned=False,
            signature=SIGNATURE,
            automatic=True,
        ),
    ],
    RetrainJob: [
        RetrainJob(
            id="commands:3:19:0",
            symbol="BTCUSDT",
            ts_event=NS + 500_000_017,
            job="retrain-ticks:3:1097:0",
            breach=BREACH,
            automatic=True,
            withheld="cool-down after a roll-back: 30 s to go",
        ),
    ],
    RetrainFinished: [
        RetrainFinished(
            id="commands:3:19:0:0",
            symbol="BTCUSDT",
            ts_event=NS + 500_000_017,
            result=RetrainingResult(
                job_id="retrain-ticks:3:1097:0",
                symbol="BTCUSDT",
                status="candidate",
                sentence="BTCUSDT-7 (since): all 2 gates passed",
                trigger="skill",
                candidate=MODEL,
                sha256="c1e8bd02bd57a46f",
                parent="BTCUSDT-6",
                recipe="since",
                contenders=2,
                trained_from=NS - 90_000_000_000,
                trained_until=NS,
                n_trained=1500,
                n_validated=600,
                purged=20,
                metrics={"candidate.log_loss": 0.61, "current.log_loss": 0.74},
                gates=(GateRow("weights finite", 0.0, 0.0, 0.0, True, "all weights are finite"),),
                backward_transfer=(BackwardTransfer("calm-range", 900, 0.7, 0.61, False),),
            ),
            made_with={"tickloop": "0.1.0", "river": "0.26.1"},
        ),
    ],
    Alert: [
        Alert(
            id="commands:3:18:1",
            node="model-versions",
            symbol="BTCUSDT",
            ts_event=NS + 7,
            kind="promoted",
            severity="info",
            subject="BTCUSDT-8",
            sentence="BTCUSDT-8 is live: experiment sizing-2024: winner",
        ),
    ],
}
