"""A signature holds in one deployment, on one topic, at one offset, and a signed record takes effect at most once."""

from itertools import count, pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from agents.cli import cli
from agents.commands.keyring import Ring, deployments, load, save, signing
from agents.config.settings import Settings
from agents.operations.runs import run_settings
from schemas.asyncapi import golden
from schemas.codec import decoder, encode
from schemas.commands import PinVersion, PromoteVariant, RollBack, StopVariant
from schemas.dead_letters import DeadLetter
from schemas.errors import ConfigurationError, Refused
from schemas.experiments import ExperimentPartial
from schemas.limits import LONGEST_COMMAND_ID
from schemas.positions import AsOf, as_of
from schemas.ticks import Directive
from schemas.topics import COMMANDS
from streams.engine.judged import MOST_JUDGED, Judged
from streams.engine.partition import KeySnapshot, Partition
from streams.engine.partitioner import partition_of
from streams.engine.signing import UNSIGNED, Key, Signing, _plain_mac
from streams.market.directives import MOST_ARMS
from streams.market.node import MarketNode
from tests.support.signed_log import KEY, NEW, OLD, OURS, START, Log


def story(log: Log) -> None:
    """Give commands: some are carried out, others are refused for reasons that no longer hold at the end."""
    log.ask(replace(START, id="early", arm="late", model_schema=7))
    log.ask(PromoteVariant("too-soon", "X", 5, "a", "test"))
    log.ask(RollBack("nothing", "X", 5, "test"))
    log.ask(START)
    log.ask(PinVersion("pin", "X", 6, "test"))
    log.ask(PromoteVariant("pinned", "X", 6, "a", "test", automatic=True))
    log.ask(PinVersion("release", "X", 7, "test", pinned=False))
    log.ask(PromoteVariant("promote", "X", 8, "a", "test"))
    log.ask(RollBack("back", "X", 9, "test"))
    log.ask(replace(START, id="again"))
    for number in range(MOST_ARMS):
        log.ask(replace(START, id=f"start-{number}", arm=f"b{number}"))
    log.ask(StopVariant("stop", "X", 10, "b0", "test"))


