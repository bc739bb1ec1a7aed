"""Models in the lifecycle node: retrain jobs, why they are withheld, how many candidates run, pins, refusals."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from schemas.commands import PinVersion, PromoteVariant, Retrain, RollBack, StartVariant
from schemas.models import state_sha256
from schemas.retraining import RetrainJob
from schemas.ticks import Directive
from schemas.versions import ModelVersion
from schemas.windows import Breach
from streams.engine.partition import KeySnapshot
from streams.lifecycle.node import LifecycleNode
from streams.market.directives import MOST_ARMS
from streams.parameters import load_parameters
from tests.support.lifecycle_desk import BUILTIN, MODEL, Desk, back, promote, start, stop

SECOND = 1_000_000_000


def breach(name: str) -> Breach:
    return Breach(name, "skill", "surprise", 1.2, 1.0, 1, 500, retrain=True, withheld="", sentence="worse than usual")


def retrain(name: str = "retrain-ticks:3:9:0", at: int = 9, *, automatic: bool = True) -> Retrain:
    return Retrain(name, "X", at, "worse than usual", breach(name), automatic=automatic)


def candidate(name: str, parent: str = BUILTIN, *, automatic: bool = True, **fields: Any) -> StartVariant:
    model = replace(MODEL, version=f"X-{name}", parent=parent)
    asked = StartVariant(
        f"{name}:start", "X", 5, f"candidate-{name}", "retrained", model=model, experiment=f"candidate-{name}",
        automatic=automatic, sha256=state_sha256(model), judged_against=parent,
    )  # fmt: skip
    return replace(asked, **fields)


def won(name: str) -> PromoteVariant:
    return PromoteVariant(f"won-{name}", "X", 6, f"candidate-{name}", "winner", automatic=True)


def fell(version: str, number: int = 0, at: int = 7) -> RollBack:
    return RollBack(f"fell-{number}", "X", at, "alarm", automatic=True, version=version)


def test_a_retrain_becomes_one_job_on_its_partition() -> None:
    desk = Desk()
    asked = retrain()
    (job,) = desk.ask(asked)
    assert job == RetrainJob("commands:3:0:0", "X", 9, asked.id, asked.breach, automatic=True)
    assert desk.ask(asked) == []
    assert desk.running == [("live", BUILTIN)]


def test_while_enough_candidates_are_tested_none_is_asked_for_but_by_a_person() -> None:
    desk = Desk(LifecycleNode(load_parameters({"retraining": {"candidates": 1}})))
    desk.ask(candidate("a"))
    (job,) = desk.ask(retrain())
    assert job.withheld == "still being tested: X-a"
    (job,) = desk.ask(retrain("by-hand", automatic=False))
    assert job.withheld == ""
    desk.ask(stop("candidate-a"))
    (job,) = desk.ask(retrain("later"))
    assert job.withheld == ""


def test_a_job_says_which_stored_versions_it_means_and_which_outcome_its_asker_had_seen() -> None:
    desk = Desk()
    for name in "abcdefgh":
        desk.ask(candidate(name, parent="" if name == "a" else f"X-{chr(ord(name) - 1)}"))
        desk.ask(won(name))
    for name in "abcdefg":
        desk.ask(stop(f"X-{name}"))
    (job,) = desk.ask(replace(retrain("by-hand", automatic=False), until="ticks:3:8:0"))
    models = [replace(MODEL, version=f"X-{name}", parent=f"X-{chr(ord(name) - 1)}") for name in "bcdefg"]
    assert job.pool == tuple(map(state_sha256, models))
    assert job.until == "ticks:3:8:0"


def test_after_an_automatic_rollback_it_cools_down() -> None:
    desk = Desk(LifecycleNode(load_parameters({"retraining": {"cool_down_ns": 60 * SECOND}})))
    desk.ask(candidate("a"))
    desk.ask(won("a"))
    desk.ask(fell("X-a", at=10 * SECOND))
    (job,) = desk.ask(retrain("soon", at=30 * SECOND))
    assert job.withheld == "cool-down after a roll-back: 40 s to go"
    (job,) = desk.ask(retrain("late", at=70 * SECOND))
    assert job.withheld == ""


def test_a_cool_down_ends_where_the_clock_of_the_symbol_is_set_back() -> None:
    desk = Desk(LifecycleNode(load_parameters({"retraining": {"cool_down_ns": 60 * SECOND}})))
    desk.ask(candidate("a"))
    desk.ask(won("a"))
    desk.ask(fell("X-a", at=10_000 * SECOND))
    (job,) = desk.ask(retrain("of an earlier clock", at=30 * SECOND))
    assert job.withheld == "", "more than a whole cool-down to go is none"


def test_a_rollback_takes_back_what_it_names_and_nothing_else() -> None:
    desk = Desk()
    desk.ask(candidate("a"))
    desk.ask(won("a"))
    assert "expected 'X-other' to be live, X-a is" in desk.refused(fell("X-other"))
    assert desk.told(fell("X-a", 1)) == [(BUILTIN, "champion", "live"), ("X-a", "rolled_back", "X-a")]
    assert "to be live" in desk.refused(fell("X-a", 2))


def test_a_candidate_that_was_judged_against_another_version_comes_too_late() -> None:
    desk = Desk()
    desk.ask(candidate("a"))
    desk.ask(candidate("b"))
    desk.ask(won("a"))
    (letter,) = desk.ask(candidate("c"))
    assert (letter.reason, letter.detail) == ("stale", f"X-c was judged against {BUILTIN}, X-a is live")
    assert isinstance(desk.ask(candidate("c", automatic=False, id="by-hand"))[0], Directive)


def test_a_candidate_that_comes_while_enough_are_tested_is_not_started() -> None:
    desk = Desk(LifecycleNode(load_parameters({"retraining": {"candidates": 1}})))
    desk.ask(candidate("a"))
    (letter,) = desk.ask(candidate("b"))
    assert (letter.reason, letter.detail) == (
        "too_many_candidates",
        "X-b is not started, still being tested: X-a",
    )
    assert isinstance(desk.ask(candidate("b", automatic=False, id="by-hand"))[0], Directive)


def test_a_pinned_version_is_changed_by_people_alone() -> None:
    desk = Desk()
    desk.ask(candidate("a"))
    (told,) = desk.ask(PinVersion("pin", "X", 6, "quarter end"))
    assert (told.version, told.status, told.pinned, told.reason) == (BUILTIN, "champion", True, "pinned: quarter end")
    (held,) = desk.ask(won("a"))
    assert (held.version, held.status, held.held) == ("X-a", "shadow", True)
    assert held.reason == f"held back by a pin on {BUILTIN}: winner"
    assert desk.running[0] == ("live", BUILTIN)
    assert desk.told(promote("candidate-a"))[0] == ("X-a", "champion", "live")
    assert not desk.life.held, "a person did what was held back"
    (held,) = desk.ask(fell("X-a"))
    assert (held.version, held.status, held.held, held.pinned) == ("X-a", "champion", True, True)
    assert desk.ask(fell("X-a", 5)) == [], "told once"
    assert desk.running[0] == ("live", "X-a")


def pinned(*names: str, **settings: Any) -> Desk:
    """A lifecycle node with these retrained versions in test, and the live version pinned."""
    desk = Desk(LifecycleNode(load_parameters({"retraining": settings})))
    for name in names:
        desk.ask(candidate(name))
    desk.ask(PinVersion("pin", "X", 6, "quarter end"))
    return desk


RELEASE = PinVersion("release", "X", 50, "over", pinned=False)


def test_a_winner_that_a_pin_holds_back_leaves_its_slot_to_the_next_candidate() -> None:
    desk = pinned("a", candidates=1)
    (job,) = desk.ask(retrain("before"))
    assert job.withheld == "still being tested: X-a"
    desk.ask(won("a"))
    (job,) = desk.ask(retrain("after"))
    assert job.withheld == ""
    assert isinstance(desk.ask(candidate("b"))[0], Directive)


def test_at_the_release_the_first_winner_goes_live_and_the_others_are_stopped_with_a_reason() -> None:
    desk = pinned("a", "b")
    desk.ask(won("b"))
    desk.ask(won("a"))
    assert desk.ask(won("a")) == []
    found = desk.ask(RELEASE)
    directives = [each for each in found if isinstance(each, Directive)]
    assert [(each.action, each.arm, each.id) for each in directives] == [
        ("promote_arm", "candidate-b", "won-b"),
        ("stop_arm", "candidate-a", "commands:3:6:held0"),
    ]
    told = {(each.version, each.status): each for each in found if isinstance(each, ModelVersion)}
    assert list(told) == [(BUILTIN, "champion"), ("X-b", "champion"), (BUILTIN, "shadow"), ("X-a", "rejected")]
    live, stopped = told["X-b", "champion"], told["X-a", "rejected"]
    assert (live.command, live.automatic, live.manual_steps, live.held) == ("won-b", True, 0, msgspec.UNSET)
    assert stopped.reason == f"won against {BUILTIN} and was held back by a pin until X-b was live"
    assert (stopped.automatic, stopped.manual_steps) == (True, 0)
    assert desk.running == [("live", "X-b"), (BUILTIN, BUILTIN)]
    assert not desk.life.held
    assert desk.ask(RELEASE) == []


def test_at_the_release_a_roll_back_comes_before_any_winner() -> None:
    desk = Desk()
    desk.ask(candidate("a"))
    desk.ask(won("a"))
    desk.ask(candidate("b", parent="X-a"))
    desk.ask(PinVersion("pin", "X", 6, "quarter end"))
    desk.ask(won("b"))
    desk.ask(fell("X-a"))
    desk.ask(RELEASE)
    assert desk.running == [("live", BUILTIN), ("X-a", "X-a")]
    assert desk.life.cools_until == 50 + load_parameters({}).retraining.cool_down_ns


def test_what_a_person_makes_live_meanwhile_ends_what_was_held_back_for_the_one_before() -> None:
    desk = pinned("a")
    desk.ask(start("mine"))
    desk.ask(won("a"))
    found = desk.ask(promote("mine"))
    assert [each.arm for each in found if isinstance(each, Directive)] == ["mine", "candidate-a"]
    assert desk.running == [("live", "mine-2"), (BUILTIN, BUILTIN)]
    assert [each for each in desk.ask(RELEASE) if isinstance(each, Directive)] == []


def test_a_winner_that_is_held_back_makes_room_for_a_candidate() -> None:
    desk = pinned("a")
    desk.ask(won("a"))
    for number in range(MOST_ARMS - 2):
        desk.ask(start(f"mine-{number}"))
    first, second, *_ = desk.ask(candidate("b"))
    assert (first.action, first.arm, second.arm) == ("stop_arm", "candidate-a", "candidate-b")
    assert not desk.life.held
    assert desk.life.candidates()[0].name == "candidate-b"


def test_an_arm_that_is_stopped_is_held_back_no_more_and_all_of_it_survives_a_restore() -> None:
    desk = pinned("a", "b")
    desk.ask(won("a"))
    desk.ask(won("b"))
    desk.lifecycle.restore("X", msgspec.msgpack.decode(desk.lifecycle.snapshot("X"), type=KeySnapshot))
    desk.ask(stop("candidate-a"))
    assert [each.command.id for each in desk.life.held] == ["won-b"]
    desk.ask(RELEASE)
    assert desk.running[0] == ("live", "X-b")


def test_an_impossible_command_is_refused_and_not_held_back_by_a_pin() -> None:
    desk = pinned()
    assert "expected an arm that runs in shadow" in desk.refused(won("nobody"))
    assert "to be live" in desk.refused(fell("X-other"))
    desk.ask(fell(BUILTIN))
    desk.ask(RELEASE)
    assert desk.running == [("live", BUILTIN)], "there is no version before it"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (candidate("a", model_schema=2), "expected a model of schema 1, was 2"),
        (candidate("a", sha256="0" * 64), "expected a model of SHA-256 000000000000, was"),
        (candidate("a", model=None, version="v"), "it is corrupt"),
        (replace(retrain(), breach=breach("other")), "expected the id of its breach, was 'other'"),
    ],
)
def test_an_invalid_model_is_refused_and_changes_nothing(command: Any, sentence: str) -> None:
    desk = Desk()
    desk.ask(start("b"))
    before = desk.node.dump(desk.lifecycle.keys["X"].state)
    assert sentence in desk.refused(command)
    assert desk.node.dump(desk.lifecycle.keys["X"].state) == before
    assert desk.running == [("live", BUILTIN), ("b", "b-1")]


def test_a_candidate_takes_the_place_of_what_was_taken_back_then_of_what_was_live_longest_ago() -> None:
    desk = Desk()
    live = BUILTIN
    for name in "abcd":
        desk.ask(candidate(name, parent=live))
        desk.ask(won(name))
        live = f"X-{name}"
    desk.ask(candidate("e", parent=live))
    assert len(desk.running) == MOST_ARMS
    desk.ask(fell("X-d"))
    room, begun, *told = desk.ask(candidate("f", parent="X-c"))
    assert (room.action, room.arm, begun.action) == ("stop_arm", "X-d", "start_arm")
    assert [(each.version, each.status) for each in told] == [("X-d", "stopped"), ("X-f", "shadow")]
    room, _, *told = desk.ask(candidate("g", parent="X-c", automatic=False))
    assert room.arm == "builtin"
    assert [(each.version, each.status) for each in told] == [(BUILTIN, "frozen"), ("X-g", "shadow")]
    # What a roll-back goes to keeps its place to the last.
    assert desk.ask(candidate("h", parent="X-c", automatic=False))[0].arm == "X-a"
    assert "at most 6 arms" in desk.refused(candidate("i", parent="X-c", automatic=False))
    assert desk.told(back()) == [("X-b", "champion", "live"), ("X-c", "rolled_back", "X-c")]


def test_a_candidate_that_is_refused_takes_no_other_version_out() -> None:
    desk = Desk()
    live = BUILTIN
    for name in "abcde":
        desk.ask(candidate(name, parent=live))
        desk.ask(won(name))
        live = f"X-{name}"
    before = desk.node.dump(desk.lifecycle.keys["X"].state)
    assert "corrupt" in desk.refused(candidate("f", parent=live, sha256="1" * 64))
    assert desk.node.dump(desk.lifecycle.keys["X"].state) == before


def test_what_is_kept_as_knowledge_may_run_again_as_it_was_and_nothing_else_under_its_name() -> None:
    desk = Desk()
    desk.ask(candidate("a"))
    desk.ask(won("a"))
    desk.ask(promote("builtin"))
    assert desk.told(stop("X-a")) == [("X-a", "frozen", "")]
    other = replace(MODEL, version="X-a", parent="another")
    spoiled = candidate("a", id="other", arm="candidate-other", model=other, sha256="")
    assert "'X-a' ran before and was stopped" in desk.refused(spoiled)
    assert desk.told(candidate("a", id="again", arm="candidate-again"))[0][:2] == ("X-a", "shadow")
    desk.ask(stop("candidate-again"))
    assert "ran before" in desk.refused(candidate("a", id="and again", arm="candidate-again"))


def test_what_a_version_was_says_what_it_is_when_it_ends() -> None:
    desk = Desk()
    desk.ask(candidate("a"))
    assert desk.told(stop("candidate-a")) == [("X-a", "rejected", "")]
    desk.ask(candidate("b"))
    desk.ask(won("b"))
    assert desk.told(stop("builtin")) == [(BUILTIN, "frozen", "")]


def test_steps_of_people_are_counted_by_version() -> None:
    desk = Desk()

    def steps(command: Any) -> dict[str, int]:
        return {each.version: each.manual_steps for each in desk.ask(command) if isinstance(each, ModelVersion)}

    assert steps(candidate("a")) == {"X-a": 0, BUILTIN: 0}
    assert steps(won("a")) == {"X-a": 0, BUILTIN: 0}
    assert steps(back()) == {"X-a": 1, BUILTIN: 1}
    assert steps(promote("X-a")) == {"X-a": 2, BUILTIN: 2}
