"""A worker that lacks onnxruntime stops with a sentence instead of computing something else."""

from itertools import islice
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from agents.commands.commander import commander
from agents.config.settings import Settings
from agents.kafka import clients
from agents.runtime.crash import EXIT_CRASHED, EXIT_STATE
from schemas.commands import StartVariant
from schemas.models import ExpertModel, ModelState, OnnxState
from schemas.ticks import Directive
from schemas.topics import PREDICTIONS, TICKS
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from tests.support.live_loop import LiveLoop, Stored
from tests.support.onnx_files import FEATURES, logistic

pytest.importorskip("onnxruntime")
pytestmark = [pytest.mark.broker, pytest.mark.faults, pytest.mark.timeout(120)]

SYMBOL = "SYN1"
PATIENCE_S = 60.0
SENTENCE = "expected onnxruntime for a model of kind onnx, it is not installed; fix: pip install 'tickloop[onnx]'"
MODEL = ModelState("net-1", None, expert=ExpertModel("net", OnnxState(FEATURES, logistic())))
START = StartVariant("start", SYMBOL, 1, "net", "a test", model=MODEL, from_live=True)

BROKEN = "import sys\nsys.modules['onnxruntime'] = None\n"
"""What Python runs first: onnxruntime is installed, but cannot be imported."""

GONE = f"""{BROKEN}
import importlib.metadata as metadata
found = metadata.version
def version(name):
    if name == "onnxruntime":
        raise metadata.PackageNotFoundError(name)
    return found(name)
metadata.version = version
"""
"""Likewise, and it is not installed."""


def without(folder: Path, text: str) -> dict[str, str]:
    """Environment of a worker whose Python runs a text first."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(text)
    return {"PYTHONPATH": str(folder)}


async def written(loop: LiveLoop, records: list[Stored]) -> None:
    """Write records to the ticks of another deployment, at the same offsets."""
    async with clients.producer(loop.bootstrap, linger_ms=5) as producer:
        for each in records:
            await producer.send_and_wait(loop.settings.topic(TICKS.name), each.value, each.key, partition=0)


async def ask(loop: LiveLoop) -> None:
    """Start the version, and wait until the worker has answered."""
    async with commander(loop.settings, loop.bootstrap) as client:
        place = await client.place_of(SYMBOL)
        assert (await client.put(replace(START, ts_event=place.ts_event), place.partition, PATIENCE_S))[1].versions


async def test_a_worker_without_onnxruntime_stops_at_such_a_model_in_its_log_and_in_its_snapshots(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    settings = Settings.load({}, prefix=prefix, partitions=1, checkpoint_s=0.3, session_timeout_s=4.0)
    feed = synthetic_market(6, (SYMBOL,))
    async with LiveLoop(nodes(Parameters()), settings, bootstrap, tmp_path / "workers.log") as loop:
        loop.start(1)
        await loop.publish(islice(feed, 300))
        await loop.until_caught_up()
        await ask(loop)
        await loop.publish(islice(feed, 300))
        await loop.until_caught_up()
        assert await loop.stop(1) == 0
        log = await loop.stored(TICKS.name)

        # The snapshots hold the model: where the library is gone the code is another, where it is broken it is not.
        loop.start(2, **without(tmp_path / "gone", GONE))
        assert await loop.end(2) == EXIT_STATE
        assert "library onnxruntime (was " in loop.log(2)
        loop.start(3, **without(tmp_path / "broken", BROKEN))
        assert await loop.end(3) == EXIT_CRASHED
        assert f"stopping at once: {SENTENCE}" in loop.log(3)
        loop.start(1)
        await loop.publish(islice(feed, 100))
        await loop.until_caught_up()
        assert (await loop.verdict()).is_exact

    decode = msgspec.json.Decoder(Directive).decode
    (start,) = [each.offset for each in log if b'"directive"' in each.value and decode(each.value).id == START.id]
    other = Settings.load({}, prefix=f"{prefix}b", partitions=1, checkpoint_s=0.3, session_timeout_s=4.0)
    async with LiveLoop(nodes(Parameters()), other, bootstrap, tmp_path / "others.log") as loop:
        await written(loop, log)
        loop.start(1, **without(tmp_path / "in-the-log", GONE))
        assert await loop.end(1) == EXIT_CRASHED
        assert f"stopping at once: {SENTENCE}" in loop.log(1)
        answers = [msgspec.json.decode(each.value)["id"] for each in await loop.stored(PREDICTIONS.name)]
        assert all(int(each.split(":")[2]) < start for each in answers)
