"""The whole life of a version with a further model on Kafka, with workers killed at every step of it.

The version starts in shadow, wins its test, goes live, is replaced by a bad one without a test, and comes back.
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.audit.versions import versions
from agents.config.settings import Settings
from agents.demo import drift_story
from agents.operations.verification import verify
from schemas.codec import decoder
from schemas.commands import Command, PromoteVariant, Retrain, RollBack, StartVariant
from schemas.experiments import ExperimentDecided
from schemas.models import ExpertModel, ModelState, OwnState, TreesState
from schemas.outcomes import OutcomeMatured
from schemas.ticks import Directive
from schemas.topics import COMMANDS, EXPERIMENT_DECISIONS, OUTCOMES, PREDICTIONS, TICKS
from streams.engine.node import Node, following
from streams.engine.replay import SourceRecord, by_topic, replay
from streams.market.models.own import MODELS
from streams.parameters import load_parameters
from streams.topology import nodes
from tests.support.live_commands import everything
from tests.support.live_loop import LiveLoop
from tests.support.model_life import SYMBOL, Life, verdicts

pytestmark = [pytest.mark.broker, pytest.mark.faults, pytest.mark.timeout(300)]

CONFIGURATION = drift_story.CONFIGURATION.replace(
    "min_samples_for_retrain = 400", "min_samples_for_retrain = 1_000_000"
)
"""The live model believes in the imbalance of the book, learns slowly, and is never retrained."""

PLUGIN = "tests.support.leaning"
OWN = CONFIGURATION + f'\n[plugins]\nmodules = ["{PLUGIN}"]\n'
"""The same with a plug-in that brings a model."""

ARM, BAD = "candidate-deep", "candidate-bad"
"""Names of candidates, so that they are tested by `[retraining.trial]`, promoted and watched without a person."""

VERSION, BAD_VERSION = "deep-1", "bad-1"
LEADS: dict[str, Any] = {"mixture": {"prior": {"signed_logistic": 0.02}}}
"""The further model has nearly all of the weight."""


def ensemble(sign: float) -> TreesState:
    """Two trees on the imbalance of the book; with the sign 1 they say that the price goes the other way."""
    return TreesState(
        features=("queue_imbalance",),
        roots=(0, 2),
        feature=(0, 0, 0),
        threshold=(0.0, -0.5, 0.5),
        left=(1, -1, -4),
        right=(-3, -2, -5),
        leaves=(1.5 * sign, 0.5 * sign, -0.5 * sign, 0.5 * sign, -1.0 * sign),
        n_seen=1_000,
    )


@pytest.fixture
def plugin() -> Iterator[None]:
    """Register the plug-in's model in this process, for the replay, and remove it after the test."""
    import_module(PLUGIN)
    yield
    del MODELS["leaning"], sys.modules[PLUGIN]


def started(kind: str) -> StartVariant:
    """The command that starts the version: with a declared model of River, or with one that it brings."""
    common: dict[str, Any] = {"id": "start", "symbol": SYMBOL, "ts_event": 1, "arm": ARM, "cause": "a test"}
    if kind == "river":
        forest = {"kind": "river", "model": "naive_bayes.GaussianNB", "features": ["queue_imbalance"]}
        overrides = {**LEADS, "models": {"deep": forest}}
        return StartVariant(**common, overrides=overrides, from_live=True, version=VERSION)
    learned = msgspec.msgpack.encode({"means": [-0.3]})
    state = OwnState(("queue_imbalance",), "leaning", learned, 1_000) if kind == "own" else ensemble(1.0)
    brought = ModelState(VERSION, None, expert=ExpertModel("deep", state))
    return StartVariant(**common, overrides=LEADS, from_live=True, model=brought)


