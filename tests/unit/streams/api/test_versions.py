"""The registry of versions in memory: what may happen to a version, and what is refused without changing anything."""

from math import nan

import msgspec
import pytest
from msgspec.structs import replace

from schemas.errors import ModelRefused
from schemas.models import ModelState, SignedLogisticState, state_sha256
from schemas.retraining import RetrainingResult
from streams.api.versions import NEXT, ModelVersionManager, VersionStatus


def state(name: str, weight: float = 0.5, parent: str = "") -> ModelState:
    return ModelState(name, SignedLogisticState(("a", "b"), (weight, 0.25), (1.0, 2.0), 100), parent)


def manager(*names: str) -> ModelVersionManager:
    """A registry in which the versions `names` were made live one after the other."""
    found = ModelVersionManager()
    for number, name in enumerate(names):
        found.add("X", state(name, parent=names[number - 1] if number else ""), 10 * number + 1, "made by hand")
        found.promote("X", name, 10 * number + 2, f"{name} is better", f"decision-{number}")
    return found


def snapshot(found: ModelVersionManager) -> list[bytes]:
    return [found.dump("X", each.name) for each in found.versions("X")]


def test_a_promotion_freezes_the_champion_and_a_rollback_brings_it_back() -> None:
    found = manager("v1", "v2", "v3")
    assert [each.status for each in found.versions("X")] == ["frozen", "frozen", "champion"]
    assert [each.version for each in found.pool("X")] == ["v1", "v2"]
    assert found.pool("X", most=1) == [found.get("X", "v2").state]
    assert found.roll_back("X", 40, "poisoned", "alarm-1").name == "v2"
    assert [each.status for each in found.versions("X")] == ["frozen", "champion", "rolled_back"]
    assert found.why("X") == "v2 is live: v3 was rolled back: poisoned"
    assert found.lineage("X", "v3") == ["v3", "v2", "v1"]
    assert [change.status for change in found.get("X", "v2").changes] == ["candidate", "champion", "frozen", "champion"]


def test_a_change_that_was_made_for_a_cause_is_not_made_again() -> None:
    found = manager("v1", "v2")
    before = snapshot(found)
    found.promote("X", "v2", 99, "v2 is better", "decision-1")
    assert snapshot(found) == before
    found.roll_back("X", 40, "poisoned", "alarm-1")
    rolled = snapshot(found)
    assert found.roll_back("X", 41, "poisoned", "alarm-1").name == "v1"
    assert snapshot(found) == rolled


def test_a_rollback_without_an_earlier_version_is_refused() -> None:
    for names in ((), ("v1",)):
        found = manager(*names)
        before = snapshot(found)
        with pytest.raises(ModelRefused, match=r"expected (a champion|an earlier version)"):
            found.roll_back("X", 40, "poisoned")
        assert snapshot(found) == before
    assert manager().why("X") == "X runs its built-in version: no version of the registry was promoted"


@pytest.mark.parametrize("status", NEXT)
def test_a_change_of_status_that_the_table_does_not_have_is_refused(status: VersionStatus) -> None:
    ways: dict[VersionStatus, list[VersionStatus]] = {
        "candidate": [],
        "shadow": ["shadow"],
        "champion": ["champion"],
        "frozen": ["champion", "frozen"],
        "rejected": ["rejected"],
        "rolled_back": ["champion", "rolled_back"],
    }
    for following in NEXT:
        found = ModelVersionManager()
        found.add("X", state("v1"), 1, "made by hand")
        for step in ways[status]:
            found.change("X", "v1", step, 2, "as planned")
        if following in NEXT[status]:
            assert found.change("X", "v1", following, 3, "go on").status == following
        else:
            before = snapshot(found)
            with pytest.raises(ModelRefused, match=f"v1 is {status}: expected .*, was {following}"):
                found.change("X", "v1", following, 3, "go on")
            assert snapshot(found) == before


def test_a_change_needs_a_reason_and_a_version() -> None:
    found = manager("v1")
    with pytest.raises(ModelRefused, match="expected a reason for frozen"):
        found.change("X", "v1", "frozen", 9, "")
    with pytest.raises(ModelRefused, match=r"expected a version of X \(v1\), was 'v9'"):
        found.change("X", "v9", "frozen", 9, "because")


def test_records_come_back_as_they_were_in_any_process() -> None:
    found = manager("v1", "v2")
    other = ModelVersionManager()
    for record in snapshot(found):
        other.load(record)
    assert snapshot(other) == snapshot(found)
    assert other.why("X") == found.why("X")
    for record in snapshot(found):
        other.load(record)
    assert snapshot(other) == snapshot(found)