def others(log: Log, number: int) -> None:
    """Give `number` commands that are carried out and leave everything as it was."""
    for index in range(number // 2):
        log.ask(PinVersion(f"other-{index}-a", "X", 11, "test"))
        log.ask(PinVersion(f"other-{index}-b", "X", 11, "test", pinned=False))


@pytest.mark.parametrize("meanwhile", [0, 300])
def test_no_command_takes_effect_by_being_put_again(meanwhile: int) -> None:
    log = Log()
    story(log)
    refused = {letter.id for letter in log.letters}
    assert len(refused) >= 5
    others(log, meanwhile)
    before, written = log.effects, list(log.commands)
    for value in written:
        followed = log.put(value)
        assert all(isinstance(record, DeadLetter) and record.reason == "expired" for record in followed), followed
        assert log.effects == before
    fresh = log.ask(replace(START, id="fresh", arm="fresh"))
    assert [record.arm for record in fresh if isinstance(record, Directive)] == ["fresh"]


@pytest.mark.parametrize("meanwhile", [0, 300])
def test_no_directive_takes_effect_by_being_put_again(meanwhile: int) -> None:
    log = Log()
    story(log)
    # Written by a lifecycle node that knew more arms than the market node: refused there, under a good signature.
    refused = Directive("twice", "X", 5, "promote_arm", "late", "test")
    log.tick(encode(OURS.sign(refused, f"commands:3:{len(log.commands)}")))
    assert log.letters[-1].reason == "bad_directive"
    log.ask(StopVariant("room", "X", 11, "b1", "test"))
    for number in range(meanwhile):
        arm = f"c{number}"
        log.ask(StopVariant(arm, "X", 12, f"c{number - 1}", "test") if number % 2 else replace(START, id=arm, arm=arm))
    log.ask(replace(START, id="late", arm="late"))
    before = log.effects
    for value in [each for each in log.ticks if b'"directive"' in each]:
        followed = log.tick(value)
        assert all(isinstance(record, DeadLetter) and record.reason == "expired" for record in followed), followed
        assert log.effects == before


def test_what_is_signed_for_one_place_is_taken_at_no_other() -> None:
    log, other = Log(), Log(number=2)
    log.ask(START)
    assert [letter.reason for letter in other.put(log.commands[0])] == ["unsigned_command"]
    assert "X" not in other.lifecycle.keys, "what is refused for its place opens no state"
    assert [letter.reason for letter in log.put(log.ticks[1])] == ["malformed"]
    elsewhere = Log(Signing(("other",), (KEY,), "k"))
    assert [letter.reason for letter in elsewhere.put(log.commands[0])] == ["unsigned_command"]
    assert [letter.reason for letter in elsewhere.tick(log.ticks[1])] == ["unsigned_directive"]


def test_the_floor_stands_at_the_latest_that_was_forgotten_and_each_log_has_its_own() -> None:
    judged = Judged()
    for number in range(MOST_JUDGED + 5):
        assert judged.meet(f"c{number}", AsOf("commands", 3, 1_000 - number if number < 5 else 2_000 + number))
    assert judged.floors == {"commands": 1_000}
    assert judged.meet("slow", AsOf("ticks", 3, 4)), "a node's own place in the ticks is another measure"
    with pytest.raises(Refused, match="expired"):
        judged.meet("c1", AsOf("commands", 3, 999))
    assert len(judged.ids) == MOST_JUDGED


def test_the_memory_survives_a_restore() -> None:
    log = Log()
    story(log)
    for partition in (log.lifecycle, log.market):
        stored = msgspec.msgpack.decode(partition.snapshot("X"), type=KeySnapshot)
        judged = partition.keys["X"].state.judged if partition is log.lifecycle else None
        partition.restore("X", stored)
        if judged is not None:
            assert partition.keys["X"].state.judged == judged
    before = log.effects
    for value in list(log.commands):
        assert log.put(value) == []
    assert log.effects == before


def test_without_a_key_nothing_is_signed_and_nothing_is_remembered() -> None:
    log = Log(UNSIGNED)
    story(log)
    assert not any(b'"signature":"k' in value for value in (*log.commands, *log.ticks))
    assert log.lifecycle.keys["X"].state.judged == log.market.keys["X"].state.arms.judged == Judged()
    refused = len(log.letters)
    before = log.effects
    log.put(log.commands[1])
    assert len(log.letters) == refused
    assert log.effects != before, "promoted now: without a key anybody may ask for anything"


@pytest.mark.parametrize(
    "record",
    [decoder(COMMANDS.record)(value) for kind in COMMANDS.records for value in golden(kind)],
    ids=lambda record: type(record).__name__,
)
def test_every_kind_of_command_is_signed_as_a_whole(record: Any) -> None:
    signed = OURS.sign(replace(record, signature=""), "commands:0:1")
    OURS.check(decoder(COMMANDS.record)(encode(signed)))
    for name in type(record).__struct_fields__:
        if name == "signature" or getattr(record, name) is msgspec.UNSET:
            continue
        value = getattr(record, name)
        other = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value}?"
        with pytest.raises(Refused, match="unsigned_command"):
            OURS.check(replace(signed, **{name: other}))


def test_a_partial_is_signed_for_its_own_topic() -> None:
    partial = replace(decoder(ExperimentPartial)(golden(ExperimentPartial)[-1]), signature="")
    signed = OURS.sign(partial, partial.id)
    place = ":".join(partial.id.split(":")[:3])
    assert str(signed.signature).startswith(f"k/{place}/")
    OURS.check(signed)
    home = as_of(place).partition
    assert OURS.admit(signed, f"experiment-partials:{home + 1}:7") == as_of(place), "it goes where its experiment is"
    with pytest.raises(Refused, match="unsigned_partial"):
        OURS.check(replace(signed, scored=signed.scored + 1))


@pytest.mark.parametrize("partitions", [2, 3, 8])
def test_a_partial_is_taken_where_its_experiment_is_and_nowhere_else(partitions: int) -> None:
    """Copied to another partition, the record would start the experiment there too, perhaps with another verdict."""
    ours = Signing(("test",), (KEY,), "k", partitions)
    partial = replace(decoder(ExperimentPartial)(golden(ExperimentPartial)[-1]), signature="")
    signed = ours.sign(partial, partial.id)
    home = partition_of(partial.experiment, partitions)
    for partition in range(partitions):
        if partition == home:
            assert ours.admit(signed, f"experiment-partials:{partition}:7") is not None
        else:
            with pytest.raises(Refused, match=f"unsigned_partial: expected partition {home}, "):
                ours.admit(signed, f"experiment-partials:{partition}:7")


