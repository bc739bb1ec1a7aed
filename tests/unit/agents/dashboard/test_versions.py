"""Model versions on the page: which one predicts, which retrained models were rejected, and what can be done."""

from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from agents.dashboard.bands.versions import VersionRow
from agents.dashboard.follow.topics_state import Board
from agents.dashboard.serve.view import SentPart, course_of
from schemas.codec import encode
from schemas.faults import ComponentFailed
from schemas.predictions import Prediction
from schemas.retraining import GateRow, RetrainFinished
from schemas.topics import CANDIDATES, FAULTS, MODEL_VERSIONS, PREDICTIONS
from schemas.versions import ModelVersion
from tests.support.dashboard_records import NOW_S, received, written
from tests.support.golden_model_records import OF_MODELS

ONE = next(each for each in OF_MODELS[ModelVersion] if isinstance(each, ModelVersion))
PREDICTED = msgspec.json.decode(written()["predictions"][0][2], type=Prediction)
LIVE = replace(
    ONE,
    id="commands:0:9:0",
    symbol="X",
    version="v2",
    status="champion",
    arm="live",
    change="promote_variant",
    held=UNSET,
    pinned=False,
)
BUILT_IN = replace(LIVE, id="commands:0:9:1", version="builtin-00000000", status="shadow", arm="builtin-00000000")


def board(predicts: str, *versions: ModelVersion) -> Board:
    made = Board()
    one = replace(PREDICTED, symbol="X", model_version=predicts)
    made.take(PREDICTIONS.name, received([(0, "", encode(one))]), NOW_S)
    made.take(MODEL_VERSIONS.name, received([(0, "", encode(each)) for each in versions]), NOW_S)
    assert made.passed.count == 0
    return made


def rows(made: Board) -> dict[str, VersionRow]:
    return {each.version: each for each in made.versions.view(made.predicting())}


def course(made: Board) -> dict[str, Any]:
    state = made.symbols.get("X")
    assert state is not None
    found = course_of(state, made, SentPart())
    assert found is not None
    return found


def test_a_roll_back_is_offered_where_there_is_a_version_to_go_back_to() -> None:
    made = board("v2", LIVE, BUILT_IN)
    assert rows(made)["v2"].back_to == course(made)["back_to"] == "builtin-00000000"
    assert rows(made)["builtin-00000000"].shadow == "builtin-00000000"
    alone = board("v2", LIVE, replace(BUILT_IN, id="commands:0:11:0", status="stopped", arm=""))
    assert rows(alone)["v2"].back_to == course(alone)["back_to"] == ""
    assert rows(alone)["builtin-00000000"].shadow == "", "what runs no more is neither promoted nor stopped"
    taken_back = board("v2", LIVE, replace(BUILT_IN, status="rolled_back", change="roll_back"))
    assert course(taken_back)["back_to"] == "", "it was taken back itself"
    assert course(board("builtin-1f2e3d4c"))["back_to"] == "", "nothing was ever asked of the symbol"


def test_a_pin_is_released_where_there_is_one() -> None:
    assert course(board("v2", replace(LIVE, pinned=True)))["pinned"] is True
    assert course(board("v2", replace(LIVE, pinned=True), replace(LIVE, id="commands:0:12:0")))["pinned"] is False


def test_the_version_that_predicts_is_named_where_the_registry_has_another_one() -> None:
    found = rows(board("builtin-1f2e3d4c", LIVE, BUILT_IN))
    assert found["v2"].status == "live by the registry, but builtin-1f2e3d4c predicts"
    assert found["builtin-1f2e3d4c"].status == "runs in shadow, but predicts now"
    made = board("builtin-1f2e3d4c", BUILT_IN)
    known = made.versions.get("X", "builtin-1f2e3d4c")
    assert known is not None
    assert known.version == "builtin-00000000"
    assert {each.status for each in rows(board("v2", LIVE, BUILT_IN)).values()} == {"is live", "runs in shadow"}


def test_a_built_in_version_that_was_renamed_stands_there_once() -> None:
    before = replace(BUILT_IN, id="commands:0:3:0", version="builtin-ffffffff", status="champion", arm="live")
    assert set(rows(board("v2", before, LIVE, BUILT_IN))) == {"v2", "builtin-00000000"}


def test_candidates_that_the_gates_rejected_stand_there_with_the_gate_that_failed() -> None:
    finished = next(each for each in OF_MODELS[RetrainFinished] if isinstance(each, RetrainFinished))
    gates = (GateRow("beats last_move", 0.1, -0.02, 0.0, False, "at least -0.02 nats: not shown"),)
    result = replace(finished.result, status="rejected", gates=gates, job_id="b7")
    made = board("v2", LIVE)
    records = [replace(finished, symbol="X", result=result), replace(finished, symbol="X")]
    made.take(CANDIDATES.name, received([(0, "", encode(each)) for each in records]), NOW_S)
    (row,) = [each for each in rows(made).values() if each.status == "rejected by the gates"]
    assert row.reason == "failed: beats last move: at least -0.02 nats: not shown"
    assert (row.known, row.shadow, row.back_to) == (False, "", ""), "there is nothing to be done about it"


def test_what_has_become_of_a_model_stands_beside_its_version() -> None:
    frozen = ComponentFailed("ticks:0:9:1", "X", 5, "live", "v2", "model forest", "frozen", 1, 5_000, "its size", "why")
    made = board("v2", LIVE, BUILT_IN)
    made.take(FAULTS.name, received([(0, "", encode(frozen)), (0, "", encode(replace(frozen, version="v9")))]), NOW_S)
    found = {each.version: each.faults for each in made.versions.view(made.predicting(), made.faults.by_version())}
    assert found["v2"] == ("model forest frozen at 5,000 bytes: it predicts on and learns no more",)
    assert found["builtin-00000000"] == ()
    assert made.faults.of_model("X", "v2", "forest").startswith("frozen at 5,000 bytes")
    assert not made.faults.of_model("X", "v2", "other")
