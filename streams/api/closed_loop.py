"""All nodes and the retrainer together in one process: retrain jobs are carried out, and the new models started."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Struct

from schemas.models import ModelState
from schemas.outcomes import OutcomeMatured
from schemas.retraining import RetrainFinished, RetrainingResult, RetrainJob
from streams.engine.loop_partition import LoopPartition
from streams.parameters import Parameters
from streams.retraining.job import retrain
from streams.retraining.labels import Labelled, OutcomeLog
from streams.retraining.proposal import proposal
from streams.topology import nodes


class Due(Struct):
    """A training that is in progress, or that waits until another training of the same symbol is done.

    Attributes:
        job: the retrain job.
        log: outcomes that were known when the job was made.
        at: event time at which the training is done, ns since 1970, UTC.
    """

    job: RetrainJob
    log: Sequence[Labelled]
    at: int


class ClosedLoop:
    """Runs all nodes on the ticks and commands of one partition, and carries out the retrains that these nodes ask for.

    New models are started, and promotions and roll-backs take effect. A training takes a fixed span of
    event time, `latency_ns`. A job waits while another job of the same symbol is being trained. If a newer
    job of the symbol comes meanwhile, the waiting job is dropped and reported as `superseded`.

    Args:
        parameters: parameters of all nodes and of the retrain jobs.
        latency_ns: event time that a training takes, ns.
        number: number of the partition.

    Three ticks of a symbol give 4 records, a prediction for each tick and the first record of the paper
    account:

    >>> from streams.sources.planted_signal import GradedMarket
    >>> loop = ClosedLoop(Parameters())
    >>> sum(len(loop.receive(next(market))) for market in [GradedMarket("AAA", 1)] for _ in range(3))
    4
    """

    def __init__(self, parameters: Parameters, latency_ns: int = 10_000_000_000, number: int = 0) -> None:
        self._loop = LoopPartition(nodes(parameters), number, closed=True)
        self._parameters = parameters
        self._latency_ns = latency_ns
        self._logs: dict[str, OutcomeLog] = {}
        self._due: dict[str, Due] = {}
        self._waiting: dict[str, Due] = {}
        self._models: dict[tuple[str, str], ModelState] = {}

    def receive(self, event: Any) -> list[Struct]:
        """Process one tick or command and return all records that are written.

        First come the records of trainings that end by the time of this event, then those that follow from the event.
        """
        written: list[Struct] = []
        for symbol in [symbol for symbol, due in self._due.items() if due.at <= event.ts_event]:
            self._finish(self._due.pop(symbol), written)
        self._take(self._loop.receive(event), written)
        return written

    def _take(self, records: Sequence[Struct], written: list[Struct]) -> None:
        for record in records:
            written.append(record)
            if isinstance(record, OutcomeMatured):
                self._log(record.symbol).add(record)
            elif isinstance(record, RetrainJob) and not record.withheld:
                self._begin(record, written)

    def _log(self, symbol: str) -> OutcomeLog:
        log = self._logs.get(symbol)
        if log is None:
            market = self._parameters.for_symbol(symbol)
            log = self._logs[symbol] = OutcomeLog(market, self._parameters.retraining.labels)
        return log

    def _begin(self, job: RetrainJob, written: list[Struct]) -> None:
        due = Due(job, list(self._log(job.symbol).last()), job.ts_event + self._latency_ns)
        if job.symbol not in self._due:
            self._due[job.symbol] = due
            return
        older = self._waiting.get(job.symbol)
        self._waiting[job.symbol] = due
        if older is not None:
            sentence = f"{job.job} came before it was begun"
            trigger = older.job.breach.trigger
            written.append(
                _finished(
                    older.job,
                    RetrainingResult(
                        job_id=older.job.job, symbol=job.symbol, status="superseded", sentence=sentence, trigger=trigger
                    ),
                )
            )

    def _finish(self, due: Due, written: list[Struct]) -> None:
        job = due.job
        parameters = self._parameters
        market = parameters.for_symbol(job.symbol)
        named = () if job.pool is UNSET else job.pool
        pool = [self._models[job.symbol, each] for each in named if (job.symbol, each) in self._models]
        result = retrain(job.symbol, job.breach, due.log, market, parameters.retraining, pool)
        if result.candidate is not None:
            self._models[job.symbol, result.sha256] = result.candidate
        written.append(_finished(job, result))
        if result.status == "candidate":
            asked = proposal(job, result, market, parameters.retraining)
            written.append(asked)
            self._take(self._loop.receive(asked), written)
        if job.symbol in self._waiting:
            following = self._waiting.pop(job.symbol)
            following.at = due.at + self._latency_ns
            self._due[job.symbol] = following


def _finished(job: RetrainJob, result: RetrainingResult) -> RetrainFinished:
    return RetrainFinished(f"{job.id}:0", job.symbol, job.ts_event, result)
