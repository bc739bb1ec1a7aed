"""The registry of model versions as it stands, and what every retrain came to."""

from contextlib import aclosing
from typing import Any

from agents.clients.readable import Readable
from agents.clients.reader import read_blocks
from agents.settings import Settings
from schemas.retraining import RetrainFinished
from schemas.topics import CANDIDATES, MODEL_VERSIONS, Topic
from schemas.versions import ModelVersion
from streams.market.arms import LIVE
from streams.retraining.versions import SCHEMA, Change, ModelVersionManager, Version


async def versions(settings: Settings, bootstrap: str, symbol: str | None = None) -> list[ModelVersion]:
    """Every version, of one symbol if one is given; of each symbol the live one first.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
    """
    found = await _newest(settings, bootstrap, MODEL_VERSIONS, symbol)
    return sorted(found, key=lambda version: (version.symbol, version.arm != LIVE))


async def retrains(settings: Settings, bootstrap: str, symbol: str | None = None) -> list[RetrainFinished]:
    """Every retrain that came to an end, of one symbol if one is given, in the order of event time.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
    """
    found = await _newest(settings, bootstrap, CANDIDATES, symbol)
    return sorted(found, key=lambda finished: (finished.symbol, finished.ts_event))


async def _newest(settings: Settings, bootstrap: str, topic: Topic, symbol: str | None) -> list[Any]:
    """The newest record of each key of a compacted topic."""
    readable = Readable(topic)
    found = {}
    async with aclosing(read_blocks(bootstrap, settings.topic(topic.name), until_end=True)) as blocks:
        async for block in blocks:
            for record in map(readable, block):
                if record is not None and symbol in (None, record.symbol):
                    found[record.key] = record
    return list(found.values())


async def registry(settings: Settings, bootstrap: str, symbol: str | None = None) -> ModelVersionManager:
    """The versions on the topics as a manager: states checked against their hashes, lineage, pool, who is live and why.

    It holds the versions that retrains have made; of the topic, which is compacted, each has its last change. What it
    is told to change stays in it: live, `tickloop models` asks the lifecycle node.

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
                (Change(each.ts_event, status, each.reason, each.command),),
                result.recipe,
                result.trained_from,
                result.trained_until,
                result.n_trained,
                result.metrics,
            )
        )
    return manager
