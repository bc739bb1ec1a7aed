"""The labelled log of one symbol as it lies on Kafka, as far back as a retrain looks."""

from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.settings import Settings
from schemas.codec import decoder
from schemas.outcomes import OutcomeMatured
from schemas.positions import Position, position_of
from schemas.retraining import RetrainJob
from schemas.topics import OUTCOMES
from streams.parameters import MarketParameters
from streams.retraining.labels import OutcomeLog

POLL_MS = 200
FIRST_LOOK = 20_000
"""Records that are looked back on first; four times as many each time that is too few."""

SLACK = 1_000
"""Outcomes before the first label that is used: what a label is worth hangs on its neighbours."""

BREACH = "retrain-"


def known_then(job: RetrainJob) -> Callable[[OutcomeMatured], bool]:
    """Whether an outcome was known when a job was asked for: the same ones, however often it is done.

    A breach names the outcome at which it was noticed; a person asks at an event time.
    """
    if job.breach.id.startswith(BREACH):
        until = position_of(job.breach.id.removeprefix(BREACH))
        return lambda outcome: position_of(outcome.id) <= until
    return lambda outcome: outcome.ts_event <= job.ts_event


async def labelled_log(
    settings: Settings, bootstrap: str, partition: int, job: RetrainJob, market: MarketParameters, labels: int
) -> OutcomeLog:
    """Outcomes of the job's symbol that were known when it was asked for: as many as `labels` of them that moved need.

    Raises:
        KafkaError: the log cannot be read.
        TickloopError: the outcomes were made with other parameters.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        tp = TopicPartition(settings.topic(OUTCOMES.name), partition)
        consumer.assign([tp])
        first, end = (await consumer.beginning_offsets([tp]))[tp], (await consumer.end_offsets([tp]))[tp]
        look = FIRST_LOOK
        while True:
            begin = max(first, end - look)
            outcomes = await _of_symbol(consumer, tp, begin, end, job)
            moved = sum(outcome.label != 0 for outcome in outcomes)
            if begin == first or moved >= labels + SLACK:
                break
            look *= 4
    finally:
        await consumer.stop()
    log = OutcomeLog(market, 4 * labels)
    for outcome in outcomes:
        log.add(outcome)
    return log


async def _of_symbol(
    consumer: AIOKafkaConsumer, tp: TopicPartition, begin: int, end: int, job: RetrainJob
) -> list[OutcomeMatured]:
    decode, key, is_known = decoder(OutcomeMatured), job.symbol.encode(), known_then(job)
    found: list[OutcomeMatured] = []
    last: Position = ()
    consumer.seek(tp, begin)
    while await consumer.position(tp) < end:
        for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
            for record in records:
                if record.key != key or record.offset >= end:
                    continue
                outcome = decode(record.value)
                # What a worker wrote again after a crash is the same outcome.
                if position_of(outcome.id) > last and is_known(outcome):
                    last = position_of(outcome.id)
                    found.append(outcome)
    return found
