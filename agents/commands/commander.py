"""Sends a command about a symbol: finds the symbol's partition, writes one record there, and waits for the answer.

A part of each worker, the lifecycle node, carries out commands. It answers on the topics `model-versions`,
`retrain-jobs` and `dead-letters`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
from aiokafka.errors import KafkaError
from msgspec import UNSET
from msgspec.structs import replace

from agents.audit.versions import versions
from agents.clients.readable_records import ReadableRecords
from agents.clients.topic_partitions import partition_count
from agents.commands.writer import CommandWriter
from agents.config.settings import Settings
from agents.kafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition, clients
from schemas.codec import decoder
from schemas.commands import Command, Retrain
from schemas.errors import EnvironmentProblem, Refused
from schemas.limits import EventTime, TickId
from schemas.names import LIVE
from schemas.positions import root_id
from schemas.retraining import RetrainJob
from schemas.topics import COMMANDS, DEAD_LETTERS, MODEL_VERSIONS, OUTCOMES, PREDICTIONS, RETRAIN_JOBS
from schemas.versions import ModelVersion
from streams.engine.partitioner import partition_of

TAILS = ((PREDICTIONS, 500), (OUTCOMES, 500), (PREDICTIONS, 20_000), (OUTCOMES, 20_000))
"""Where a symbol's latest record is looked for: so many of the newest of each partition, the cheap ones first."""

POLL_MS = 100


class LogPlace(NamedTuple):
    """The partition of a symbol's ticks, and the time up to which records of the symbol were found there.

    Attributes:
        partition: number of the partition; commands about the symbol must be written to a partition of this number.
        ts_event: event time of the symbol's latest record that was found, ns since 1970; 0: none was found.
    """

    partition: int
    ts_event: int


class Answer(NamedTuple):
    """What came of a command.

    If all fields are empty, no answer came, or a command with the same id was carried out before.

    Attributes:
        versions: records about model versions that were written because of the command.
        refused: why the command cannot be carried out; empty: it was not refused.
        job: the retrain that the command asked for, with a reason if it was turned down; None: the command
            asked for none, or no answer came.
    """

    versions: list[ModelVersion]
    refused: str
    job: RetrainJob | None = None


class _Timed(msgspec.Struct):
    ts_event: EventTime
    id: TickId


_timed = decoder(_Timed)


def _is_timed(value: bytes | None) -> bool:
    """Return whether these bytes can be a prediction or an outcome, having an event time and an id."""
    try:
        _timed(value)
    except Refused:
        return False
    return True


