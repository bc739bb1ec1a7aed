"""The registry of model versions as it stands, and what every retrain came to."""

from contextlib import aclosing

from agents.clients.reader import read_blocks
from agents.settings import Settings
from schemas.codec import decoder
from schemas.models import ModelState
from schemas.retraining import RetrainFinished
from schemas.topics import CANDIDATES, MODEL_VERSIONS
from schemas.versions import ModelVersion
from streams.arms import LIVE


async def versions(settings: Settings, bootstrap: str, symbol: str | None = None) -> list[ModelVersion]:
    """Every version, of one symbol if one is given; of each symbol the live one first.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
    """
    decode = decoder(ModelVersion)
    found: dict[bytes, ModelVersion] = {}
    async with aclosing(read_blocks(bootstrap, settings.topic(MODEL_VERSIONS.name), until_end=True)) as blocks:
        async for block in blocks:
            for record in block:
                version = decode(record.value)
                if symbol in (None, version.symbol):
                    found[version.key] = version
    return sorted(found.values(), key=lambda version: (version.symbol, version.arm != LIVE))


async def retrains(settings: Settings, bootstrap: str, symbol: str | None = None) -> list[RetrainFinished]:
    """Every retrain that came to an end, of one symbol if one is given, in the order of event time.

    Raises:
        EnvironmentProblem: no cluster answers, or it has no such topic.
    """
    decode = decoder(RetrainFinished)
    found: dict[bytes, RetrainFinished] = {}
    async with aclosing(read_blocks(bootstrap, settings.topic(CANDIDATES.name), until_end=True)) as blocks:
        async for block in blocks:
            for record in block:
                finished: RetrainFinished = decode(record.value)
                if symbol in (None, finished.symbol):
                    found[finished.key] = finished
    return sorted(found.values(), key=lambda finished: (finished.symbol, finished.ts_event))


async def models_of_the_pool(settings: Settings, bootstrap: str, symbol: str, most: int = 6) -> list[ModelState]:
    """Models of a symbol's versions that were live and run no more: the knowledge that is kept, the latest last."""
    frozen = [each for each in await versions(settings, bootstrap, symbol) if each.status == "frozen"]
    states = {
        finished.result.sha256: finished.result.candidate for finished in await retrains(settings, bootstrap, symbol)
    }
    kept = sorted(frozen, key=lambda version: version.ts_event)[-most:]
    return [state for version in kept if (state := states.get(version.sha256)) is not None]
