"""The retrainer on Kafka does each job once though it is killed, and no failed training stops it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from agents.clients.reader import read_blocks
from agents.commands.keyring import signing
from agents.config.settings import Settings
from agents.demo.drift_story import CONFIGURATION, SYMBOL, parameters
from agents.demo.scenes import everything
from agents.operations import topics
from agents.operations.system import wanted_topics
from agents.retrainer.alerts import Alerts
from agents.retrainer.jobs import Retrainer
from schemas.alerts import Alert
from schemas.codec import decoder, encode
from schemas.commands import StartVariant
from schemas.dead_letters import DeadLetter
from schemas.models import ModelState, state_sha256
from schemas.outcomes import OutcomeMatured
from schemas.retraining import RetrainFinished, RetrainingResult, RetrainJob
from schemas.topics import ALERTS, CANDIDATES, COMMANDS, DEAD_LETTERS, MODEL_VERSIONS, OUTCOMES, RETRAIN_JOBS, Topic
from schemas.versions import ModelVersion
from streams.retraining.job import retrain
from streams.retraining.labels import outcome_log
from tests.support.closed_loop_story import story

pytestmark = pytest.mark.broker

PATIENCE_S = 60.0


@cache
def asked_for() -> RetrainJob:
    """The first retrain job of the recorded story. Playing the story takes seconds, so it is not done at import."""
    job: RetrainJob = story().of(RetrainJob)[0]
    return job


@cache
def known() -> list[OutcomeMatured]:
    """Outcomes that were known when the first retrain job was asked for."""
    return [each for each in story().of(OutcomeMatured) if each.ts_event <= asked_for().ts_event]


@pytest.fixture(autouse=True)
def _configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tickloop.toml"
    file.write_text(CONFIGURATION)
    monkeypatch.setenv("TICKLOOP_CONFIG", str(file))


class Killed(Exception):
    """Raised where a test simulates a kill -9."""


class Mortal:
    """A producer that raises `Killed` once a number of records has been sent.

    Args:
        producer: producer that sends the records.
        records: number of records that are sent without an error.
        behind: whether the next record is still sent before the error is raised.
    """

    def __init__(self, producer: AIOKafkaProducer, records: int, *, behind: bool) -> None:
        self._producer, self._left, self._behind = producer, records, behind

    async def send_and_wait(self, *arguments: Any) -> Any:
        self._left -= 1
        if self._left < 0 and not self._behind:
            raise Killed
        done = await self._producer.send_and_wait(*arguments)
        if self._left < 0:
            raise Killed
        return done


@asynccontextmanager
async def system(bootstrap: str, prefix: str) -> AsyncIterator[tuple[Settings, AIOKafkaProducer]]:
    settings = Settings(bootstrap=bootstrap, prefix=prefix, partitions=1, directive_key="secret")
    await topics.apply(bootstrap, wanted_topics(settings))
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        yield settings, producer


async def put(settings: Settings, producer: AIOKafkaProducer, topic: Topic, *records: Any) -> None:
    for record in records:
        if topic is RETRAIN_JOBS:  # as the lifecycle node does
            record = signing(settings).sign(record, record.id)
        key = record.key if hasattr(record, "key") else record.symbol.encode()
        await producer.send(settings.topic(topic.name), encode(record), key, partition=0)
    await producer.flush()


async def held(settings: Settings, topic: Topic) -> list[Any]:
    decode = decoder(topic.record)
    return [decode(record.value) for record in await everything(settings, topic, repeats=True)]


async def until(settings: Settings, topic: Topic, records: int) -> None:
    """Wait until a topic holds `records` records, repeats not counted."""
    count = 0
    async with (
        asyncio.timeout(PATIENCE_S),
        aclosing(read_blocks(settings.bootstrap, settings.topic(topic.name))) as blocks,
    ):
        async for block in blocks:
            count += len(block)
            if count >= records:
                return


async def run_until(running: Any, settings: Settings, topic: Topic, records: int) -> None:
    """Run a part of the retrainer until a topic holds `records` records, then cancel it."""
    task = asyncio.create_task(running.run())
    waiting = asyncio.create_task(until(settings, topic, records))
    done, _ = await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    for each in done:
        await each


def stored_version(name: str, times: float) -> RetrainFinished:
    """Result of an earlier retrain: the model of the story's retrain with its weights multiplied by `times`."""
    (good, *_) = [each.result.candidate for each in story().of(RetrainFinished) if each.result.status == "candidate"]
    weights = tuple(times * weight for weight in good.model.weights)
    state = ModelState(name, replace(good.model, weights=weights))
    result = RetrainingResult(name, SYMBOL, "rejected", "earlier", candidate=state, sha256=state_sha256(state))
    return RetrainFinished(f"commands:0:0:{name}", SYMBOL, 1, result)


