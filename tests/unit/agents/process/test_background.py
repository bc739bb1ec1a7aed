"""A background task that ends is started again with a log line, or ends its process with a sentence."""

import ast
import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import KafkaConnectionError
from rich.console import Console

import agents
from agents.clients.pace import Pace
from agents.clients.publisher import Sendable, _Publisher
from agents.clients.reader import Received
from agents.clients.standing_input import awaited
from agents.config.settings import Settings
from agents.kafka import clients
from agents.operations import system
from agents.operations.system import System
from agents.process.background import first_end, owned, ungrouped
from agents.retrainer import jobs, latency_guard, process
from agents.retrainer.alerts import Alerts
from agents.retrainer.jobs import Retrainer
from agents.retrainer.latency_guard import LatencyGuard
from agents.retrainer.rosters import RosterWatch
from agents.retrainer.webhook import Webhook
from schemas.codec import encode
from schemas.errors import EnvironmentProblem, StateError, TickloopError
from schemas.retraining import RetrainJob
from schemas.versions import ModelVersion
from streams.parameters import Parameters
from tests.support.golden_model_records import OF_MODELS

SOURCES = Path(agents.__file__).parent


async def forever() -> None:
    await asyncio.Event().wait()


async def raising(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (OverflowError("too far"), TickloopError, "the work ended, which ends its process: OverflowError: too far"),
        (StateError("expected one, was another"), StateError, "expected one, was another"),
        (ExceptionGroup("", [ExceptionGroup("", [StateError("within")])]), StateError, "within"),
        (KafkaConnectionError("away"), EnvironmentProblem, "the work: expected the cluster to answer"),
    ],
)
async def test_work_that_ends_with_an_error_is_reported_in_a_sentence(
    error: Exception, kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        await owned("the work", raising(error))


async def test_an_unexpected_cancellation_counts_as_an_end() -> None:
    with pytest.raises(TickloopError, match="a task within it was cancelled"):
        await owned("the work", raising(asyncio.CancelledError()))
    task = asyncio.create_task(owned("the work", forever()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_fetch_that_waits_to_be_tried_again_ends_quietly_when_its_consumer_is_stopped() -> None:
    failed = asyncio.Event()

    async def send(*_: object) -> None:
        failed.set()
        raise KafkaConnectionError("away")

    fetcher: Any = SimpleNamespace(
        _client=SimpleNamespace(send=send),
        _retry_backoff=60.0,
        _invalidate_preferred_read_replica_for_node=lambda *_: None,
    )
    task = asyncio.create_task(Fetcher._proc_fetch_request(fetcher, None, 1, None))
    await failed.wait()
    task.cancel()
    assert await task is False


@pytest.mark.parametrize("part", ["retrainer", "latency"])
async def test_what_is_no_record_of_its_topic_ends_no_part_of_the_retrainer(
    monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    kind: Any = RetrainJob if part == "retrainer" else ModelVersion
    values = [b"", b"{}", b'{"ts_event":%d}' % 10**30, encode(OF_MODELS[kind][-1])]

    async def read(*_: object) -> AsyncGenerator[Received, None]:
        for offset, value in enumerate(values):
            yield Received(0, offset, 0, b"X", value)

    taken: list[Any] = []
    nobody: Any = None
    if part == "retrainer":
        monkeypatch.setattr(jobs, "read", read)
        waiting: Any = SimpleNamespace(put=lambda job, _: taken.append(job))
        await Retrainer(Settings(), "nowhere:1", Parameters(), nobody)._listen(waiting)
    else:
        monkeypatch.setattr(latency_guard, "read", read)
        watch = LatencyGuard(Settings(), "nowhere:1", Parameters(), nobody)
        monkeypatch.setattr(watch, "_told", lambda version, _: taken.append(version))
        await watch._listen()
    assert taken == [OF_MODELS[kind][-1]]


async def test_work_that_returns_counts_as_ended() -> None:
    with pytest.raises(TickloopError, match="the work ended without an error"):
        await owned("the work", asyncio.sleep(0))


async def test_the_first_task_that_ends_ends_all() -> None:
    tasks = [asyncio.create_task(owned(name, work)) for name, work in (("one", forever()), ("two", asyncio.sleep(0)))]
    with pytest.raises(TickloopError, match="two ended"):
        await first_end(tasks)
    tasks[0].cancel()


PARTS = {
    "retrain jobs": Retrainer,
    "follower of alerts": Alerts,
    "watch over rosters": RosterWatch,
    "watch over latency": LatencyGuard,
    "webhook": Webhook,
}


class Producer:
    """A producer that is not connected to anything."""

    def __init__(self, **_: object) -> None: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


@pytest.mark.parametrize("dying", PARTS)
@pytest.mark.parametrize("error", [OverflowError("too far"), None], ids=["raises", "returns"])
async def test_the_retrainer_ends_with_whatever_part_of_it_ends(
    monkeypatch: pytest.MonkeyPatch, dying: str, error: Exception | None
) -> None:
    monkeypatch.setattr(clients, "AIOKafkaProducer", Producer)
    for name, part in PARTS.items():

        async def run(_: object, name: str = name) -> None:
            if name != dying:
                await forever()
            elif error is not None:
                raise error

        monkeypatch.setattr(part, "run", run)
    settings = Settings(latency_limit_ms=100.0, alert_webhook="http://127.0.0.1:1/")
    with pytest.raises(TickloopError, match=f"the {dying} ended"):
        async with asyncio.timeout(10):
            await process.run_retrainer(settings, "127.0.0.1:1", Parameters())


async def test_an_error_of_the_reader_of_standing_input_reaches_whoever_waits_for_it() -> None:
    def blocks() -> Iterator[Sequence[int]]:
        yield [1]
        raise EOFError("the compressed file ended before its end")

    coming = awaited(blocks())
    assert await anext(coming) == [1]
    with pytest.raises(EOFError, match="before its end"):
        await asyncio.wait_for(anext(coming), 10)


async def test_the_report_goes_on_when_the_broker_answers_with_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    read = 0
    twice = asyncio.Event()

    class Away:
        def __init__(self, *_: object) -> None: ...

        async def __aenter__(self) -> "Away":
            nonlocal read
            read += 1
            if read == 2:
                twice.set()
            raise OSError("connection reset") if read % 2 else KafkaConnectionError("away")

        async def __aexit__(self, *_: object) -> None: ...

    monkeypatch.setattr(system, "Gauge", Away)
    monkeypatch.setattr(system, "QUIET_REPORT_S", 0.0)
    made = System(Settings(home=str(tmp_path)), Console(file=(tmp_path / "said").open("w")))
    reporting = asyncio.create_task(made._report("127.0.0.1:1"))
    async with asyncio.timeout(10):
        await twice.wait()
    assert not reporting.done()
    reporting.cancel()


AWAITED = {
    "cli/retrainer.py": "awaited in the next line",
    "cli/consume.py": "its errors are said where it ends; cancelled at the end",
    "cli/up.py": "awaited in the next line",
    "clients/publisher.py": "waited for together, and cancelled at the end",
    "operations/replaying.py": "awaited when the block ends, which it ends by itself",
    "dashboard/serve/server.py": "each `owned`, under `first_end`",
    "dashboard/serve/view.py": "looked at in each beat",
}
"""Modules that start tasks outside of a task group, and where these are awaited."""


def test_no_module_starts_a_task_that_is_not_awaited() -> None:
    found = set()
    for path in sorted(SOURCES.rglob("*.py")):
        for call in _calls(ast.parse(path.read_text())):
            if call in ("asyncio.create_task", "asyncio.ensure_future"):
                found.add(path.relative_to(SOURCES).as_posix())
    assert found == set(AWAITED), "put it into a task group; or say here who waits for it"


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


async def test_a_feed_that_is_left_early_leaves_nothing_behind() -> None:
    async def feed() -> AsyncGenerator[list[Sendable], None]:
        yield []
        await forever()

    made: Any = feed()
    nowhere: Any = None
    publisher = _Publisher(nowhere, "ticks", 1, Pace(), asyncio.Event(), lambda _: None)
    before = asyncio.all_tasks()
    blocks: Any = publisher._awaited(made)
    await anext(blocks)
    await blocks.aclose()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    await made.aclose()


async def test_the_first_error_of_a_kind_comes_out_of_groups_by_itself_and_others_as_they_are() -> None:
    async def fail(error: Exception) -> None:
        raise error

    with pytest.raises(TickloopError, match=r"^why$") as raised:
        async with ungrouped(TickloopError), asyncio.TaskGroup() as group:
            group.create_task(fail(ExceptionGroup("", [ValueError("other"), TickloopError("why")])))
    assert raised.value.__suppress_context__
    with pytest.raises(ExceptionGroup) as whole:
        async with ungrouped(TickloopError), asyncio.TaskGroup() as group:
            group.create_task(fail(ValueError("other")))
    assert [str(error) for error in whole.value.exceptions] == ["other"]


def test_nothing_is_raised_within_except_star() -> None:
    """Python before 3.11.4 wraps such an exception into a group again, so that a traceback would be printed."""
    assert agents.__file__ is not None
    for path in Path(agents.__file__).parent.rglob("*.py"):
        for tried in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(tried, ast.TryStar):
                inside = [node for handler in tried.handlers for node in ast.walk(handler)]
                assert not any(isinstance(node, ast.Raise) for node in inside), f"{path}: use `ungrouped`"
