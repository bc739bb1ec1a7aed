"""`tickloop features`: what it lists, which faults of a feature it finds, and its exit code."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from agents.cli.features import command
from schemas.errors import ConfigurationError, TickloopError
from streams.engine.registry import RegisteredPart
from streams.market.features import FEATURES, SIGNED, registry
from streams.market.features.checks import CHECKS, check
from streams.market.features.family import Feature, Moment, NoState
from streams.sources.synthetic import SYMBOLS, synthetic_market

TICKS = list(synthetic_market(1, SYMBOLS[:1], ticks=600))


class Counter(msgspec.Struct, array_like=True):
    seen: list[float] = []


class Cheat:
    """A correct feature, of which a test replaces one method by a faulty one."""

    features = (Feature("cheat", "bps", True, "the last return"),)
    state: type[Any] = NoState

    def __init__(self) -> None:
        self.memory: dict[int, float] = {}
        self.last = 0.0

    def start(self, mid: float) -> Any:
        return self.state()

    def advance(self, state: Any, now: Moment) -> tuple[float]:
        return (now.change,)


class LooksAhead(Cheat):
    """A faulty feature that remembers earlier runs and so knows later ticks."""

    def advance(self, state: Any, now: Moment) -> tuple[float]:
        answer = self.memory.get(now.ts_event + 1, 0.0)
        self.memory[now.ts_event + 1] = now.change
        return (answer,)


class Forgets(Cheat):
    def advance(self, state: Any, now: Moment) -> tuple[float]:
        before, self.last = self.last, now.change
        return (before,)


class Explodes(Cheat):
    def advance(self, state: Any, now: Moment) -> tuple[float]:
        return (now.change / (0.0 if now.bid_size == 0.0 else 1.0),)


class Hoards(Cheat):
    state = Counter

    def advance(self, state: Any, now: Moment) -> tuple[float]:
        state.seen.extend([now.change] * 4)
        return (now.change,)


class HasAScale(Cheat):
    def advance(self, state: Any, now: Moment) -> tuple[float]:
        return (now.move,)


class KeepsItsSign(Cheat):
    def advance(self, state: Any, now: Moment) -> tuple[float]:
        return (abs(now.change),)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    def put(family: Callable[..., Any]) -> None:
        monkeypatch.setitem(registry.FAMILIES, "cheats", RegisteredPart(Cheat, lambda parameters: family()))

    return put


@pytest.mark.parametrize("family", registry.FAMILIES)
def test_built_in_families_keep_their_promises(family: str) -> None:
    assert [finding for finding in check(family, TICKS) if not finding.passed] == []


@pytest.mark.parametrize(
    ("family", "broken"),
    [
        (Cheat, []),
        (LooksAhead, ["look-ahead"]),
        (Forgets, ["restart"]),
        (Explodes, ["finite"]),
        (Hoards, ["bounded"]),
        (HasAScale, ["scale"]),
        (KeepsItsSign, ["sign"]),
    ],
)
def test_each_broken_promise_is_found(
    registered: Callable[[Callable[..., Any]], None], family: Callable[..., Any], broken: list[str]
) -> None:
    registered(family)
    found = check("cheats", TICKS)
    assert [finding.check for finding in found] == list(CHECKS)
    assert set(broken) <= {finding.check for finding in found if not finding.passed}
    if not broken:
        assert all(finding.passed for finding in found)


def test_the_list_says_who_uses_what() -> None:
    done = CliRunner().invoke(command, ["list", "--json"], catch_exceptions=False)
    # Toy features of other tests may be registered in this process, behind the ones that ship.
    listed = {each["name"]: each for each in msgspec.json.decode(done.stdout) if each["name"] in FEATURES}
    assert tuple(listed) == FEATURES
    assert {name for name, each in listed.items() if each["signed"]} == set(SIGNED)
    assert listed["spread"]["used_by"] == ["cost"]
    assert listed["zscore"]["used_by"] == ["mean_reversion", "signed_logistic"]
    assert all(each["unit"] and each["formula"] and each["source"] for each in listed.values())


def test_a_check_can_use_the_ticks_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "ticks.jsonl"
    path.write_bytes(b"\n".join(map(msgspec.json.encode, TICKS[:200])))
    done = CliRunner().invoke(command, ["check", str(path), "--family", "book", "--json"], catch_exceptions=False)
    assert [(each["check"], each["passed"]) for each in msgspec.json.decode(done.stdout)] == [
        (name, True) for name in CHECKS
    ]


def test_a_broken_promise_is_an_error(registered: Callable[[Callable[..., Any]], None]) -> None:
    registered(HasAScale)
    with pytest.raises(TickloopError, match="checks failed: cheats: cheat is "):
        CliRunner().invoke(command, ["check", "--family", "cheats", "--ticks", "300"], catch_exceptions=False)


def test_a_family_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"--family: expected one of prices, .*, was rumours"):
        CliRunner().invoke(command, ["check", "--family", "rumours"], catch_exceptions=False)