async def test_a_job_is_done_once_whichever_record_the_retrainer_dies_at(bootstrap: str, prefix: str) -> None:
    """Between the kills new outcomes and other results are written; none of them may change the job's result."""
    ours, others = stored_version("v1", -0.1), [stored_version(f"other-{number}", -1.0) for number in range(9)]
    job = replace(asked_for(), pool=(ours.result.sha256, "0" * 64))
    later = iter([each for each in story().of(OutcomeMatured) if each.ts_event > asked_for().ts_event])
    async with system(bootstrap, prefix) as (settings, producer):
        await put(settings, producer, OUTCOMES, *known())
        await put(settings, producer, CANDIDATES, ours)
        await put(settings, producer, RETRAIN_JOBS, job)
        meanwhile = iter(others)
        for records in range(3):
            for behind in (False, True):
                mortal: Any = Mortal(producer, records, behind=behind)
                if records == 2 and behind:
                    break
                with pytest.raises(BaseExceptionGroup) as caught:
                    async with asyncio.timeout(PATIENCE_S):
                        await Retrainer(settings, bootstrap, parameters(), mortal).run()
                assert caught.value.subgroup(Killed)
                await put(settings, producer, OUTCOMES, *known()[-20:], *islice(later, 150))
                await put(settings, producer, CANDIDATES, next(meanwhile))
        assert job.job not in [each.result.job_id for each in await held(settings, CANDIDATES)]
        told = len(await held(settings, CANDIDATES))
        await run_until(Retrainer(settings, bootstrap, parameters(), producer), settings, CANDIDATES, told + 1)
        (finished,) = [each for each in await held(settings, CANDIDATES) if each.result.job_id == job.job]
        commands = await held(settings, COMMANDS)

        log = outcome_log(known(), parameters().market, parameters().retraining.labels).last()
        assert ours.result.candidate is not None
        pool = [ours.result.candidate]
        expected = retrain(SYMBOL, job.breach, log, parameters().market, parameters().retraining, pool)
        without = retrain(SYMBOL, job.breach, log, parameters().market, parameters().retraining)
        assert expected.contenders == without.contenders + 1
        assert isinstance(finished, RetrainFinished)
        assert encode(finished.result) == encode(expected)
        assert finished.made_with.keys() == {"tickloop", "river", "python", "lightgbm"}
        # Written again and again, each time the same bytes under the same id: the lifecycle node carries out one.
        assert len(commands) > 1
        assert {encode(each) for each in commands} == {encode(commands[0])}
        assert isinstance(commands[0], StartVariant)
        assert commands[0].model == expected.candidate
        signing(settings).check(commands[0])
        # One that comes now finds nothing to do.
        idle = asyncio.create_task(Retrainer(settings, bootstrap, parameters(), producer).run())
        await asyncio.sleep(3.0)
        idle.cancel()
        assert len(await held(settings, CANDIDATES)) == told + 1


