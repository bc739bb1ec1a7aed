"""Reads the records of one symbol from the topics: versions, commands, retrains, experiments, predictions."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from agents.audit.lineage import History, PredictionLineage, why, window_of
from agents.clients.readable_records import ReadableRecords
from agents.clients.reader import read_blocks
from agents.config.settings import Settings
from schemas.errors import ConfigurationError
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive, Quote, Trade
from schemas.topics import (
    ACCURACY_WINDOWS,
    CANDIDATES,
    COMMANDS,
    EXPERIMENT_DECISIONS,
    MODEL_VERSIONS,
    OUTCOMES,
    PREDICTIONS,
    RETRAIN_JOBS,
    TICKS,
    Topic,
)


async def changes(settings: Settings, bootstrap: str, symbol: str) -> History:
    """Read the records that explain how the model versions of a symbol changed.

    These are commands, retrain jobs and results, decisions of experiments, accuracy windows (scores of a version over a
    span of outcomes), and the newest record of each version. The fields `directives`, `ticks`, `predictions` and
    `outcomes` of the returned `History` stay empty; the function `history` fills them as well.

    Args:
        settings: settings of the system, with the prefix of its topic names.
        bootstrap: address of the Kafka cluster.
        symbol: instrument whose records are read.

    Raises:
        EnvironmentProblem: no cluster answers, or it lacks a topic.
    """
    found = History()
    async for record in _records(settings, bootstrap, MODEL_VERSIONS, symbol):
        found.versions[record.version] = record
    async for record in _records(settings, bootstrap, COMMANDS, symbol):
        found.commands.setdefault(record.id, record)
    async for record in _records(settings, bootstrap, RETRAIN_JOBS, symbol):
        found.jobs.setdefault(record.job, record)
    async for record in _records(settings, bootstrap, CANDIDATES, symbol):
        found.results.setdefault(record.result.job_id, record)
    found.decisions = [each async for each in _records(settings, bootstrap, EXPERIMENT_DECISIONS, symbol)]
    found.windows = [each async for each in _records(settings, bootstrap, ACCURACY_WINDOWS, symbol)]
    return found


async def history(settings: Settings, bootstrap: str, symbol: str, begin: int, end: int) -> History:
    """Read what `changes` reads, and also directives; count ticks, predictions and outcomes in a span of event time.

    A directive is a record in the topic of ticks that starts, promotes or stops a model version.

    Args:
        settings: settings of the system, with the prefix of its topic names.
        bootstrap: address of the Kafka cluster.
        symbol: instrument whose records are read.
        begin, end: first and last event time that is counted, ns since 1970, UTC; other records are read for all
            times.

    Raises:
        EnvironmentProblem: no cluster answers, or it lacks a topic.
    """
    found = await changes(settings, bootstrap, symbol)
    async for tick in _records(settings, bootstrap, TICKS, symbol):
        if isinstance(tick, Directive):
            found.directives.setdefault(tick.id, tick)
        elif isinstance(tick, Quote | Trade) and begin <= tick.ts_event <= end:
            found.ticks += 1
    async for prediction in _records(settings, bootstrap, PREDICTIONS, symbol):
        if begin <= prediction.ts_event <= end:
            found.predictions[prediction.model_version] = found.predictions.get(prediction.model_version, 0) + 1
    async for outcome in _records(settings, bootstrap, OUTCOMES, symbol):
        if begin <= outcome.ts_event <= end:
            version = outcome.arms[0].model_version
            found.outcomes[version] = found.outcomes.get(version, 0) + 1
    return found


async def life_of(
    settings: Settings, bootstrap: str, symbol: str, prediction_id: str, found: History
) -> PredictionLineage:
    """Read one prediction and its outcome, and find the records that led to the model version behind the prediction.

    Args:
        settings: settings of the system, with the prefix of its topic names.
        bootstrap: address of the Kafka cluster.
        symbol: instrument that was predicted.
        prediction_id: id of the prediction, which is also the id of the tick that the prediction answers.
        found: records of the same symbol, from `changes` or `history`.

    Raises:
        ConfigurationError: the topics hold no prediction of this id for the symbol.
        EnvironmentProblem: no cluster answers, or it lacks a topic.
    """
    prediction: Prediction | None = None
    async for each in _records(settings, bootstrap, PREDICTIONS, symbol):
        if each.id == prediction_id:
            prediction = each
    if prediction is None:
        raise ConfigurationError(f"expected the id of a prediction of {symbol}, found none of {prediction_id!r:.80}")
    outcome: OutcomeMatured | None = None
    async for each in _records(settings, bootstrap, OUTCOMES, symbol):
        if each.prediction_id == prediction_id:
            outcome = each
    version = found.versions.get(prediction.model_version)
    return PredictionLineage(
        prediction.id,
        prediction,
        outcome,
        None if outcome is None else window_of(found, outcome),
        why(found, version) if version is not None else [],
    )


async def _records(settings: Settings, bootstrap: str, topic: Topic, symbol: str) -> AsyncIterator[Any]:
    """Read the records of one symbol up to the end of a topic; records with other keys are not decoded."""
    readable, key, compacted = ReadableRecords(topic), symbol.encode(), topic.is_compacted
    # Writers choose the ids on a root topic freely, so equal ids there do not mean a repeat.
    blocks = read_blocks(bootstrap, settings.topic(topic.name), until_end=True, repeats=topic.is_root)
    async with aclosing(blocks) as reading:
        async for block in reading:
            for record in block:
                its = symbol_of(record.key) if compacted else record.key
                found = readable(record) if its == key else None
                if found is not None and found.symbol == symbol:
                    yield found


def symbol_of(key: bytes | None) -> bytes:
    """Return the symbol in a record key of the form `symbol|name`, or empty bytes where the key has no `|`.

    The last `|` separates the two parts: a symbol may contain `|`, a name may not.

    >>> symbol_of(b"BTCUSDT|bold-1"), symbol_of(b"BTC|USD|bold-1"), symbol_of(None)
    (b'BTCUSDT', b'BTC|USD', b'')
    """
    return (key or b"").rpartition(b"|")[0]
