"""The version that predicts now is the one that the newest prediction names, even if the registry names another."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from agents.audit.lineage import History
from agents.cli.version_lines import listed, retrained, said_of
from agents.clients import predicting as module
from agents.clients.predicting import Predicting, predicting
from agents.clients.reader import Received
from agents.config.settings import Settings
from schemas.codec import encode
from schemas.retraining import GateRow, RetrainFinished
from schemas.versions import ModelVersion
from tests.support.golden_model_records import OF_MODELS

ONE = next(each for each in OF_MODELS[ModelVersion] if isinstance(each, ModelVersion))
AT = 1_723_161_255_088_169_167
V1 = replace(ONE, symbol="X", version="v1", status="champion", arm="live", pinned=False, ts_event=AT, reason="a winner")
BUILT_IN = replace(V1, version="builtin-00000000", status="shadow", arm="builtin-00000000", reason="v1 is live")


def made(version: str, offset: int = 9, symbol: str = "X") -> Predicting:
    return Predicting(f"ticks:0:{offset}", symbol, AT, version)


def test_after_a_reset_the_version_that_predicts_is_named_not_the_one_that_the_registry_has() -> None:
    history = History(versions={each.version: each for each in (V1, BUILT_IN)})
    newest = made("builtin-1f2e3d4c")
    assert history.live() == V1
    record = history.now(newest.model_version)
    assert record == BUILT_IN, "under the name of its parameters then"
    said = said_of("X", record, newest, history.live())
    assert said.startswith("builtin-1f2e3d4c predicts X now (ticks:0:9, 2024-08-08 23:54:15 UTC): in shadow since")
    assert "the registry says that v1 is live since 2024-08-08 23:54:15 UTC" in said
    live, built_in = listed([V1, BUILT_IN], {"X": newest})
    assert "v1  live by the registry, but builtin-1f2e3d4c predicts now  since" in live
    assert "X  builtin-1f2e3d4c  in shadow, predicts now (called builtin-00000000 when this was written)" in built_in


def test_a_version_that_predicts_and_is_live_is_named_once() -> None:
    history = History(versions={"v1": V1, BUILT_IN.version: BUILT_IN})
    assert history.now("v1") == V1
    assert history.now("") == V1, "no prediction was found: what the registry says"
    assert "the registry" not in said_of("X", V1, made("v1"), V1)
    assert "X  v1  live, predicts now  since 2024-08-08 23:54:15" in next(listed([V1], {"X": made("v1")}))
    assert "live, no prediction found" in next(listed([V1], {}))


def test_a_version_that_predicts_without_a_registry_record_is_listed() -> None:
    newest = {name: made("builtin-1f2e3d4c", symbol=name) for name in ("A", "B")} | {"X": made("v9")}
    lines = list(listed([V1], newest))
    assert lines[1] == "X  v9  predicts now  the registry has no record of it"
    assert lines[2] == (
        "predicted by their built-in version, nothing was ever asked of it: A (builtin-1f2e3d4c), B (builtin-1f2e3d4c)"
    )
    assert list(listed([], {})) == ["nothing but the built-in version of each symbol"]


def test_a_rejected_candidate_is_listed_with_the_gates_that_it_failed() -> None:
    finished = next(each for each in OF_MODELS[RetrainFinished] if isinstance(each, RetrainFinished))
    gates = (
        GateRow("beats last_move", 0.1, -0.02, 0.0, False, "at least -0.02 nats: not shown"),
        GateRow("weights finite", 1.0, 1.0, 0.0, True, "largest weight 1"),
    )
    candidate = finished.result.candidate
    assert candidate is not None
    rejected = replace(finished, symbol="X", result=replace(finished.result, status="rejected", gates=gates))
    line = retrained(rejected)
    assert line.startswith(f"X  {candidate.version}  rejected by the gates  at ")
    assert line.endswith("failed: beats last move: at least -0.02 nats: not shown")


async def test_the_newest_prediction_of_each_symbol_is_the_last_on_its_partition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []
    early = [(0, made("v1", 3)), (0, made("v2", 4)), (1, made("builtin-1f2e3d4c", 2, "Y"))]

    async def read_blocks(*_: Any, start: int, **__: Any) -> AsyncIterator[list[Received]]:
        asked.append(start)
        yield [
            Received(partition, offset, 7, each.symbol.encode(), encode(each))
            for offset, (partition, each) in enumerate(early)
        ]
        yield [Received(1, 9, 8, b"Y", b"{broken")]

    monkeypatch.setattr(module, "read_blocks", read_blocks)
    assert await predicting(Settings(), "") == {"X": made("v2", 4)}
    assert await predicting(Settings(), "", "X") == {"X": made("v2", 4)}
    assert await predicting(Settings(), "", "Z") == {}
    assert asked == [-2_000, -2_000, -2_000, -20_000]