@pytest.mark.parametrize("key", [{"directive_key": "secret"}, {"directive_keys": "keys.json"}])
def test_a_deployment_knows_where_its_experiments_are(
    key: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save(Path("keys.json"), Ring("prod", "key", (Key("key", "secret"),)))
    ours = signing(Settings.load({}, deployment="prod", partitions=3, **key))
    partial = decoder(ExperimentPartial)(golden(ExperimentPartial)[-1])
    signed = ours.sign(partial, partial.id)
    elsewhere = (partition_of(partial.experiment, 3) + 1) % 3
    with pytest.raises(Refused, match="unsigned_partial: expected partition"):
        ours.admit(signed, f"experiment-partials:{elsewhere}:7")


def test_a_key_is_changed_while_everything_runs() -> None:
    """Two workers get the new key one after the other; the one with the command's partition signs directives."""
    only, both = Signing(("test",), (OLD,), "old"), Signing(("test",), (NEW, OLD), "old")
    new = Signing(("test",), (NEW, OLD), "new")
    log, numbers = Log(only), count()

    def run(lifecycle: Signing, market: Signing, client: Signing) -> None:
        log.lifecycle.node._signing, log.market.node._signing, log.signing = lifecycle, market, client  # type: ignore[attr-defined]
        number = next(numbers)
        assert log.ask(replace(START, id=f"s{number}", arm=f"v{number}")), "taken"
        assert log.ask(StopVariant(f"t{number}", "X", 6, f"v{number}", "test")), "taken"

    steps = [only, both, new]
    for before, after in pairwise(steps):
        for lifecycle in (before, after):
            for market in (before, after):
                for client in (before, after):
                    run(lifecycle, market, client)
    assert not log.letters
    until = {"commands": (0, 0, 0, len(log.commands)), "ticks": (0, 0, 0, len(log.ticks))}
    retired = Signing(("test",), (NEW, replace(OLD, until=until)), "new")
    for lifecycle in (new, retired):
        for market in (new, retired):
            run(lifecycle, market, new)
    assert not log.letters
    before = log.effects
    forged = replace(START, id="forged", arm="forged")
    log.put(encode(only.sign(forged, f"commands:3:{len(log.commands)}")))
    log.tick(encode(only.sign(Directive("forged", "X", 5, "stop_arm", "live", "t"), "commands:3:1")))
    log.put(encode(only.sign(replace(forged, symbol="Y"), f"commands:3:{len(log.commands)}")))
    assert [letter.reason for letter in log.letters] == ["unsigned_command", "unsigned_directive", "unsigned_command"]
    assert "before offset" in log.letters[0].detail
    assert log.effects == before
    assert "Y" not in log.lifecycle.keys, "a leaked key cannot fill a partition with symbols"
    # What was right then is right in a replay of the whole log.
    again = Log(retired)
    again.ticks, again.letters = [], []
    again.market = Partition(MarketNode(signing=retired), 3)
    for value in log.ticks:
        again.tick(value)
    for offset, value in enumerate(log.commands):
        again.letters += [each for each in again.lifecycle.apply(offset, b"X", value) if isinstance(each, DeadLetter)]
    assert [letter.reason for letter in again.letters] == ["unsigned_directive", "unsigned_command", "unsigned_command"]
    assert again.effects == before


def test_plain_signatures_are_taken_where_they_lay_already() -> None:
    plain = Key("plain", "secret", {"commands": (0, 0, 0, 1), "ticks": (0, 0, 0, 0)}, plain=True)
    log = Log(Signing(("test",), (KEY, plain), "k"))
    earlier = encode(replace(START, signature=_plain_mac(START, plain)))
    assert isinstance(log.put(earlier)[0], Directive)
    later = replace(START, id="later", arm="later")
    (letter,) = log.put(encode(replace(later, signature=_plain_mac(later, plain))))
    assert (letter.reason, "before offset 1" in letter.detail) == ("unsigned_command", True)
    (letter,) = Log(OURS).put(earlier)
    assert letter.reason == "unsigned_command", "no old signature counts unless a key says so"


def test_what_lay_unsigned_before_there_was_a_key_stays_good_and_nothing_behind_it() -> None:
    before = Key("unsigned", "", {"commands": (0, 0, 0, 1), "ticks": (0, 0, 0, 0)}, plain=True)
    log = Log(Signing(("test",), (KEY, before), "k"))
    assert isinstance(log.put(encode(START))[0], Directive)
    (letter,) = log.put(encode(replace(START, id="later", arm="later")))
    assert letter.reason == "unsigned_command"
    (letter,) = log.put(encode(replace(START, id="empty", signature=_plain_mac(START, before))))
    assert letter.reason == "unsigned_command", "no secret is not an empty one"
    with pytest.raises(ConfigurationError, match="expected a secret"):
        Ring("prod", "k", (KEY, replace(before, until=None)))
    partial = decoder(ExperimentPartial)(golden(ExperimentPartial)[0])
    Signing(("test",), (KEY, before), "k").check(partial)
    with pytest.raises(Refused, match="unsigned_partial"):
        OURS.check(partial)


def test_a_run_takes_what_its_deployment_signed_and_not_the_other_way_round() -> None:
    live = Settings(directive_key="secret", deployment="prod", prefix="lab-")
    run = run_settings(live, "monday")
    directive = Directive("d", "X", 1, "stop_arm", "a", "test")
    signing(run).check(signing(live).sign(directive, "commands:0:1"))
    with pytest.raises(Refused):
        signing(live).check(signing(run).sign(directive, "commands:0:1"))
    assert deployments("", "replay-a.replay-b.") == ("/replay-a.replay-b.", "/replay-a.", "/")


def test_a_key_without_a_name_of_the_deployment_is_a_mistake_and_so_are_two_sources_of_keys() -> None:
    with pytest.raises(ConfigurationError, match="TICKLOOP_DEPLOYMENT"):
        signing(Settings(directive_key="secret"))
    with pytest.raises(ConfigurationError, match="was both"):
        signing(Settings(directive_key="secret", directive_keys="keys.json"))
    assert not signing(Settings())


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    save(path, Ring("prod", "k", (KEY,)))
    assert path.stat().st_mode & 0o077 == 0
    assert "secret" not in repr(load(path)) + repr(KEY) + repr(OURS)
    path.write_text('{"deployment": "prod", "signs": "k", "keys": [{"id": "k", "secret": ["s3cr3t"]}]}')
    with pytest.raises(ConfigurationError) as refused:
        load(path)
    assert "s3cr3t" not in str(refused.value)
    assert refused.value.__cause__ is None
    for text in ("{", '{"deployment": "", "signs": "k", "keys": [{"id": "k", "secret": ""}]}', '{"keys": []}'):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=r"keys\.json"):
            load(path)