async def test_a_job_whose_candidate_was_asked_for_is_done_though_a_newer_one_waits(
    bootstrap: str, prefix: str
) -> None:
    newer = replace(asked_for(), id="commands:0:99:0", job="newer", breach=replace(asked_for().breach, id="newer"))
    async with system(bootstrap, prefix) as (settings, producer):
        await put(settings, producer, OUTCOMES, *known())
        # Where the job was asked for, there is a command; its candidate's comes later.
        job = replace(asked_for(), id="commands:0:0:0")
        await put(settings, producer, RETRAIN_JOBS, job)
        mortal: Any = Mortal(producer, 1, behind=True)
        with pytest.raises(BaseExceptionGroup):
            await Retrainer(settings, bootstrap, parameters(), mortal).run()
        await put(settings, producer, RETRAIN_JOBS, newer)
        await run_until(Retrainer(settings, bootstrap, parameters(), producer), settings, CANDIDATES, 2)
        first = (await held(settings, CANDIDATES))[0]
        (asked, *_) = await held(settings, COMMANDS)
        assert (first.result.job_id, first.result.status) == (job.job, "candidate")
        assert first.result.sha256 == asked.sha256


async def test_of_waiting_jobs_the_newest_is_done_and_withheld_ones_are_not(bootstrap: str, prefix: str) -> None:
    async with system(bootstrap, prefix) as (settings, producer):
        await put(settings, producer, OUTCOMES, *known())
        job = asked_for()
        older = [
            replace(job, id=f"commands:0:{number}:0", job=f"job-{number}", breach=replace(job.breach, id=f"b-{number}"))
            for number in range(3)
        ]
        last = replace(asked_for(), id="commands:0:9:0")
        withheld = replace(asked_for(), id="commands:0:10:0", job="job-10", withheld="cool-down")
        await put(settings, producer, RETRAIN_JOBS, *older, last, withheld)
        await run_until(Retrainer(settings, bootstrap, parameters(), producer), settings, CANDIDATES, 4)
        found = {each.result.job_id: each.result.status for each in await held(settings, CANDIDATES)}
        assert "job-10" not in found
        assert found[asked_for().job] == "candidate"
        # Which of them had begun before the newest was read is a matter of time; the first may have.
        assert [found[each] for each in ("job-1", "job-2")] == ["superseded"] * 2 or "superseded" in found.values()


async def test_a_training_that_fails_stops_nothing(
    bootstrap: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with system(bootstrap, prefix) as (settings, producer):
        await put(settings, producer, OUTCOMES, *known())
        await put(settings, producer, RETRAIN_JOBS, asked_for())
        hurried = replace(settings, retrain_timeout_s=0.05)
        await run_until(Retrainer(hurried, bootstrap, parameters(), producer), settings, CANDIDATES, 1)
        (finished,) = await held(settings, CANDIDATES)
        assert (finished.result.status, finished.result.sentence) == ("failed", "not done within 0.05 s: ended")
        assert await held(settings, COMMANDS) == []
        await run_until(Alerts(settings, bootstrap, producer, None), settings, ALERTS, 2)
        assert [each.kind for each in await held(settings, ALERTS)] == ["retrain_started", "retrain_failed"]


async def test_alerts_are_read_once_however_often_the_retrainer_starts(bootstrap: str, prefix: str) -> None:
    versions = [
        ModelVersion(f"commands:0:{number}:0", "X", f"v{number}", "", "champion", "better", 5, "c", change=change)
        for number, change in enumerate(["promote_variant", "pin_version", "promote_variant"])
    ]
    letters = [
        DeadLetter("commands:0:7", "lifecycle", "bad_command", "expected a model of schema 1, was 9", b"X", b"{"),
        DeadLetter("ticks:0:7", "market", "crossed_quote", "no news", b"X", b"{"),
    ]
    async with system(bootstrap, prefix) as (settings, producer):
        await put(settings, producer, MODEL_VERSIONS, *versions)
        for letter in letters:
            await producer.send_and_wait(settings.topic(DEAD_LETTERS.name), encode(letter), b"X", 0)
        for _ in range(2):
            await run_until(Alerts(settings, bootstrap, producer, None), settings, ALERTS, 3)
            await asyncio.sleep(0.5)
        decode = decoder(Alert)
        alerts = [decode(record.value) for record in await everything(settings, ALERTS)]
        assert sorted((each.kind, each.subject) for each in alerts) == [
            ("promoted", "v0"),
            ("promoted", "v2"),
            ("refused", "bad_command"),
        ]
