"""The registry of versions is read within bounds of memory and time; every page shows what a pin holds back."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from agents.audit import versions as module
from agents.audit.lineage import History
from agents.audit.versions import versions
from agents.clients.reader import Received
from agents.config.settings import Settings
from agents.dashboard.bands.deciding import Courses, headlines, standing
from agents.dashboard.bands.versions import Versions
from agents.experiments import topics as read_experiments
from agents.experiments.status import HELD_BACK, status, verdict
from schemas.codec import encode
from schemas.errors import EnvironmentProblem
from schemas.versions import ModelVersion
from tests.support.experiment_courses import courses
from tests.support.golden_model_records import OF_MODELS

ONE = next(each for each in OF_MODELS[ModelVersion] if isinstance(each, ModelVersion))


def lies(offset: int, version: ModelVersion, value: bytes | None = None) -> Received:
    return Received(0, offset, 0, version.key, value or encode(version))


def holding(monkeypatch: pytest.MonkeyPatch, *blocks: list[Received], ends: bool = True) -> None:
    async def read_blocks(*_: object, **__: object) -> AsyncIterator[list[Received]]:
        for block in blocks:
            yield block
        if not ends:
            await asyncio.Event().wait()

    monkeypatch.setattr(module, "read_blocks", read_blocks)


async def test_of_each_key_the_newest_is_kept_and_of_other_symbols_nothing_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine, other = replace(ONE, symbol="X", version="v1"), replace(ONE, symbol="Y")
    last = replace(mine, reason="the last")
    said: list[Any] = []
    monkeypatch.setattr("agents.clients.readable_records.TopicLog.passed_over", lambda *each: said.append(each))
    holding(monkeypatch, [lies(0, mine), lies(1, other, b"[" * 100_000)], [lies(2, last)])
    assert await versions(Settings(), "", "X") == [last]
    assert said == []
    assert await versions(Settings(), "") == [last]
    assert len(said) == 1


async def test_of_a_built_in_version_that_other_parameters_renamed_the_newest_record_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = replace(ONE, id="commands:0:3:0", symbol="X", version="builtin-00000000", status="champion", arm="live")
    after = replace(before, id="commands:0:9:1", version="builtin-1f2e3d4c", status="shadow", arm="builtin-1f2e3d4c")
    live = replace(before, id="commands:0:9:0", version="v1")
    holding(monkeypatch, [lies(0, before), lies(1, live), lies(2, after)])
    assert await versions(Settings(), "", "X") == [live, after]
    history = History(versions={each.version: each for each in (before, live, after)})
    assert history.live() == live


async def test_more_keys_than_fit_are_an_error_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 20)
    every = [lies(number, replace(ONE, version=f"v{number}")) for number in range(30)]
    holding(monkeypatch, every)
    with pytest.raises(EnvironmentProblem, match=r"at most 20 different keys on model-versions.*fix: name a SYMBOL"):
        await versions(Settings(), "")
    holding(monkeypatch, [lies(number, ONE) for number in range(30)])
    assert len(await versions(Settings(), "")) == 1


async def test_a_topic_that_is_not_read_in_time_is_an_error_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    holding(monkeypatch, [lies(0, ONE)], ends=False)
    said = re.escape("expected to read model-versions to its end within 0.05 s, had 1 records; fix: name a SYMBOL")
    with pytest.raises(EnvironmentProblem, match=said):
        await versions(Settings(), "", timeout_s=0.05)


async def test_an_experiment_says_that_a_pin_holds_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    won = courses()["AAA"]
    shadow = replace(ONE, symbol="AAA", version=won.latest.challenger, held=True)
    stored: dict[str, list[Any]] = {"experiments": [*won.moves, *courses()["BBB"].moves]}

    async def everything(_: object, __: object, topic: Any, *___: object) -> list[Any]:
        return stored.get(topic.name, [])

    monkeypatch.setattr(read_experiments, "_all", everything)
    for held in (True, UNSET):
        holding(monkeypatch, [lies(0, replace(shadow, held=held))])
        found = (await read_experiments.courses(Settings(), ""))["calmer"]
        said = f"rolled back ({HELD_BACK})" if held is True else "rolled back"
        assert status(found["AAA"]) == said
        assert f": {said}. " in verdict(found["AAA"])
        assert ("tickloop models pin AAA --off" in verdict(found["AAA"])) == (held is True)
        assert HELD_BACK not in status(found["BBB"])


@pytest.mark.parametrize("first", ["version", "experiment"])
def test_the_page_shows_that_a_pin_holds_a_winner_back_for_as_long_as_it_does(first: str) -> None:
    won, page = courses()["AAA"], Courses()
    shadow = replace(ONE, symbol="AAA", version=won.latest.challenger, held=True)
    if first == "version":
        page.versioned(shadow)
    page.moved(won.latest)
    if first == "experiment":
        page.versioned(shadow)
    ((_, course),) = page
    assert headlines(page).rows[0].status == standing(course).status == f"rolled back ({HELD_BACK})"
    page.versioned(replace(shadow, held=UNSET))
    assert headlines(page).rows[0].status == "rolled back"
    rows = Versions()
    rows.take(shadow, 1)
    assert rows.view({})[0].held