class Commander:
    """Writes commands to the partitions of their symbols and waits for answers.

    Objects of this class are made by the function `commander`.

    Attributes:
        seen: symbols of all records that this object has read so far, for example in searches for the
            partition of a symbol.
    """

    def __init__(
        self,
        settings: Settings,
        bootstrap: str,
        partitions: int,
        consumer: AIOKafkaConsumer,
        producer: AIOKafkaProducer,
    ) -> None:
        self._bootstrap = bootstrap
        self._settings, self._partitions, self._consumer = settings, partitions, consumer
        self._writer = CommandWriter(settings, producer)
        self.seen: set[str] = set()

    async def place_of(self, symbol: str) -> LogPlace:
        """Return the partition of a symbol, and the event time of its latest record.

        A producer may put ticks on any partition. So the partition is that of the symbol's latest
        prediction, or of its latest outcome (record that scores a prediction). If neither is found, it
        is the partition that Kafka's default partitioner chooses, and the event time is 0.
        """
        for topic, newest in TAILS:
            found = await self._latest(self._settings.topic(topic.name), symbol.encode(), newest)
            if found is not None:
                return found
        return LogPlace(partition_of(symbol, self._partitions), 0)

    async def arms_of(self, symbol: str) -> list[str]:
        """Return the names of the symbol's variants that run in shadow, according to the topic `model-versions`.

        Variants of the pipeline run side by side on a symbol. The predictions of one are published: it is live. The
        others run in shadow.
        """
        found = await versions(self._settings, self._bootstrap, symbol)
        return [each.arm for each in found if each.arm and each.arm != LIVE]

    async def _latest(self, topic: str, key: bytes, newest: int) -> LogPlace | None:
        latest = await self._newest(topic, key, newest, range(self._partitions))
        if latest is None:
            return None
        return LogPlace(latest.partition, _timed(latest.value).ts_event)

    async def _newest(self, topic: str, key: bytes, newest: int, numbers: Iterable[int]) -> Any:
        """Return the latest record with this key among the `newest` records of each of these partitions, or None."""
        consumer = self._consumer
        partitions = [TopicPartition(topic, number) for number in numbers]
        consumer.assign(partitions)
        first, end = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, max(first[partition], end[partition] - newest))
        latest: Any = None
        keys: set[bytes | None] = set()
        while any([await consumer.position(partition) < end[partition] for partition in partitions]):
            for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    keys.add(record.key)
                    if record.key == key and (latest is None or record.timestamp >= latest.timestamp):
                        latest = record if _is_timed(record.value) else latest
        self.seen.update(each.decode(errors="replace") for each in keys if each)
        return latest

    async def _up_to_now(self, command: Retrain, partition: int) -> Retrain:
        """Return the retrain with the symbol's last outcome filled in, so that a delay does not change its data."""
        topic, key = self._settings.topic(OUTCOMES.name), command.symbol.encode()
        for newest in (500, 20_000):
            latest = await self._newest(topic, key, newest, (partition,))
            if latest is not None:
                return replace(command, until=_timed(latest.value).id)
        return command

    async def put(self, command: Command, partition: int, patience_s: float = 0.0) -> tuple[int, Answer]:
        """Write one command, signed if the settings have a key, and wait for the answer.

        A model learns from outcomes, the records that score predictions. A command to retrain may name
        the last outcome to learn from; if it names none, the symbol's newest outcome is filled in.

        Args:
            command: what is asked for.
            partition: number of the partition of the command's symbol.
            patience_s: longest wait for an answer, seconds; 0: none.

        Returns:
            The offset of the command on its partition, and the answer, which is empty if none came in
                time.
        """
        if isinstance(command, Retrain) and command.until is UNSET:
            command = await self._up_to_now(command, partition)
        topics = [self._settings.topic(topic.name) for topic in (MODEL_VERSIONS, RETRAIN_JOBS, DEAD_LETTERS)]
        answers = [TopicPartition(topic, partition) for topic in topics]
        self._consumer.assign(answers)
        for answer, end in (await self._consumer.end_offsets(answers)).items():
            self._consumer.seek(answer, end)
        place = TopicPartition(self._settings.topic(COMMANDS.name), partition)
        end = (await self._consumer.end_offsets([place]))[place]
        offset = await self._writer.write(command, root_id(COMMANDS.name, partition, end), partition)
        record_id = root_id(COMMANDS.name, partition, offset)
        return offset, await self._answer(record_id, command.id, patience_s)

    async def _answer(self, record_id: str, command_id: str, patience_s: float) -> Answer:
        version, letter, job = (
            ReadableRecords(MODEL_VERSIONS),
            ReadableRecords(DEAD_LETTERS),
            ReadableRecords(RETRAIN_JOBS),
        )
        refusals, jobs = self._settings.topic(DEAD_LETTERS.name), self._settings.topic(RETRAIN_JOBS.name)
        clock = asyncio.get_running_loop().time
        until = clock() + patience_s
        while clock() < until:
            versions: list[ModelVersion] = []
            for partition, records in (await self._consumer.getmany(timeout_ms=POLL_MS)).items():
                for record in records:
                    if partition.topic == refusals:
                        refused = letter(record)
                        if refused is not None and refused.id == record_id:
                            return Answer([], f"{refused.reason}: {refused.detail}")
                    elif partition.topic == jobs:
                        asked = job(record)
                        if asked is not None and asked.job == command_id:
                            return Answer([], "", asked)
                    else:
                        told = version(record)
                        if told is not None and told.command == command_id:
                            versions.append(told)
            if versions:
                return Answer(versions, "")
        return Answer([], "")


@asynccontextmanager
async def commander(settings: Settings, bootstrap: str) -> AsyncIterator[Commander]:
    """Open a connected `Commander` for the duration of the block.

    Args:
        settings: settings of the deployment, with its prefix and signing keys.
        bootstrap: address of the cluster.

    Raises:
        EnvironmentProblem: no cluster answers at `bootstrap`, or a topic is missing, or the cluster refuses a record.
        ConfigurationError: the signing keys in the settings are invalid.
    """
    partitions = await partition_count(bootstrap, settings.topic(COMMANDS.name))
    consumer = clients.consumer(bootstrap, isolation_level="read_committed", fetch_max_wait_ms=20)
    producer = clients.producer(bootstrap)
    try:
        await consumer.start()
        await producer.start()
        yield Commander(settings, bootstrap, partitions, consumer, producer)
    except KafkaError as error:
        raise EnvironmentProblem(f"expected {bootstrap} to take a command, got {error!r}") from error
    finally:
        await asyncio.gather(consumer.stop(), producer.stop())
