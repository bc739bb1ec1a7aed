"""Runs `tickloop experiment` in a process, and reads topics to their end, in tests on a live loop."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from schemas.codec import decoder
from tests.support.live_loop import LiveLoop


async def everything(loop: LiveLoop, topic: str, record: Any) -> list[Any]:
    decode = decoder(record)
    return [decode(stored.value) for stored in await loop.stored(topic)]


async def tickloop(loop: LiveLoop, configuration: Path, *arguments: str, key: str = "") -> str:
    environment = os.environ | {
        "TICKLOOP_DIRECTIVE_KEY": key,
        "TICKLOOP_BOOTSTRAP": loop.bootstrap,
        "TICKLOOP_PREFIX": loop.settings.prefix,
        "TICKLOOP_PARTITIONS": str(loop.settings.partitions),
        "TICKLOOP_CONFIG": str(configuration),
    }
    command = (sys.executable, "-m", "agents.cli", "experiment", *arguments)
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()
