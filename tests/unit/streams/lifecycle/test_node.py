"""The lifecycle node makes each command a directive once and records each change; the market node agrees with it."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from schemas.codec import encode
from schemas.commands import Command, PinVersion
from schemas.dead_letters import DeadLetter
from schemas.errors import Refused
from schemas.models import ModelState, SignedLogisticState
from schemas.ticks import Directive
from schemas.versions import ModelVersion
from streams.engine.partition import KeySnapshot, Partition
from streams.engine.signing import Key, Signing
from streams.lifecycle.arm_states import MOST_FORMER
from streams.lifecycle.node import LifecycleNode
from streams.market.directives import MOST_ARMS, REMEMBERED
from streams.market.node import MarketNode
from streams.parameters import load_parameters
from tests.support.lifecycle_desk import BOLD, BUILTIN, MODEL, Desk, back, promote, start, stop

SIGNING = Signing(("test",), (Key("k", "secret"),), "k")


def test_a_variant_from_its_start_to_its_rollback() -> None:
    desk = Desk()
    directive, shadow, champion = desk.ask(start("bold", overrides=BOLD, from_live=True, experiment="e"))
    assert directive == Directive(
        "start-bold", "X", 5, "start_arm", "bold", "test", overrides=BOLD, from_live=True, version="bold-1"
    )
    assert shadow == ModelVersion(
        "commands:3:0:0",
        "X",
        "bold-1",
        BUILTIN,
        "shadow",
        "test",
        5,
        "start-bold",
        {},
        (BUILTIN,),
        "bold",
        "e",
        BOLD,
        manual_steps=1,
        change="start_variant",
    )
    assert (champion.version, champion.status, champion.arm) == (BUILTIN, "champion", "live")
    assert desk.told(promote("bold", metrics={"e_value": 40.0})) == [
        ("bold-1", "champion", "live"),
        (BUILTIN, "shadow", BUILTIN),
    ]
    assert desk.running == [("live", "bold-1"), (BUILTIN, BUILTIN)]
    assert desk.told(back()) == [(BUILTIN, "champion", "live"), ("bold-1", "rolled_back", "bold-1")]
    assert desk.running == [("live", BUILTIN), ("bold-1", "bold-1")]
    assert desk.told(stop("bold-1")) == [("bold-1", "stopped", "")]
    assert desk.running == [("live", BUILTIN)]


def test_what_is_taken_back_for_good_ends_behind_the_directive_that_makes_the_other_live() -> None:
    desk = Desk()
    desk.ask(start("slow", from_live=True))
    desk.ask(promote("slow"))
    found = desk.ask(replace(back(), stop=True, automatic=True, cause="slow-1 is too slow"))
    directives = [each for each in found if isinstance(each, Directive)]
    assert [(each.action, each.arm) for each in directives] == [("promote_arm", "builtin"), ("stop_arm", "slow-1")]
    assert directives[1].id == "commands:3:2:stop"
    told = [each for each in found if isinstance(each, ModelVersion)]
    assert [(each.version, each.status, each.arm) for each in told] == [
        (BUILTIN, "champion", "live"),
        ("slow-1", "rolled_back", "slow-1"),
        ("slow-1", "stopped", ""),
    ]
    assert {(each.reason, each.command, each.change) for each in told} == {
        ("slow-1 is too slow", "back-0", "roll_back")
    }
    assert desk.running == [("live", BUILTIN)]
    assert desk.ask(replace(back(), stop=True, automatic=True, cause="slow-1 is too slow")) == [], "once"


def test_the_built_in_version_goes_on_in_shadow_whatever_it_is_taken_back_for() -> None:
    desk = Desk()
    desk.ask(start("bold"))
    desk.ask(promote("bold"))
    desk.ask(promote(BUILTIN, "promote-builtin"))
    desk.ask(replace(back(), stop=True))
    assert desk.running == [("live", "bold-1"), (BUILTIN, BUILTIN)]


def test_what_a_pin_held_back_ends_at_its_release() -> None:
    desk = Desk()
    desk.ask(start("slow", from_live=True))
    desk.ask(promote("slow"))
    desk.ask(PinVersion("pin", "X", 7, "test"))
    desk.ask(replace(back(), stop=True, automatic=True))
    assert desk.running == [("live", "slow-1"), (BUILTIN, BUILTIN)]
    desk.ask(PinVersion("release", "X", 9, "test", pinned=False))
    assert desk.running == [("live", BUILTIN)]


def test_the_directive_is_the_command_and_comes_on_its_partition_with_its_id_and_time() -> None:
    (directive, _) = Desk().ask(start("a", "c-77"))[:2]
    assert (directive.id, directive.ts_event, directive.symbol) == ("c-77", 5, "X")


def test_a_command_that_is_put_twice_is_carried_out_once() -> None:
    desk = Desk()
    for command in (start("a"), promote("a"), back(), stop("a-1")):
        assert isinstance(desk.ask(command)[0], Directive)
        assert desk.ask(command) == []
    assert desk.running == [("live", BUILTIN)]


def test_the_market_node_ignores_a_directive_that_comes_twice() -> None:
    desk = Desk()
    for command in (start("a"), promote("a")):
        value = encode(desk.ask(command)[0])
        before = desk.market.snapshot("X")
        assert list(desk.market.apply(desk.market.offset + 1, b"X", value)) == []
        assert (
            desk.market.node.dump(desk.market.keys["X"].state) == msgspec.msgpack.decode(before, type=KeySnapshot).state
        )


def test_the_built_in_version_answers_to_both_of_its_names() -> None:
    for name in ("builtin", BUILTIN):
        desk = Desk()
        desk.ask(start("a"))
        desk.ask(promote("a"))
        (directive, *_) = desk.ask(promote(name, "again"))
        assert directive.arm == "builtin"
        assert desk.running == [("live", BUILTIN), ("a-1", "a-1")]


def test_rollbacks_go_back_in_turn_past_what_was_stopped() -> None:
    desk = Desk()
    for arm in ("a", "b", "c"):
        desk.ask(start(arm))
        desk.ask(promote(arm))
    desk.ask(stop("b-2"))
    assert desk.told(back(1)) == [("a-1", "champion", "live"), ("c-3", "rolled_back", "c-3")]
    assert desk.told(back(2))[0] == (BUILTIN, "champion", "live")
    assert "there is none" in desk.refused(back(3))
    desk.ask(promote("c-3"))
    assert desk.told(back(4))[0] == (BUILTIN, "champion", "live")


def test_a_version_of_a_model_keeps_its_lineage() -> None:
    desk = Desk()
    (_, version, _) = desk.ask(start("candidate", model=MODEL, metrics={"accuracy": 0.6}))
    assert (version.version, version.parent, version.metrics) == ("retrained-1", BUILTIN, {"accuracy": 0.6})
    desk.ask(promote("candidate"))
    (_, child) = desk.ask(start("bold", overrides=BOLD, from_live=True))
    assert (child.version, child.lineage) == ("bold-2", (BUILTIN, "retrained-1"))
    (_, fresh) = desk.ask(start("fresh", version="mine"))
    assert (fresh.version, fresh.parent, fresh.lineage) == ("mine", "", ())


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (start("a", "again"), "expected new names"),
        (start("live"), "expected new names"),
        (start("builtin"), "expected new names"),
        (start(BUILTIN), "expected new names"),
        (start("z", version="a-1"), "expected new names"),
        (start("z", version=BUILTIN), "expected new names"),
        (start("z", overrides={"admission": {"max_jump": 0.5}}), "expected tables among"),
        (start("z", overrides={"model": {"learning_rate": 7.0}}), "overrides.model"),
        (start("z", model=ModelState("v", SignedLogisticState(("a",), (1.0,), (1.0,)))), "expected the features"),
        (start("x" * 200), "a version of 1 to 200 characters"),
        (stop("live"), "runs in shadow"),
        (stop("nobody"), "runs in shadow (a), was 'nobody'"),
        (promote("nobody"), "runs in shadow"),
        (back(), "live before"),
    ],
)
def test_an_impossible_command_is_refused_and_changes_nothing(command: Command, sentence: str) -> None:
    desk = Desk()
    desk.ask(start("a"))
    before = desk.node.dump(desk.lifecycle.keys["X"].state)
    assert sentence in desk.refused(command)
    assert desk.node.dump(desk.lifecycle.keys["X"].state) == before


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (start(""), "length >= 1 - at `$.arm`"),
        (start("a|b"), "regex"),
        (start("größer"), "regex"),
        (start("z", model=replace(MODEL, parent="x" * 201)), "length <= 200 - at `$.model.parent`"),
        (start("z", experiment="x" * 201), "length <= 200 - at `$.experiment`"),
        (start("z", metrics={str(n): 1.0 for n in range(65)}), "length <= 64 - at `$.metrics`"),
        (start("z", metrics={"effect": 1e101}), "<= 1e+100"),
        (start("z", overrides={"sizing": {"kelly_fraction": [[]]}}), "at `$.overrides[...][...][0]`"),
        (start("z", overrides={"sizing": {"kelly_fraction": "x" * 1_001}}), "length <= 1000"),
        (replace(start("z"), cause="x" * 1_001), "length <= 1000 - at `$.cause`"),
        (replace(start("z"), id="x" * 301), "length <= 300 - at `$.id`"),
        (replace(start("z"), symbol=""), "length >= 1 - at `$.symbol`"),
        (replace(start("z"), symbol="X\n"), "regex"),
        (replace(start("z"), ts_event=0), ">= 1 - at `$.ts_event`"),
        (replace(start("z"), ts_event=10**30), "<= 9223372036854775807 - at `$.ts_event`"),
        (replace(start("z"), ts_event=2**63), "<= 9223372036854775807 - at `$.ts_event`"),
    ],
)
def test_a_command_out_of_bounds_opens_and_changes_nothing(command: Command, sentence: str) -> None:
    desk = Desk()
    assert sentence in desk.refused(command, "malformed")
    assert desk.lifecycle.keys == {}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b'{"kind":"start_everything"}', "malformed"),
        (b"nonsense", "not_json"),
        (None, "empty"),
    ],
)
def test_what_is_no_command_becomes_a_dead_letter(value: bytes | None, reason: str) -> None:
    (letter,) = Partition(LifecycleNode(), 0).apply(4, b"X", value)
    assert isinstance(letter, DeadLetter)
    assert (letter.id, letter.reason) == ("commands:0:4", reason)


def test_with_a_key_directives_are_signed() -> None:
    desk = Desk(LifecycleNode(signing=SIGNING))
    directive = desk.ask(SIGNING.sign(start("a", overrides=BOLD), "commands:3:0"))[0]
    SIGNING.check(directive)
    with pytest.raises(Refused, match="unsigned_directive"):
        SIGNING.check(replace(directive, overrides={}))
    assert MarketNode(signing=SIGNING).decode(encode(directive)) == directive


@pytest.mark.parametrize("asked", [start("a", overrides=BOLD), stop("a"), promote("a"), back()])
def test_with_a_key_no_command_is_carried_out_that_is_not_signed(asked: Any) -> None:
    place = "commands:3:0"
    signed = SIGNING.sign(asked, place)
    guess = Signing(("test",), (Key("k", "guess"),), "k")
    elsewhere = Signing(("other",), (Key("k", "secret"),), "k")
    for wrong in (
        asked,
        guess.sign(asked, place),
        elsewhere.sign(asked, place),
        SIGNING.sign(asked, "commands:2:0"),
        SIGNING.sign(asked, "commands:3:1"),
        replace(signed, symbol="Y"),
        replace(signed, cause="another"),
        replace(signed, signature=signed.signature.split("/")[2]),
        replace(signed, signature="k/commands:3:x/" + signed.signature.split("/")[2]),
    ):
        desk = Desk(LifecycleNode(signing=SIGNING))
        (letter,) = desk.ask(wrong)
        assert isinstance(letter, DeadLetter)
        assert letter.reason == "unsigned_command"
        assert not desk.lifecycle.keys


def test_a_version_that_was_stopped_gives_its_name_to_no_other() -> None:
    desk = Desk()
    desk.ask(start("a", version="first"))
    desk.ask(stop("a"))
    desk.lifecycle.restore("X", msgspec.msgpack.decode(desk.lifecycle.snapshot("X"), type=KeySnapshot))
    assert "'first' ran before and was stopped" in desk.refused(start("a", "again", version="first"))
    assert desk.told(start("a", "other")) == [("a-2", "shadow", "a")]


def test_overrides_are_held_against_the_parameters_of_their_symbol() -> None:
    own = load_parameters({"symbols": {"X": {"market": {"strategies": {"enabled": ["imbalance", "flat"]}}}}})
    desk = Desk(LifecycleNode(own))
    assert "expected experts among imbalance, flat" in desk.refused(
        start("a", overrides={"mixture": {"prior": {"momentum": 0}}})
    )


def test_a_restore_after_any_command_equals_never_having_stopped() -> None:
    commands: list[Command] = [
        start("a", overrides=BOLD, from_live=True),
        start("b", model=MODEL),
        promote("a"),
        start("a"),
        promote("b"),
        back(1),
        stop("b"),
        stop("retrained-1"),
        back(2),
        start("c"),
    ]
    values = [encode(command) for command in commands]
    straight, partition = Partition(LifecycleNode(), 0), Partition(LifecycleNode(), 0)
    for offset, value in enumerate(values):
        expected = list(map(encode, straight.apply(offset, b"X", value)))
        if offset:
            stored = msgspec.msgpack.decode(partition.snapshot("X"), type=KeySnapshot)
            partition = Partition(LifecycleNode(), 0, partition.offset)
            partition.restore("X", stored)
        assert list(map(encode, partition.apply(offset, b"X", value))) == expected
    assert partition.snapshot("X") == straight.snapshot("X")


def test_the_memory_of_commands_is_bounded() -> None:
    desk = Desk()
    largest = max(len(encode(start(f"{number}", overrides=BOLD))) for number in range(MOST_ARMS))
    for number in range(MOST_ARMS - 1):
        desk.ask(start(str(number), overrides=BOLD, from_live=True))
    assert "at most 6 arms" in desk.refused(start("more"))
    for number in range(REMEMBERED + 50):
        names = [name for name, _ in desk.running]
        desk.ask(promote(names[1 + number % 5], f"p{number}"))
    life = desk.lifecycle.keys["X"].state
    assert len(life.applied) == REMEMBERED
    assert len(life.before) <= min(MOST_FORMER, MOST_ARMS)
    assert largest < len(desk.lifecycle.snapshot("X")) < 8_000
