"""Runs each retrain job once. All state is on the topics, so the process may be killed at any time."""

import asyncio
import logging
from contextlib import aclosing, suppress
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from agents.clients.partition_records import partition_records
from agents.clients.readable_records import ReadableRecords
from agents.clients.reader import Received, read
from agents.commands.keyring import signing
from agents.commands.writer import CommandWriter
from agents.config.settings import Settings
from agents.kafka import AIOKafkaProducer
from agents.process.background import owned
from agents.retrainer.finished_jobs import Finished, finished_retrains
from agents.retrainer.labelled_log import labelled_log
from agents.retrainer.training import Work, train
from schemas.codec import decoder, encode
from schemas.errors import Refused, TickloopError
from schemas.positions import position_of, root_id, start_id
from schemas.retraining import RetrainFinished, RetrainingResult, RetrainJob
from schemas.topics import ALERTS, CANDIDATES, COMMANDS, OUTCOMES, RETRAIN_JOBS, Topic
from streams.monitoring.alerts import started
from streams.parameters import Parameters
from streams.retraining.proposal import proposal

log = logging.getLogger(__name__)


class WaitingJobs:
    """Retrain jobs that wait to be run. A newer job of a symbol supersedes the symbol's older jobs that still wait."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._jobs: dict[str, list[tuple[RetrainJob, int]]] = {}
        self._there = asyncio.Event()

    def put(self, job: RetrainJob, partition: int) -> None:
        """Add a job and the partition of its symbol.

        A job is ignored if it was added before, or if its record says that the retrain must not start.
        """
        if not job.withheld and job.job not in self._seen:
            self._seen.add(job.job)
            self._jobs.setdefault(job.symbol, []).append((job, partition))
            self._there.set()

    async def next(self) -> tuple[RetrainJob, int, list[tuple[RetrainJob, int]]]:
        """Wait for a job, then remove and return all waiting jobs of the symbol that has waited longest.

        Returns:
            The newest job of the symbol, its partition, and the superseded jobs with their partitions, the oldest
            first.
        """
        while not self._jobs:
            self._there.clear()
            await self._there.wait()
        jobs = self._jobs.pop(next(iter(self._jobs)))
        return *jobs[-1], jobs[:-1]


class Retrainer:
    """Reads the topic `retrain-jobs`, trains models, and asks for each good model to run beside the live version.

    A job is done once its result is on the topic `candidates`. Before that, the retrainer writes the command that
    starts the new model. The id of this command follows from the job, so the command is carried out once however often
    it is written. A job names the last outcome to train on and the stored models to compare with. A retrainer that
    takes over after a crash therefore trains on the same data, and no result is lost or counted twice. Several
    retrainers may run, but each of them then does the same work.

    Where commands are signed, a job is run only with the signature of its lifecycle node, the node that turns commands
    into jobs. Otherwise an error is logged.

    Args:
        settings: settings of the system: prefix of its topic names, signing keys, time limits.
        bootstrap: address of the Kafka cluster.
        parameters: configuration with which the outcomes were made.
        producer: producer that is connected already.
    """

    def __init__(self, settings: Settings, bootstrap: str, parameters: Parameters, producer: AIOKafkaProducer) -> None:
        self._settings, self._bootstrap, self._parameters = settings, bootstrap, parameters
        self._producer, self._signing = producer, signing(settings)
        self._commands = CommandWriter(settings, producer)
        self._made_with = {
            "tickloop": version("tickloop"),
            "river": version("river"),
            "python": python_version(),
        }
        with suppress(PackageNotFoundError):  # an extra
            self._made_with["lightgbm"] = version("lightgbm")

    async def run(self) -> None:
        """Run the jobs that have no result yet, then new ones, until cancelled.

        Raises:
            EnvironmentProblem: the topics cannot be read.
        """
        waiting = WaitingJobs()
        async with finished_retrains(self._settings, self._bootstrap) as finished, asyncio.TaskGroup() as group:
            group.create_task(owned("the reader of retrain jobs", self._listen(waiting)))
            while True:
                job, partition, before = await waiting.next()
                await finished.catch_up()
                for older, its in before:
                    if older.job not in finished.done:
                        await self._supersede(older, its, job, finished)
                if job.job not in finished.done:
                    await self.do(job, partition, finished)

    async def _supersede(self, older: RetrainJob, partition: int, by: RetrainJob, finished: Finished) -> None:
        """Write the result `superseded` for a job, unless the command that starts its new model was written already.

        Such a job is run to its end, so that there is a result for the model that will run.
        """
        if await self._was_proposed(older, partition):
            await self.do(older, partition, finished)
            return
        sentence = f"{by.job} came before it was begun"
        result = RetrainingResult(
            job_id=older.job, symbol=older.symbol, status="superseded", sentence=sentence, trigger=older.breach.trigger
        )
        await self._finish(older, partition, result)

    async def _was_proposed(self, job: RetrainJob, partition: int) -> bool:
        wanted, topic = start_id(job.job), self._settings.topic(COMMANDS.name)
        async with (
            partition_records(self._bootstrap, topic, partition) as records,
            aclosing(records.read(position_of(job.id)[0])) as values,
        ):
            return wanted in [_id_of(value) async for _, value in values]

    async def _listen(self, waiting: "WaitingJobs") -> None:
        readable = ReadableRecords(RETRAIN_JOBS)
        async with aclosing(read(self._bootstrap, self._settings.topic(RETRAIN_JOBS.name))) as records:
            async for record in records:
                job = readable(record)
                if job is not None and self.is_asked_for(job, record):
                    waiting.put(job, record.partition)

    def is_asked_for(self, job: RetrainJob, record: Received) -> bool:
        """Whether the lifecycle node, which writes all jobs, has signed a job; if not, an error is logged.

        Always true where this deployment has no signing key.

        Args:
            job: the job.
            record: the record that the job was read from; the signature covers its position.
        """
        try:
            self._signing.check(job)
            self._signing.admit(job, root_id(RETRAIN_JOBS.name, record.partition, record.offset))
        except Refused as refused:
            log.error("%s-%s at %s: not done: %s", RETRAIN_JOBS.name, record.partition, record.offset, refused)
            return False
        return True

    async def do(self, job: RetrainJob, partition: int, finished: Finished) -> RetrainingResult:
        """Run one job: train, ask for the new model to run beside the live version, and write the result.

        The result is written last, since it marks the job as done.

        Args:
            job: the job.
            partition: partition of its symbol.
            finished: index of earlier results, from which stored models are read.
        """
        await self._put(ALERTS, partition, job.symbol.encode(), started(job))
        result = await self._result(job, partition, finished)
        log.info("%s: %s: %s", job.job, result.status, result.sentence)
        if result.status == "candidate":
            market = self._parameters.for_symbol(job.symbol)
            await self._commands.write(proposal(job, result, market, self._parameters.retraining), job.id, partition)
        await self._finish(job, partition, result)
        return result

    async def _finish(self, job: RetrainJob, partition: int, result: RetrainingResult) -> None:
        finished = RetrainFinished(f"{job.id}:0", job.symbol, job.ts_event, result, self._made_with)
        await self._put(CANDIDATES, partition, finished.key, finished)

    async def _result(self, job: RetrainJob, partition: int, finished: Finished) -> RetrainingResult:
        market, training = self._parameters.for_symbol(job.symbol), self._parameters.retraining
        topic = self._settings.topic(OUTCOMES.name)
        try:
            pool = await finished.models(job.symbol, () if job.pool is UNSET else job.pool)
            async with partition_records(self._bootstrap, topic, partition) as records:
                log = await labelled_log(records, job, market, training.labels)
        except TickloopError as error:
            return RetrainingResult(
                job_id=job.job, symbol=job.symbol, status="failed", sentence=str(error), trigger=job.breach.trigger
            )
        work = Work(job.symbol, job.breach, list(log.labels), pool)
        result = await train(work, self._settings.retrain_timeout_s)
        return replace(result, sentence=f"{result.sentence}; {log.cut}") if log.cut else result

    async def _put(self, topic: Topic, partition: int, key: bytes, record: Any) -> None:
        await self._producer.send_and_wait(self._settings.topic(topic.name), encode(record), key, partition)


class _Identified(msgspec.Struct):
    id: str = ""


_identified = decoder(_Identified)


def _id_of(value: bytes | None) -> str:
    """Id of a command; empty if the record is no command."""
    try:
        return str(_identified(value).id)
    except Refused:
        return ""
