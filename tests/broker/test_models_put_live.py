"""A model from an ONNX file comes into a running system, goes live and is rolled back, while workers are killed."""

import asyncio
import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agents.cli import cli
from agents.config.settings import Settings
from agents.identity.computing import configured_identity
from agents.operations.verification import verify
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive
from schemas.topics import OUTCOMES, PREDICTIONS, TICKS
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from tests.support.live_commands import everything
from tests.support.live_loop import LiveLoop
from tests.support.onnx_files import FEATURES, logistic

pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.broker

SYMBOL = "SYN1"
TICKS_EACH = 900


async def test_a_model_from_a_file_lives_its_whole_life_though_workers_are_killed(
    bootstrap: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.load({}, prefix=prefix, partitions=2, checkpoint_s=0.4)
    for name, value in {"BOOTSTRAP": bootstrap, "PREFIX": prefix, "PARTITIONS": "2", "CONFIG": ""}.items():
        monkeypatch.setenv(f"TICKLOOP_{name}", value)
    file = tmp_path / "forest.onnx"
    file.write_bytes(logistic(metadata={"features": ",".join(FEATURES)}))
    loop = LiveLoop(nodes(Parameters()), settings, bootstrap, tmp_path / "workers.log")
    feed = synthetic_market(6, (SYMBOL,))

    async def tickloop(*words: str) -> Any:
        done = await asyncio.to_thread(CliRunner().invoke, cli, [*words, "--json"])
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.output)

    published = 0

    async def asked(*words: str) -> Any:
        """Give a command that is answered, and kill the worker; then publish, and kill the next one on the way."""
        nonlocal published
        answer = await tickloop(*words, "--wait", "60")
        loop.kill(1)
        loop.start(1)
        await loop.publish(islice(feed, TICKS_EACH))
        await loop.until_stored(PREDICTIONS.name, published + TICKS_EACH // 3)
        published += TICKS_EACH
        loop.kill(1)
        loop.start(1)
        await loop.until_caught_up()
        return answer

    async with loop:
        loop.start(1)
        published = TICKS_EACH
        await loop.publish(islice(feed, TICKS_EACH))
        await loop.until_caught_up()
        put = await asked("models", "put", SYMBOL, str(file), "--alone", "--yes")
        version = put["sent"]["versions"][0]["version"]
        assert version == f"forest-{put['model']['sha256'][:8]}"
        await asked("models", "promote", SYMBOL, version)
        back = await asked("models", "rollback", SYMBOL)
        assert [each["status"] for each in back["versions"]] == ["champion", "rolled_back"]

        verdict = await loop.verdict()
        assert verdict.is_exact, verdict
        verified = await verify(
            settings, bootstrap, nodes(Parameters()), 60.0, lambda sentence, done, total: None, configured_identity()
        )
        assert verified.verdict == "same", verified
        ticks = await everything(loop, TICKS.name, TICKS.record)
        predictions = await once(loop, PREDICTIONS.name, Prediction)
        outcomes = await once(loop, OUTCOMES.name, OutcomeMatured)
        predicted = Counter(each.id for each in predictions)
        assert sum(not isinstance(each, Directive) for each in ticks) == len(predicted)
        answered = Counter(each.prediction_id for each in outcomes)
        assert set(predicted.values()) == set(answered.values()) == {1}
        assert answered.keys() <= predicted.keys()
        spoken = [each for each in predictions if each.model_version == version]
        assert spoken
        assert all("failed" not in each.reason for each in predictions)
        builtin = put["parent"]
        changes = [each.model_version for each in predictions]
        assert [name for at, name in enumerate(changes) if changes[at - 1 : at] != [name]] == [
            builtin,
            version,
            builtin,
        ]
        beside = [each for each in outcomes if len(each.arms) == 2]
        assert {each.arms[0].model_version for each in beside} == {builtin, version}
        assert {arm.model_version for each in beside for arm in each.arms} == {builtin, version}


async def once(loop: LiveLoop, topic: str, record: Any) -> list[Any]:
    """Records of a topic as readers get them: what a worker wrote again after a kill is dropped by its id."""
    found: dict[str, Any] = {}
    for each in await everything(loop, topic, record):
        assert found.setdefault(each.id, each) == each
    return list(found.values())