def test_an_older_record_of_the_same_version_changes_nothing_and_another_history_is_refused() -> None:
    found = ModelVersionManager()
    found.add("X", state("v1"), 1, "made by hand")
    early = found.dump("X", "v1")
    found.promote("X", "v1", 2, "good")
    assert found.load(early).status == "champion"
    twin = ModelVersionManager()
    twin.add("X", state("v1"), 1, "another story")
    with pytest.raises(ModelRefused, match="expected its history to go on from champion"):
        found.load(twin.dump("X", "v1"))


def spoiled(**fields: object) -> bytes:
    """An encoded record of a good version with these fields replaced."""
    good = msgspec.json.decode(snapshot(manager("v1"))[0])
    return msgspec.json.encode(good | fields)


GOOD = msgspec.json.decode(snapshot(manager("v1"))[0])
STATE, MODEL = GOOD["state"], GOOD["state"]["model"]


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (b"", "expected a version record, was something else"),
        (b"{", "expected a version record, was something else"),
        (b"\xff\xfe", "expected a version record, was something else"),
        (b"null", "expected a version record, was something else"),
        (b"[" * 10_000, "expected a version record, was something else"),
        (spoiled(schema=2), "expected a version record of schema 1, was 2; fix: upgrade"),
        (spoiled(schema="1"), "expected a version record, was something else"),
        (spoiled(state=STATE | {"model": MODEL | {"kind": "pickle"}}), "Invalid value 'pickle'"),
        (spoiled(state=STATE | {"model": MODEL | {"weights": [0.5, None]}}), "Expected `float`, got `null`"),
        (spoiled(state=STATE | {"model": MODEL | {"weights": [0.5000001, 0.25]}}), "expected a state of SHA-256"),
        (spoiled(state=STATE | {"parent": "v0"}), "expected a state of SHA-256 .*: corrupt"),
        (spoiled(sha256="0" * 64), "expected a state of SHA-256 000000000000, was"),
        (spoiled(changes=[]), "expected at least one change"),
        (spoiled(changes=[GOOD["changes"][0]] * 2), "expected no change from candidate to candidate"),
        (spoiled(symbol=""), "expected a symbol and a version name"),
    ],
)
def test_an_invalid_record_is_refused_and_changes_nothing(record: bytes, sentence: str) -> None:
    found = manager("v0")
    before = snapshot(found)
    with pytest.raises(ModelRefused, match=sentence):
        found.load(record)
    assert snapshot(found) == before


@pytest.mark.parametrize("weight", [nan, 1e9, -1e300])
def test_invalid_numbers_of_a_model_are_refused_even_with_the_right_hash(weight: float) -> None:
    with pytest.raises(ModelRefused, match="v1: expected weights from"):
        ModelVersionManager().add("X", state("v1", weight), 1, "made by hand")
    short = ModelState("v1", SignedLogisticState(("a", "b"), (0.5,), (1.0, 1.0)))
    with pytest.raises(ModelRefused, match="expected 2 weights and mean squares, was 1 and 2"):
        ModelVersionManager().add("X", short, 1, "made by hand")


def test_two_states_do_not_share_a_name_nor_two_champions_a_symbol() -> None:
    found = manager("v1")
    with pytest.raises(ModelRefused, match="expected a new name"):
        found.add("X", state("v1", 0.75), 9, "made by hand")
    with pytest.raises(ModelRefused, match="expected one champion of X, v1 is it"):
        found.load(snapshot(manager("v2"))[0])
    assert found.add("Y", state("v1", 0.75), 9, "made by hand").symbol == "Y"


def test_a_result_is_kept_with_what_it_came_from() -> None:
    made = state("v2", 0.75, "v1")
    result = RetrainingResult(
        "b1", "X", "rejected", "failed: weights", candidate=made, sha256=state_sha256(made), n_trained=7
    )
    found = manager("v1")
    kept = found.register(result, 50)
    assert (kept.status, kept.n_trained, kept.changes[0].cause) == ("rejected", 7, "b1")
    assert found.difference("X", "v1", "v2") == {"a": (0.5, 0.75)}
    with pytest.raises(ModelRefused, match="expected a result with a candidate, was too_few_samples: 3 labels"):
        found.register(RetrainingResult("b2", "X", "too_few_samples", "3 labels"), 60)
    with pytest.raises(ModelRefused, match="corrupt"):
        found.register(replace(result, sha256="0" * 64, candidate=state("v3")), 60)
