"""A long wait is reported with its progress, and the demo waits until its workers are ready."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from agents.broker import jars, java, kafka, launch, process
from agents.broker.exclusive import exclusive
from agents.broker.process import RunningBroker
from agents.config.settings import Settings
from agents.demo import membership
from agents.operations import system
from agents.operations.system import System
from agents.process import waiting
from agents.process.waiting import waiting_for
from agents.telemetry.health import HealthCheck, Verdict
from agents.telemetry.health_queries import Answer
from schemas.errors import EnvironmentProblem

RECOVERING = Verdict(
    False,
    "tickloop",
    "worker-1",
    "0.1.0",
    (HealthCheck("recovery", False, 1.0, 0.0, "", "1.0 s that state is not live"),),
)
READY = Verdict(True, "tickloop", "worker-1", "0.1.0", ())


class Lines:
    """Lines that were reported, and a way to wait for a number of them."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._news = threading.Semaphore(0)

    def say(self, line: str) -> None:
        self.said.append(line)
        self._news.release()

    def expect(self, count: int) -> None:
        for _ in range(count):
            assert self._news.acquire(timeout=20)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_S", 0.01)
    monkeypatch.setattr(waiting, "LATER_S", (0.02, 0.03))


@pytest.mark.usefixtures("soon")
def test_a_long_wait_is_reported_repeatedly_with_its_progress() -> None:
    lines = Lines()
    with waiting_for("two workers", lines.say, "their logs are in /logs") as wait:
        lines.expect(1)
        wait.stands = "worker-1 recovering"
        lines.expect(3)
    assert lines.said[0].startswith("waiting for two workers (0 s so far)")
    assert lines.said[-1].endswith(": worker-1 recovering; their logs are in /logs")
    assert "waiting" not in {each.name for each in threading.enumerate()}


def test_a_short_wait_is_not_reported() -> None:
    lines = Lines()
    with waiting_for("nothing", lines.say):
        pass
    assert lines.said == []


@pytest.mark.usefixtures("soon")
def test_a_slow_start_of_a_broker_is_reported_and_so_is_another_command_that_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, broker = Lines(), RunningBroker("kafka", "127.0.0.1:9092", 1, "x", "4.3.1")

    def start(*_: Any) -> RunningBroker:
        lines.expect(1)
        return broker

    monkeypatch.setattr(java, "find_java", lambda: None)
    monkeypatch.setattr(jars, "class_path", list)
    monkeypatch.setattr(kafka, "start", start)
    assert launch.start(tmp_path, say=lines.say) == (broker, True)
    assert lines.said[0].startswith("waiting for Kafka to answer (")

    lines = Lines()
    monkeypatch.setattr(kafka, "start", lambda *_: broker)
    held = exclusive(process.broker_folder(tmp_path) / ".lock")
    held.__enter__()
    starting = threading.Thread(target=launch.start, args=(tmp_path,), kwargs={"say": lines.say})
    starting.start()
    lines.expect(1)
    held.__exit__(None, None, None)
    starting.join(20)
    assert lines.said[0].startswith("waiting for another command that starts or stops the broker of")


@asynccontextmanager
async def no_cluster(_: str) -> AsyncIterator[None]:
    yield None


def answering(monkeypatch: pytest.MonkeyPatch, module: Any, answers: Iterator[dict[int, Answer]]) -> None:
    async def ask_all(*_: Any) -> dict[int, Answer]:
        return next(answers)

    monkeypatch.setattr(module, "ask_all", ask_all)


async def test_the_demo_begins_when_the_workers_are_live_not_when_their_group_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[int, Answer]] = []
    come: list[dict[int, Answer]] = [{1: None}, {1: RECOVERING}, {1: READY}, {1: RECOVERING}, {1: READY}, {1: READY}]

    def answers() -> Iterator[dict[int, Answer]]:
        for each in come:
            asked.append(each)
            yield each

    async def owners(*_: Any) -> dict[int, str]:
        return dict.fromkeys(range(8), "tickloop-1")

    answering(monkeypatch, membership, answers())
    monkeypatch.setattr(membership, "admin", no_cluster)
    monkeypatch.setattr(membership, "owners", owners)
    monkeypatch.setattr(membership, "LOOK_S", 0.0)
    owned = await membership.wait_for_workers("nowhere:1", Settings(workers=1), print)
    assert set(owned.values()) == {"tickloop-1"}
    # It was ready once before the group was formed anew: that says nothing of the group that is there now.
    assert asked == come


async def test_workers_that_are_not_ready_in_time_are_named_one_by_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answering(monkeypatch, membership, repeat({1: None, 2: RECOVERING}))
    monkeypatch.setattr(membership, "admin", no_cluster)
    with pytest.raises(EnvironmentProblem) as raised:
        await membership.wait_for_workers("nowhere:1", Settings(home=str(tmp_path)), print, patience_s=0.2)
    said = str(raised.value)
    assert "was: worker-1 does not answer, worker-2 recovering; fix: see the logs in" in said
    assert "this machine is too busy" in said


@pytest.mark.usefixtures("soon")
async def test_up_says_whom_it_waits_for_until_all_are_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines()
    answering(monkeypatch, system, chain(repeat({1: None, 2: READY}, 20), repeat({1: READY, 2: READY})))
    monkeypatch.setattr(system, "LOOK_S", 0.01)
    up = System(Settings(), None)  # type: ignore[arg-type]
    monkeypatch.setattr(up, "say", lines.say)
    watching = asyncio.create_task(up._watch_workers())
    await asyncio.to_thread(lines.expect, 4)
    async with asyncio.timeout(20):
        while "worker-1: ready" not in lines.said:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
    watching.cancel()
    assert any(
        each.startswith("waiting for the workers to be ready (") and "worker-1 does not answer, worker-2 ready" in each
        for each in lines.said
    )
    assert "worker-2: ready" in lines.said
