"""Reads the registry of model versions and the results of retrains from their topics."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from agents.audit.winners import Became, followed
from agents.clients.readable_records import ReadableRecords
from agents.clients.reader import read_blocks
from agents.config.settings import Settings
from schemas.errors import EnvironmentProblem
from schemas.faults import ComponentFailed
from schemas.names import LIVE
from schemas.retraining import RetrainFinished
from schemas.topics import CANDIDATES, FAULTS, MODEL_VERSIONS, Topic
from schemas.versions import ModelVersion
from streams.api.versions import SCHEMA, ModelVersionManager, Version, VersionChange
from streams.lifecycle.rosters import valid_versions

TIMEOUT_S = 60.0

MOST_KEPT = 100_000
"""Most keys of one topic whose newest record is kept while it is read: some hundred MB of versions."""


async def versions(
    settings: Settings, bootstrap: str, symbol: str | None = None, timeout_s: float = TIMEOUT_S
) -> list[ModelVersion]:
    """Read the newest registry record of every model version, sorted by symbol, the live version of each symbol first.

    The version that a symbol begins with may have had several names, one for each set of parameters. It is listed
    once, under the newest name.

    Args:
        settings: settings of the system, with the prefix of its topic names.
        bootstrap: address of the Kafka cluster.
        symbol: the only symbol to read; None: all.
        timeout_s: longest time to read the topic, s.

    Raises:
        EnvironmentProblem: no cluster answers, it has no such topic, or the topic could not be read in time or
            holds too many versions.
    """
    found = await _newest(settings, bootstrap, MODEL_VERSIONS, symbol, timeout_s)
    of_symbol: dict[str, list[ModelVersion]] = {}
    for each in found:
        of_symbol.setdefault(each.symbol, []).append(each)
    held = [each for of in of_symbol.values() for each in valid_versions(of)]
    return sorted(held, key=lambda version: (version.symbol, version.arm != LIVE))


async def retrains(
    settings: Settings, bootstrap: str, symbol: str | None = None, timeout_s: float = TIMEOUT_S
) -> list[RetrainFinished]:
    """Read the results of all finished retrains, sorted by symbol, then by event time.

    Args:
        settings: settings of the system, with the prefix of its topic names.
        bootstrap: address of the Kafka cluster.
        symbol: the only symbol to read; None: all.
        timeout_s: longest time to read the topic, s.

    Raises:
        EnvironmentProblem: no cluster answers, it has no such topic, or the topic could not be read in time or
            holds too many results.
    """
    found = await _newest(settings, bootstrap, CANDIDATES, symbol, timeout_s)
    return sorted(found, key=lambda finished: (finished.symbol, finished.ts_event))


async def faults(
    settings: Settings, bootstrap: str, symbol: str | None = None, timeout_s: float = TIMEOUT_S
) -> list[ComponentFailed]:
    """Read the newest record of each component that failed, and of each model that reached its largest size.

    They are sorted by symbol, then by event time.

    Args:
        settings: settings of the system, with the prefix of its topic names.
        bootstrap: address of the Kafka cluster.
        symbol: the only symbol to read; None: all.
        timeout_s: longest time to read the topic, s.

    Raises:
        EnvironmentProblem: no cluster answers, it has no such topic, or the topic could not be read in time or
            holds too many records.
    """
    found = await _newest(settings, bootstrap, FAULTS, symbol, timeout_s)
    return sorted(found, key=lambda failed: (failed.symbol, failed.ts_event))


async def lives(settings: Settings, bootstrap: str, timeout_s: float = TIMEOUT_S) -> dict[tuple[str, str], Became]:
    """Read the newest registry record of every model version, and the record that ended its time live.

    There is no second record if the version is live or never was. If it was live several times, the
    second record is that of the last end. Kafka may have removed the second record, since the topic is
    compacted. Then the next of the version's records that is still stored takes its place.

    Returns:
        The history of each version, by symbol and name of the version.

    Raises:
        EnvironmentProblem: no cluster answers, it has no such topic, or the topic could not be read in
            `timeout_s` seconds or holds too many versions.
    """
    found = await _newest(settings, bootstrap, MODEL_VERSIONS, None, timeout_s, followed)
    return {(each.latest.symbol, each.latest.version): each for each in found}


async def _newest(
    settings: Settings,
    bootstrap: str,
    topic: Topic,
    symbol: str | None,
    timeout_s: float,
    kept: Callable[[Any, Any], Any] = lambda _, record: record,
) -> list[Any]:
    """For each key of a compacted topic, return the result of folding its records with `kept`; None first.

    Args:
        settings: settings of the system, with the prefix of its topic names.
        bootstrap: address of the Kafka cluster.
        topic: compacted topic whose keys have the form `symbol|name`.
        symbol: the only symbol whose records are decoded; None: all.
        timeout_s: longest time to read the topic, s.
        kept: called with the result so far (None at first) and the next record of a key; by default it keeps the
            newest.
    """
    readable, name = ReadableRecords(topic), settings.topic(topic.name)
    begins = None if symbol is None else f"{symbol}|".encode()
    found: dict[bytes, Any] = {}
    read = 0
    try:
        async with asyncio.timeout(timeout_s), aclosing(read_blocks(bootstrap, name, until_end=True)) as blocks:
            async for block in blocks:
                read += len(block)
                mine = [each for each in block if begins is None or (each.key or b"").startswith(begins)]
                for record in map(readable, mine):
                    if record is not None and symbol in (None, record.symbol):
                        found[record.key] = kept(found.get(record.key), record)
                if len(found) > MOST_KEPT:
                    raise EnvironmentProblem(
                        f"expected at most {MOST_KEPT:,} different keys on {name}, it holds more; fix: name a SYMBOL"
                    )
    except TimeoutError:
        raise EnvironmentProblem(
            f"expected to read {name} to its end within {timeout_s:g} s, had {read:,} records; fix: name a SYMBOL, or "
            "--timeout"
        ) from None
    return list(found.values())


async def registry(settings: Settings, bootstrap: str, symbol: str | None = None) -> ModelVersionManager:
    """Return a `ModelVersionManager` with the versions that retrains made, each checked by its SHA-256.

    Of the changes of a version's status, only the last is read. Changes made in the manager are not
    written back to Kafka; to change a running system, use the command `tickloop models`, which asks the
    lifecycle node (the node that decides on versions).

    Args:
        settings: settings of the system, with the prefix of its topic names.
        bootstrap: address of the Kafka cluster.
        symbol: the only symbol to read; None: all.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
        ModelRefused: a record on the topics contradicts itself.
    """
    made = {(each.symbol, each.result.sha256): each.result for each in await retrains(settings, bootstrap, symbol)}
    manager = ModelVersionManager()
    for each in sorted(await versions(settings, bootstrap, symbol), key=lambda version: version.ts_event):
        result = made.get((each.symbol, each.sha256))
        if result is None or result.candidate is None:
            continue
        status = "rejected" if each.status == "stopped" else each.status
        manager.keep(
            Version(
                SCHEMA,
                each.symbol,
                result.candidate,
                result.sha256,
                (VersionChange(each.ts_event, status, each.reason, each.command),),
                result.recipe,
                result.trained_from,
                result.trained_until,
                result.n_trained,
                result.metrics,
            )
        )
    return manager
