"""`tickloop models` and `tickloop audit` show what happened to models, and a running loop does what they ask for."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner

from agents.audit.versions import registry
from agents.cli import cli
from agents.config.settings import Settings
from agents.demo.drift_story import CONFIGURATION, SYMBOL, parameters
from agents.operations import topics
from agents.operations.system import wanted_topics
from schemas.codec import encode
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.retraining import RetrainFinished
from schemas.topics import PREDICTIONS, TICKS, TOPICS
from streams.sources.planted_signal import GradedMarket
from streams.topology import nodes
from tests.support.closed_loop_story import story
from tests.support.live_loop import LiveLoop

pytestmark = pytest.mark.broker


def point_at(monkeypatch: pytest.MonkeyPatch, settings: Settings, configuration: Path) -> None:
    configuration.write_text(CONFIGURATION)
    for name in ("bootstrap", "prefix", "partitions"):
        monkeypatch.setenv(f"TICKLOOP_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("TICKLOOP_CONFIG", str(configuration))


def tickloop(*words: str) -> str:
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


async def fill(settings: Settings, records: Iterable[Any]) -> None:
    of = {kind: topic for topic in TOPICS for kind in topic.records}
    await topics.apply(settings.bootstrap, wanted_topics(settings))
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap, acks="all") as producer:
        for record in records:
            topic = of[type(record)]
            key = record.key if topic.is_compacted else record.symbol.encode()
            await producer.send(settings.topic(topic.name), encode(record), key, partition=0)


def test_the_commands_show_the_versions_and_retrains_on_the_topics(
    bootstrap: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = story()
    settings = Settings(bootstrap=bootstrap, prefix=prefix, partitions=1)
    ours = [each for each in [*run.log, *run.asked, *run.records] if not hasattr(each, "action")]
    directives = [each for each in run.log if hasattr(each, "action")]
    asyncio.run(fill(settings, [*directives, *ours]))
    point_at(monkeypatch, settings, tmp_path / "tickloop.toml")

    listed = json.loads(tickloop("models", "list", SYMBOL, "--all", "--json"))
    statuses = {each["version"]: each["status"] for each in listed["versions"]}
    assert statuses[f"{SYMBOL}-sabotaged"] == "rolled_back"
    (champion,) = [name for name, status in statuses.items() if status == "champion"]
    assert "manual steps 2" in tickloop("models", "list", SYMBOL)

    explained = json.loads(tickloop("models", "why", SYMBOL, "--json"))
    assert explained["version"]["version"] == champion
    assert explained["manual_steps"] == 0
    said = tickloop("models", "why", SYMBOL)
    assert "manual steps: none" in said
    assert "worse than it expected of itself" in said

    shown = tickloop("models", "show", SYMBOL, champion)
    assert "passed  beats" in shown
    assert "trained on" in shown
    first, *_ = [each.result.candidate for each in run.of(RetrainFinished) if each.result.status == "candidate"]
    assert json.loads(tickloop("models", "show", SYMBOL, champion, "--json"))["retrain"]["result"]["sha256"]
    assert json.loads(tickloop("models", "diff", SYMBOL, first.version, first.version, "--json"))

    manager = asyncio.run(registry(settings, bootstrap, SYMBOL))
    live = manager.champion(SYMBOL)
    assert live is not None
    assert live.name == champion
    assert manager.lineage(SYMBOL, champion)[0] == champion
    assert manager.why(SYMBOL) == f"{champion} is live: {live.changes[-1].reason}"
    assert live.state.model == next(
        each.result.candidate.model
        for each in run.of(RetrainFinished)
        if each.result.candidate is not None and each.result.sha256 == live.sha256
    )

    prediction = next(each for each in run.of(OutcomeMatured)).prediction_id
    audited = json.loads(tickloop("audit", SYMBOL, "--prediction", prediction, "--json"))
    assert audited["ticks"] == sum(not hasattr(each, "action") for each in run.log)
    assert sum(audited["predictions"].values()) == len(run.of(Prediction))
    assert sum(audited["outcomes"].values()) == len(run.of(OutcomeMatured))
    assert audited["manual_steps"] == 2
    kinds = {each["kind"] for each in audited["links"]}
    assert kinds == {"window", "command", "job", "retrain", "decision", "directive"}
    life = audited["prediction"]
    assert life["tick"] == prediction
    assert life["outcome"]["prediction_id"] == prediction
    assert life["window"]["version"] == life["prediction"]["model_version"]
    assert "manual steps: 2" in tickloop("audit", SYMBOL)
    nothing = json.loads(tickloop("audit", SYMBOL, "--to", "2000-01-01", "--json"))
    assert (nothing["ticks"], nothing["links"]) == (0, [])

    wrong = CliRunner().invoke(cli, ["models", "show", SYMBOL, "nobody"])
    assert "expected a version of AAA (" in str(wrong.exception)
    assert "), was nobody; fix: `tickloop models list AAA`" in str(wrong.exception)
    absent = CliRunner().invoke(cli, ["audit", SYMBOL, "--prediction", "ticks:0:99999999"])
    assert "expected the id of a prediction" in str(absent.exception)


async def test_a_running_loop_carries_out_what_the_commands_ask_for(
    bootstrap: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.load({}, bootstrap=bootstrap, prefix=prefix, partitions=2, checkpoint_s=0.3)
    configuration = tmp_path / "tickloop.toml"
    point_at(monkeypatch, settings, configuration)
    good = next(each.result.candidate for each in story().of(RetrainFinished) if each.result.candidate)
    model = tmp_path / "model.json"
    model.write_bytes(encode(good))
    async with LiveLoop(nodes(parameters()), settings, bootstrap, tmp_path / "workers.log") as loop:
        loop.start(1, TICKLOOP_CONFIG=str(configuration))
        market = GradedMarket(SYMBOL, seed=7)
        await loop.publish([next(market) for _ in range(200)])
        await loop.until_stored(PREDICTIONS.name, 200)

        async def asked(*words: str) -> Any:
            return json.loads(await asyncio.to_thread(tickloop, *words, "--json", "--wait", "30"))

        begun = await asked("arm", "start", SYMBOL, "candidate-mine", "--model", str(model), "--from-nothing")
        assert {each["version"]: each["status"] for each in begun["versions"]}[good.version] == "shadow"
        pinned = await asked("models", "pin", SYMBOL, "--cause", "quarter end")
        assert [each["pinned"] for each in pinned["versions"]] == [True]
        promoted = await asked("models", "promote", SYMBOL, good.version)
        assert promoted["versions"][0]["status"] == "champion"
        back = await asked("models", "rollback", SYMBOL)
        assert [each["status"] for each in back["versions"]] == ["champion", "rolled_back"]
        job = await asked("models", "retrain", SYMBOL, "--cause", "a look")
        assert job["job"]["breach"]["trigger"] == "manual"
        assert job["job"]["withheld"] == ""
        directives = [each for each in await loop.stored(TICKS.name) if b'"directive"' in each.value]
        assert len(directives) == 3
        absent = await asyncio.to_thread(CliRunner().invoke, cli, ["models", "promote", SYMBOL, "nobody"])
        assert "expected a version of AAA that runs" in str(absent.exception)
