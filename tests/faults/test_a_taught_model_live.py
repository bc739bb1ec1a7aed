"""The whole life of a River model on Kafka, its retrain included, with workers and the retrainer killed on the way.

The model starts in shadow, wins its test, goes live, is taught anew after the market turned over, wins again, goes
live again, and is taken back.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.audit.versions import versions
from agents.commands import requests
from agents.config.settings import Settings
from agents.demo import drift_story
from agents.operations.verification import verify
from schemas.alerts import Alert
from schemas.commands import RollBack, StartVariant
from schemas.experiments import ExperimentDecided
from schemas.models import RiverState
from schemas.outcomes import OutcomeMatured
from schemas.retraining import RetrainFinished, RetrainingResult
from schemas.topics import ALERTS, CANDIDATES, EXPERIMENT_DECISIONS, OUTCOMES
from streams.parameters import load_parameters
from streams.topology import nodes
from tests.support.live_commands import everything
from tests.support.live_loop import LiveLoop
from tests.support.model_life import PATIENCE_S, SYMBOL, Life, verdicts
from tests.support.places import ROOT

pytestmark = [pytest.mark.broker, pytest.mark.faults, pytest.mark.timeout(300)]

MODEL = "deep"
CONFIGURATION = (
    drift_story.CONFIGURATION.replace("min_samples_for_retrain = 400", "min_samples_for_retrain = 1_000_000")
    .replace("learning_rate = 0.002", "learning_rate = 0.0001\nprior = {}")
    .replace("learning_rate = 0.2\n", "learning_rate = 0.0001\n")
    .replace("labels = 4_000", "labels = 500")
    .replace("run = 2_000.0\n", "run = 1e9\ncalibration = 0.0\n")
    .replace("share = 0.0\nprior = {signed_logistic = 1.0", "rate = 1e-6\nshare = 0.0\nprior = {signed_logistic = 1e3")
    + f"""
[retraining.models]
least_labels = 150
prior = 1e6

[market.models.{MODEL}]
kind = "river"
model = "naive_bayes.GaussianNB"
features = ["queue_imbalance"]
"""
)
"""Weights of experts stay as they begin. By far the largest is that of the logistic regression, which knows nothing.

So an arm in which the model of River leads has all the skill. No retrain begins by itself, and the watch over winners
alarms so late that the first one is still live when the retrained one takes its place.
"""

ARM, VERSION = "candidate-first", "deep-1"
LEADS: dict[str, Any] = {"mixture": {"prior": {"signed_logistic": 0.02}}}
FEED = 16_000


@contextmanager
def retrainer(loop: LiveLoop, configuration: Path, log: Path) -> Iterator[None]:
    """A process that trains, killed at the end of the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "agents.cli", "retrainer"],
            cwd=ROOT,
            env=loop.environment(TICKLOOP_CONFIG=str(configuration)),
            stdout=output,
            stderr=output,
        )
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def until_there(loop: LiveLoop, topic: str, kind: Any, wanted: Any) -> Any:
    """Wait until a topic holds a record that is wanted, and return it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = [each for each in await everything(loop, topic, kind) if wanted(each)]
            if found:
                return found[0]
            await asyncio.sleep(0.2)


async def retrained(life: Life, loop: LiveLoop, configuration: Path, log: Path) -> RetrainingResult:
    """Ask for a retrain, kill the worker and, in the middle of the training, the retrainer; return the result."""
    with retrainer(loop, configuration, log):
        await life.send(requests.retrain("again", SYMBOL, "the market turned over").dated(1))
        life.kill()
        await until_there(loop, ALERTS.name, Alert, lambda alert: alert.kind == "retrain_started")
    with retrainer(loop, configuration, log):
        finished = await until_there(loop, CANDIDATES.name, RetrainFinished, lambda each: each.result.job_id == "again")
        result: RetrainingResult = finished.result
        return result


async def test_a_river_model_is_taught_anew_after_a_turn_wins_goes_live_and_is_taken_back(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    configuration = tmp_path / "tickloop.toml"
    configuration.write_text(CONFIGURATION)
    settings = Settings.load({}, prefix=prefix, partitions=1, checkpoint_s=0.3, session_timeout_s=4.0)
    loop_nodes = nodes(load_parameters(msgspec.toml.decode(CONFIGURATION)))
    decisions = (EXPERIMENT_DECISIONS.name, ExperimentDecided)
    async with LiveLoop(loop_nodes, settings, bootstrap, tmp_path / "workers.log") as loop:
        life = Life(loop, configuration, FEED)
        await life.feed(500)
        await life.ask(StartVariant("start", SYMBOL, 1, ARM, "a test", LEADS, version=VERSION))
        await life.until(*decisions, lambda found: f"{ARM} promoted" in verdicts(found), 500)

        # What it learned is wrong now, and it unlearns slowly: retrained, it knows only what came since.
        life.market.inverted = False
        await life.feed(1_400)
        result = await retrained(life, loop, configuration, tmp_path / "retrainer.log")
        assert (result.status, result.recipe, result.parent) == ("candidate", MODEL, VERSION), result.sentence
        assert result.candidate is not None
        assert result.candidate.expert
        assert result.candidate.expert.name == MODEL
        assert isinstance(result.candidate.expert.model, RiverState)
        assert result.candidate.expert.model.n_seen == 500
        again = result.candidate.version
        await life.feed(300)
        life.kill()
        found = await life.until(
            *decisions, lambda found: len([v for v in verdicts(found) if "promoted" in v]) == 2, 500
        )
        (arm,) = {each.experiment for each in found} - {ARM}
        assert {f"{arm} winner", f"{arm} promoted"} <= set(verdicts(found))
        await life.feed(200)
        await life.ask(RollBack("back", SYMBOL, 1, "a test", version=again))
        await life.feed(200)
        await loop.until_caught_up()

        statuses = {each.version: each.status for each in await versions(settings, bootstrap)}
        assert (statuses[VERSION], statuses[again]) == ("champion", "rolled_back")
        outcomes = {each.id: each for each in await everything(loop, OUTCOMES.name, OutcomeMatured)}.values()
        assert [version for version, _ in groupby(each.arms[0].model_version for each in outcomes)][1:4] == [
            VERSION, again, VERSION,
        ]  # fmt: skip
        live = [each for each in outcomes if each.arms[0].model_version == again]
        assert len(live) > 50
        assert {each.arms[0].strategy for each in live} == {MODEL}
        # It had an opinion from its first prediction in shadow on: a model that was taught nothing says one half.
        (first, *_) = [arm.probability for each in outcomes for arm in each.arms if arm.model_version == again]
        assert abs(first - 0.5) > 0.01

        # Kills changed nothing.
        verdict = await loop.verdict()
        assert verdict.is_exact, verdict
        verified = await verify(settings, bootstrap, loop_nodes, 30.0, lambda sentence, done, total: None)
        assert verified.verdict == "same", verified
