"""A market fed in portions to a worker that dies between commands, for tests of the life of a model on Kafka."""

import asyncio
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from agents.commands.commander import commander
from agents.demo import drift_story
from schemas.experiments import ExperimentDecided
from schemas.ticks import Directive, Tick
from schemas.topics import TICKS
from streams.sources.planted_signal import GradedMarket
from tests.support.live_commands import everything
from tests.support.live_loop import LiveLoop

SYMBOL = drift_story.SYMBOL
PATIENCE_S = 60.0
FEED = 9_000


class Life:
    """The market of the test, fed in portions, and the commands of a person; workers are killed on the way.

    Args:
        loop: topics and workers.
        configuration: file of the workers.
        most: largest number of ticks that are fed.

    Attributes:
        market: the market; it moves against the imbalance of the book until `inverted` is set to False.
    """

    def __init__(self, loop: LiveLoop, configuration: Path, most: int = FEED) -> None:
        self._loop, self._most = loop, most
        self._worker = {"TICKLOOP_CONFIG": str(configuration)}
        self.market = GradedMarket(SYMBOL, seed=7)
        self.market.inverted = True
        self._fed = 0
        loop.start(1, **self._worker)

    async def feed(self, ticks: int) -> None:
        await self._loop.publish(islice(self.market, ticks))
        self._fed += ticks

    def kill(self) -> None:
        """Kill the worker and start the next one."""
        self._loop.kill(1)
        self._loop.start(1, **self._worker)

    async def ask(self, command: Any) -> None:
        """Send a command, kill the worker at once, and wait until the next one has written the directive."""
        await self.send(command)
        self.kill()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                ticks = await everything(self._loop, TICKS.name, Tick)
                if any(isinstance(each, Directive) and each.id == command.id for each in ticks):
                    return
                await asyncio.sleep(0.2)

    async def send(self, command: Any) -> None:
        """Send a command once the worker has caught up, dated by the symbol's last prediction."""
        await self._loop.until_caught_up()
        async with commander(self._loop.settings, self._loop.bootstrap) as client:
            place = await client.place_of(SYMBOL)
            await client.put(replace(command, ts_event=place.ts_event), place.partition)

    async def until(self, topic: str, kind: Any, seen: Callable[[list[Any]], bool], portion: int) -> list[Any]:
        """Feed portions of ticks until the records of a topic satisfy `seen`; return them."""
        while True:
            found = list({each.id: each for each in await everything(self._loop, topic, kind)}.values())
            if seen(found):
                return found
            assert self._fed < self._most, f"{self._fed} ticks, {topic}: {found[-3:]}"
            await self.feed(portion)
            await self._loop.until_caught_up()


def verdicts(decided: list[ExperimentDecided]) -> list[str]:
    """Experiments and their verdicts, as `NAME VERDICT`."""
    return [f"{each.experiment} {each.verdict}" for each in decided]
