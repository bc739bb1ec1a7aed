"""A second model version is started, made live and rolled back by command, while workers are killed."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from agents.audit.versions import versions
from agents.commands.commander import commander
from agents.config.settings import Settings
from agents.operations.recompute import recompute
from schemas.codec import decoder
from schemas.commands import Command, PromoteVariant, RollBack, StartVariant
from schemas.ticks import Directive
from schemas.topics import COMMANDS, MODEL_VERSIONS, OUTCOMES, PREDICTIONS, TICKS
from streams.engine.replay import SourceRecord, by_topic, replay
from streams.lifecycle.node import LifecycleNode
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from tests.support.live_loop import POLL_S, LiveLoop, Stored, compare

pytestmark = pytest.mark.broker

SYMBOL = "SYN1"
RATE = 600.0
OVERRIDES: dict[str, Any] = {"sizing": {"kelly_fraction": 0.01}, "confidence": {"calibrator": "bins"}}


class Story:
    """Sends commands to a live loop, and waits for their effects on the topics."""

    def __init__(self, loop: LiveLoop) -> None:
        self.loop = loop

    async def ask(self, command: Command, times: int = 1) -> int:
        """Send a command, kill the worker at once, and start the next one; return the partition of the symbol.

        Args:
            command: command about the test's symbol.
            times: how often it is sent.
        """
        async with commander(self.loop.settings, self.loop.bootstrap) as client:
            place = await client.place_of(SYMBOL)
            assert place.ts_event > 0
            for _ in range(times):
                await client.put(replace(command, ts_event=place.ts_event), place.partition)
        self.loop.kill(1)
        self.loop.start(1)
        return place.partition

    async def until(self, topic: str, seen: Callable[[Any], bool]) -> Any:
        """Wait for the first record of the test's symbol on a topic that satisfies `seen`, and return it."""
        decode = decoder({"predictions": PREDICTIONS, "outcomes": OUTCOMES}[topic].record)
        async with asyncio.timeout(90):
            while True:
                for stored in await self.loop.stored(topic):
                    if stored.key == SYMBOL.encode() and seen(record := decode(stored.value)):
                        return record
                await asyncio.sleep(POLL_S)


def directives(ticks: list[Stored]) -> list[tuple[int, Directive]]:
    decode = decoder(TICKS.record)
    decoded = [(stored.partition, decode(stored.value)) for stored in ticks]
    return [(partition, record) for partition, record in decoded if isinstance(record, Directive)]


async def test_a_version_is_started_promoted_and_rolled_back_though_workers_are_killed(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    settings = Settings.load({}, prefix=prefix, partitions=2, checkpoint_s=0.4)
    loop = LiveLoop(nodes(Parameters()), settings, bootstrap, tmp_path / "workers.log")
    async with loop:
        story = Story(loop)
        loop.start(1)
        async with loop.market(synthetic_market(6, ("SYN0", SYMBOL)), ticks=0, rate=RATE):
            first = await story.until("outcomes", lambda outcome: True)
            builtin = first.arms[0].model_version

            start = StartVariant("start", SYMBOL, 1, "bold", "test", OVERRIDES, from_live=True)
            home = await story.ask(start, times=2)
            beside = await story.until("outcomes", lambda outcome: len(outcome.arms) == 2)
            assert [(arm.arm, arm.model_version) for arm in beside.arms] == [("live", builtin), ("bold", "bold-1")]

            await story.ask(PromoteVariant("promote", SYMBOL, 1, "bold", "test"))
            spoken = await story.until("predictions", lambda prediction: prediction.model_version == "bold-1")
            await story.ask(RollBack("back", SYMBOL, 1, "test"))
            await story.until(
                "predictions",
                lambda prediction: prediction.ts_event > spoken.ts_event and prediction.model_version == builtin,
            )
        await loop.until_caught_up()

        verdict = await loop.verdict()
        assert verdict.is_exact, verdict
        ticks = await loop.stored(TICKS.name)
        written = directives(ticks)
        assert {partition for partition, _ in written} == {home}
        once = {directive.id: directive for _, directive in written}
        assert list(once) == ["start", "promote", "back"]
        # A kill may have the same directive written again, byte for byte; never another one under its id.
        assert all(directive == once[directive.id] for _, directive in written)

        commands = [SourceRecord(*record) for record in await loop.stored(COMMANDS.name)]
        assert len(commands) == 4
        expected = by_topic(replay(LifecycleNode(), commands))
        assert compare(
            MODEL_VERSIONS.name, await loop.stored(MODEL_VERSIONS.name), expected[MODEL_VERSIONS.name]
        ).is_exact
        registry = {version.version: version.status for version in await versions(settings, bootstrap)}
        assert registry == {"bold-1": "rolled_back", builtin: "champion"}

        assert await loop.stop(1) == 0
        names = await recompute(settings, bootstrap)
        assert not {prefix + topic.name for topic in (TICKS, COMMANDS, MODEL_VERSIONS)} & set(names)
        loop.start(1)
        await loop.until_caught_up()
        assert (await loop.verdict()).is_exact
        assert len(await loop.stored(TICKS.name)) == len(ticks), "directives that lie in the ticks were written again"
        async with commander(settings, bootstrap) as client:
            _, answer = await client.put(PromoteVariant("again", SYMBOL, 1, "bold-1", "test"), home, patience_s=30.0)
        assert [(told.version, told.status) for told in answer.versions] == [
            ("bold-1", "champion"),
            (builtin, "shadow"),
        ]