SABOTAGE = StartVariant(
    "sabotage",
    SYMBOL,
    1,
    BAD,
    "a test",
    LEADS,
    model=ModelState(BAD_VERSION, None, expert=ExpertModel("bad", ensemble(-1.0))),
)


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("kind", ["river", "trees", "own"])
async def test_a_further_model_wins_goes_live_is_sabotaged_and_comes_back_to_the_same_bytes(
    kind: str, bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    configuration = tmp_path / "tickloop.toml"
    text = OWN if kind == "own" else CONFIGURATION
    configuration.write_text(text)
    settings = Settings.load({}, prefix=prefix, partitions=1, checkpoint_s=0.3, session_timeout_s=4.0)
    loop_nodes = nodes(load_parameters(msgspec.toml.decode(text)))
    decisions = (EXPERIMENT_DECISIONS.name, ExperimentDecided)
    async with LiveLoop(loop_nodes, settings, bootstrap, tmp_path / "workers.log") as loop:
        life = Life(loop, configuration)
        await life.feed(500)
        await life.ask(started(kind))
        await life.feed(1_200)
        life.kill()
        await life.until(*decisions, lambda found: f"{ARM} winner" in verdicts(found), 500)
        await life.until(*decisions, lambda found: f"{ARM} promoted" in verdicts(found), 200)

        await life.ask(SABOTAGE)
        await life.feed(100)
        await life.ask(PromoteVariant("force", SYMBOL, 1, BAD, "a test"))
        await life.feed(200)
        life.kill()
        await life.until(*decisions, lambda found: f"{BAD} rolled_back" in verdicts(found), 200)
        await life.feed(300)
        await loop.until_caught_up()

        # The model leads wherever its version is live, and the outcomes name its opinion and its weight.
        outcomes = {each.id: each for each in await everything(loop, OUTCOMES.name, OutcomeMatured)}
        of_version = [each for each in outcomes.values() if each.arms[0].model_version == VERSION]
        assert {each.arms[0].strategy for each in of_version} == {"deep"}
        assert all("deep" in each.experts and "bad" not in each.experts for each in of_version)
        of_bad = [each for each in outcomes.values() if each.arms[0].model_version == BAD_VERSION]
        assert all("bad" in each.experts and "deep" not in each.experts for each in of_bad)
        assert len(of_bad) > 100
        assert {name for each in outcomes.values() for name in each.weights} >= {"deep", "bad"}
        commands = {each.id: each for each in await everything(loop, COMMANDS.name, Command)}
        changes = [type(each) for each in commands.values() if not isinstance(each, Retrain)]
        assert changes == [StartVariant, PromoteVariant, StartVariant, PromoteVariant, RollBack]
        statuses = {each.version: each.status for each in await versions(settings, bootstrap)}
        assert (statuses[VERSION], statuses[BAD_VERSION]) == ("champion", "rolled_back")

        # Kills changed nothing.
        verdict = await loop.verdict()
        assert verdict.is_exact, verdict
        verified = await verify(settings, bootstrap, loop_nodes, 30.0, lambda sentence, done, total: None)
        assert verified.verdict == "same", verified

        # What the version says after the roll-back is what it would have said without the sabotage.
        source = [SourceRecord(*record) for record in await loop.stored(TICKS.name)]
        back = predictions_after_the_return(loop_nodes, source, without_sabotage=False)
        assert len(back) > 250
        undisturbed = predictions_after_the_return(loop_nodes, source, without_sabotage=True)
        assert len(undisturbed) == len(back)
        apart = [pair for pair in zip(undisturbed, back, strict=True) if pair[0] != pair[1]]
        of_log = [(each.partition, each.offset, each.key, each.value) for each in source]
        if apart:
            (tmp_path / "ticks.json").write_bytes(msgspec.json.encode(of_log))
        assert not apart, f"{len(apart)} of {len(back)}, the log is in {tmp_path}: {apart[0]}"


def predictions_after_the_return(
    loop_nodes: list[Node[Any]], source: list[SourceRecord], without_sabotage: bool
) -> list[bytes]:
    """Predictions by the version behind the last directive, by a replay that leaves the sabotage out or not."""
    decode = decoder(TICKS.record)
    ticks = [(record, decode(record.value)) for record in source]
    directives = [each for each in ticks if isinstance(each[1], Directive)]
    last = directives[-1][0].offset
    ids = list(dict.fromkeys(each.id for _, each in directives))
    of_sabotage = ids[ids.index("sabotage") :]
    kept = [
        record
        for record, tick in ticks
        if not (without_sabotage and isinstance(tick, Directive) and tick.id in of_sabotage)
    ]
    written = by_topic(replay(following(loop_nodes, loop_nodes[0].source), kept))[PREDICTIONS.name]
    predicted = decoder(PREDICTIONS.record)
    found = [(value, predicted(value)) for _, _, value in written]
    return [value for value, each in found if each.model_version == VERSION and int(each.id.split(":")[2]) > last]
