"""Reads experiments from the topics: their states and verdicts, and the outcomes in which versions are compared."""

from collections.abc import Iterable
from contextlib import aclosing
from typing import Any

from agents.audit.versions import lives
from agents.clients.readable_records import ReadableRecords
from agents.clients.reader import read_blocks
from agents.config.settings import Settings
from agents.experiments.status import Courses, courses_of, follow
from schemas.experiments import PooledDecided
from schemas.outcomes import OutcomeMatured
from schemas.topics import EXPERIMENT_DECISIONS, EXPERIMENTS, OUTCOMES, POOLED_EXPERIMENTS, PREDICTIONS, Topic

OLDEST = -200_000
"""Start of reading outcomes: the newest 200,000 of each partition."""

RECENT = -2_000
"""Start of reading predictions: the newest 2,000 of each partition."""


async def courses(settings: Settings, bootstrap: str) -> Courses:
    """Read the records of all experiments, grouped by experiment and symbol.

    The result also says what became of the versions that the experiments tested.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topics.
    """
    moves = await _all(settings, bootstrap, EXPERIMENTS)
    decisions = await _all(settings, bootstrap, EXPERIMENT_DECISIONS)
    for record in await _all(settings, bootstrap, POOLED_EXPERIMENTS):
        (decisions if isinstance(record, PooledDecided) else moves).append(record)
    found = courses_of(moves, decisions)
    known = await lives(settings, bootstrap)
    for of in found.values():
        for course in of.values():
            follow(course, known)
    return found


async def recent_outcomes(settings: Settings, bootstrap: str, symbol: str | None) -> list[OutcomeMatured]:
    """Read the newest 200,000 outcomes of each partition; return them by event time, the oldest first.

    Outcomes from before a symbol's clock was set back come before those from after it, whatever their event time.

    Args:
        settings: settings of the system, with the prefix of its topic names.
        bootstrap: address of the Kafka cluster.
        symbol: the only symbol whose outcomes are returned; None: all.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
    """
    found: list[OutcomeMatured] = await _all(settings, bootstrap, OUTCOMES, OLDEST)
    return in_order(each for each in found if symbol is None or each.symbol == symbol)


def in_order(outcomes: Iterable[OutcomeMatured]) -> list[OutcomeMatured]:
    """Sort outcomes by generation, then by event time, the lowest first.

    The generation of an outcome is the number of times that its symbol's clock had been set back when the outcome was
    computed. So outcomes from before the clock was set back come before those from after it.
    """
    return sorted(outcomes, key=lambda outcome: (outcome.generation or 0, outcome.ts_event))


async def recent_symbols(settings: Settings, bootstrap: str) -> list[str]:
    """Return the symbols, sorted, that occur among the newest 2,000 predictions of each partition.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
    """
    found: set[str] = set()
    blocks = read_blocks(bootstrap, settings.topic(PREDICTIONS.name), start=RECENT, until_end=True, repeats=True)
    async with aclosing(blocks) as reading:
        async for block in reading:
            found |= {record.key.decode() for record in block if record.key}
    return sorted(found)


async def _all(settings: Settings, bootstrap: str, topic: Topic, start: Any = "beginning") -> list[Any]:
    readable = ReadableRecords(topic)
    found: list[Any] = []
    blocks = read_blocks(bootstrap, settings.topic(topic.name), start=start, until_end=True)
    async with aclosing(blocks) as reading:
        async for block in reading:
            found += [each for each in map(readable, block) if each is not None]
    return found
