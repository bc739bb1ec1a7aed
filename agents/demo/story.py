"""What the stories of the demo share: a market, supervised processes, topics that are read as they grow."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from rich.console import Console

from agents.clients.pace import Pace
from agents.clients.publisher import publish
from agents.clients.reader import read_blocks
from agents.config.settings import Settings
from agents.demo.membership import wait_for_workers
from agents.demo.scenes import end, environment
from agents.operations import topics
from agents.operations.supervisor import Supervisor
from agents.operations.system import wanted_topics
from agents.process.background import ungrouped
from agents.process.waiting import waiting_for
from schemas.codec import decoder
from schemas.errors import TickloopError
from schemas.predictions import Prediction
from schemas.topics import PREDICTIONS, TICKS, Topic

LINE_S = 3.0

Say = Callable[[str], None]
Summary = TypeVar("Summary")


class TopicsSoFar:
    """What the topics have told so far; each story keeps of a record what it is about.

    Args:
        patience_s: how long anything that is waited for may take, seconds.

    Attributes:
        predicted: predictions that were read.
        versions: that made them, one after the other.
        changed: set by whatever is read.
    """

    def __init__(self, patience_s: float) -> None:
        self.predicted = 0
        self.versions: list[str] = []
        self.changed = asyncio.Event()
        self._patience_s = patience_s

    def predict(self, prediction: Prediction) -> None:
        """Take a prediction."""
        self.predicted += 1
        if self.versions[-1:] != [prediction.model_version]:
            self.versions.append(prediction.model_version)

    def take(self, record: Any, timestamp_ms: int, say: Say) -> None:
        """Take a record of any topic but `predictions`, with the broker's time."""
        raise NotImplementedError

    def line(self) -> str:
        """How it stands, in a line."""
        raise NotImplementedError

    async def until(self, seen: Callable[[], Any]) -> None:
        """Wait until something is true of what was told.

        Raises:
            TimeoutError: it does not come to that in time.
        """
        async with asyncio.timeout(self._patience_s):
            while not seen():
                self.changed.clear()
                await self.changed.wait()


def supervised(settings: Settings, configuration: str, say: Say, *, retrainer: bool = False) -> Supervisor:
    """The processes of a story whose parameters are in `configuration`, TOML."""
    settings.home_path.mkdir(parents=True, exist_ok=True)
    file = settings.home_path / "story.toml"
    file.write_text(configuration)
    surroundings = environment(settings, file)
    return Supervisor(settings.workers, settings.home_path, surroundings, say, retrainer=retrainer)


def run(story: Coroutine[Any, Any, Summary], supervisor: Supervisor) -> Summary:
    """Tell a story, then end its processes.

    Raises:
        EnvironmentProblem: the cluster or the workers do not do their part.
        TickloopError: a process cannot live, or the story does not come to its end in time.
    """
    try:
        return asyncio.run(story)
    finally:
        end(supervisor.all)


async def play(
    settings: Settings,
    supervisor: Supervisor,
    told: TopicsSoFar,
    market: Iterator[Any],
    rate: float,
    read: Sequence[Topic],
    act: Callable[[Mapping[int, str]], Awaitable[None]],
    console: Console,
    say: Say,
) -> int:
    """Publish a market while `act` tells what happens in it, until everything that was published is answered.

    Args:
        settings: where.
        supervisor: of the processes.
        told: what the topics tell.
        market: ticks without end.
        rate: of them, a second.
        read: topics besides `predictions`.
        act: what happens, given who owns which partition once all workers are ready.
        console: for what passes by.
        say: gets a sentence about whatever happens.

    Returns:
        Ticks that were published.
    """
    stop = asyncio.Event()
    with waiting_for("the topics", say):
        await topics.apply(settings.bootstrap, wanted_topics(settings))
    try:
        async with ungrouped(TickloopError, TimeoutError), asyncio.TaskGroup() as group:
            background = [group.create_task(supervisor.run())]
            background += [group.create_task(_follow(settings, topic, told, say)) for topic in (PREDICTIONS, *read)]
            with console.status(f"starting {settings.workers} workers"):
                owned = await wait_for_workers(settings.bootstrap, settings, say)
            ticks = settings.topic(TICKS.name)
            sending = group.create_task(publish(market, settings.bootstrap, ticks, pace=Pace(rate=rate), stop=stop))
            background.append(group.create_task(_show(told, console)))
            await act(owned)
            stop.set()
            published = (await sending).ticks
            await told.until(lambda: told.predicted >= published)
            for task in background:
                task.cancel()
    except TimeoutError:
        raise TickloopError(f"expected the story to end in time; see {settings.home}/logs") from None
    return published


async def _follow(settings: Settings, topic: Topic, told: TopicsSoFar, say: Say) -> None:
    decode = decoder(topic.record)
    async with aclosing(read_blocks(settings.bootstrap, settings.topic(topic.name))) as blocks:
        async for block in blocks:
            for received in block:
                record = decode(received.value)
                if topic is PREDICTIONS:
                    told.predict(record)
                else:
                    told.take(record, received.timestamp_ms, say)
            told.changed.set()


async def _show(told: TopicsSoFar, console: Console) -> None:
    if not console.is_terminal:
        while True:
            await asyncio.sleep(LINE_S)
            console.print(told.line(), highlight=False, soft_wrap=True)
    with console.status("") as status:
        while True:
            status.update(told.line())
            await asyncio.sleep(0.25)
