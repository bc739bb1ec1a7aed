"""The registry of model versions as it stands: the newest record of every symbol and version."""

from contextlib import aclosing

from agents.clients.reader import read_blocks
from agents.settings import Settings
from schemas.codec import decoder
from schemas.topics import MODEL_VERSIONS
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
