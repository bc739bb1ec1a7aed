"""Reads the outcomes that a retrain learns from: those of one symbol, up to the outcome named in the job.

The same job reads the same outcomes, however late or often it is run, and whatever was appended since.
"""

import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import NamedTuple, Protocol

from msgspec import UNSET

from agents.clients.repeats import Repeats
from schemas.codec import decoder
from schemas.errors import TickloopError
from schemas.outcomes import OutcomeMatured
from schemas.positions import Position, outcome_of_breach, position_of
from schemas.retraining import RetrainJob
from streams.market.parameters import MarketParameters
from streams.retraining.labels import OUTCOMES_A_LABEL, SPARE, Labelled, begins_at, outcome_log

log = logging.getLogger(__name__)

FIRST_LOOK = 20_000
"""Number of records that are read at first, from the end; four times as many each time that is too few."""


class OutcomeRecords(Protocol):
    """One partition of the topic of outcomes."""

    @property
    def first(self) -> int:
        """Offset of the oldest record that is still stored."""

    @property
    def end(self) -> int:
        """Offset after the newest record."""

    def read(self, begin: int) -> AsyncGenerator[tuple[bytes | None, bytes | None], None]:
        """Yield keys and values from offset `begin` to the end; a record that was written twice comes twice."""
        ...


class Log(NamedTuple):
    """The outcomes that a retrain learns from.

    Attributes:
        labels: the outcomes, the oldest first.
        cut: sentence saying that older outcomes, which the retrain should also learn from, were deleted from Kafka;
            empty if none were.
    """

    labels: Sequence[Labelled]
    cut: str


def named(job: RetrainJob) -> str:
    """Return the id of the last outcome that a retrain job is to learn from.

    Empty if the job names no outcome. It then learns from the outcomes with an event time up to that of the job.
    """
    return outcome_of_breach(job.breach.id) or ("" if job.until is UNSET else job.until)


def known_then(job: RetrainJob) -> Callable[[OutcomeMatured], bool]:
    """Return a function that tells whether an outcome was known when a retrain job was asked for.

    What the function returns depends on the job and the outcome only, not on when the job is run.

    Raises:
        TickloopError: the id by which the job names its last outcome is malformed.
    """
    name = named(job)
    if not name:
        return lambda outcome: outcome.ts_event <= job.ts_event
    until = _position(name)
    return lambda outcome: _position(outcome.id) <= until


def _position(name: str) -> Position:
    try:
        return position_of(name)
    except ValueError:
        raise TickloopError(f"expected the id of an outcome, was {name!r:.80}") from None


async def labelled_log(records: OutcomeRecords, job: RetrainJob, market: MarketParameters, labels: int) -> Log:
    """Read the outcomes that a retrain job learns from.

    Args:
        records: the partition of outcomes that has the job's symbol.
        job: the job, which names the last outcome.
        market: parameters of the symbol.
        labels: largest number of outcomes to learn from, not counting those whose price did not move; the newest ones
            are taken.

    Raises:
        TickloopError: the outcome that the job names is not stored, or was made with other parameters.
    """
    look = FIRST_LOOK
    while True:
        begin = max(records.first, records.end - look)
        found = await _of_symbol(records, begin, job, OUTCOMES_A_LABEL * labels + SPARE)
        outcomes = _of_one_clock(found)
        at = begins_at([outcome.label for outcome in outcomes], labels)
        complete = at >= 0 or len(outcomes) < len(found)
        if complete or begin == records.first:
            break
        look *= 4
    name = named(job)
    if name and not (outcomes and outcomes[-1].id == name):
        raise TickloopError(
            f"expected outcome {name} in the log of {job.symbol}, it is not there: offsets below {records.first:,} are "
            "deleted; fix: longer retention, and a new retrain"
        )
    cut = ""
    if not complete and records.first > 0:
        oldest = outcomes[0].id if outcomes else "none"
        cut = f"its log is cut: the oldest outcome left is {oldest}, offsets below {records.first:,} are deleted"
    # Nothing before its beginning is looked at: how much of it was read hangs on where the log ends now.
    return Log(outcome_log(outcomes[max(0, at) :], market, labels).last(), cut)


def _of_one_clock(outcomes: Sequence[OutcomeMatured]) -> Sequence[OutcomeMatured]:
    """The outcomes since the symbol's clock was last set back; event times before that cannot be compared."""
    for back, outcome in enumerate(reversed(outcomes)):
        if outcome.generation != outcomes[-1].generation:
            return outcomes[len(outcomes) - back :]
    return outcomes


async def _of_symbol(records: OutcomeRecords, begin: int, job: RetrainJob, most: int) -> Sequence[OutcomeMatured]:
    """Read the job's symbol up to the outcome that the job names: each outcome once, the last `most` of them.

    A worker that goes on after a crash repeats, in order, what it wrote since its last checkpoint. An outcome
    with an invented id after the named one neither ends the reading nor hides later outcomes.
    """
    decode, key, is_known, name = decoder(OutcomeMatured), job.symbol.encode(), known_then(job), named(job)
    found: deque[OutcomeMatured] = deque(maxlen=most)
    repeats = Repeats()
    async with aclosing(records.read(begin)) as values:
        async for its, value in values:
            if its != key:
                continue
            try:
                outcome = decode(value)
                position = _position(outcome.id)
            except TickloopError as error:  # nothing that a worker wrote, whoever did
                log.warning("outcomes of %s: passed over: %s", job.symbol, error)
                continue
            if is_known(outcome) and repeats.is_new("", position):
                found.append(outcome)
            if outcome.id == name:
                break
    return list(found)