def test_the_commands_make_and_use_a_ring(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    environment = {"TICKLOOP_DIRECTIVE_KEYS": str(path), "TICKLOOP_DEPLOYMENT": "prod"}

    def keys(*arguments: str) -> str:
        result = CliRunner().invoke(cli, ["keys", *arguments], env=environment)
        if isinstance(result.exception, ConfigurationError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    keys("new", "a")
    keys("new", "b")
    assert (load(path).deployment, load(path).signs, [key.id for key in load(path).keys]) == ("prod", "a", ["b", "a"])
    keys("use", "b")
    shown = keys("list", "--json")
    assert [(each["id"], each["state"]) for each in msgspec.json.decode(shown)] == [("b", "signs"), ("a", "is taken")]
    assert not any(key.secret in shown + keys("list") for key in load(path).keys)
    assert len({key.secret for key in load(path).keys}) == 2
    for wrong in (("use", "c"), ("new", "a"), ("new", "a/b"), ("retire", "b"), ("drop", "a")):
        with pytest.raises(ConfigurationError):
            keys(*wrong)


def test_ids_of_any_length_that_apply_takes_are_remembered() -> None:
    log = Log()
    log.ask(replace(START, id="i" * LONGEST_COMMAND_ID))
    assert log.put(log.commands[0]) == []
