"""Parts that the demonstrations of drift and of an experiment share: a market, workers, and readers of the topics."""

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
    """Facts that a demonstration has read from the topics so far; a subclass for each demonstration adds its own.

    Args:
        patience_s: longest time that `until` waits, seconds.

    Attributes:
        predicted: number of predictions that were read.
        versions: model versions of these predictions in order; successive predictions of one version count once.
        changed: event that is set whenever a record was read.
    """

    def __init__(self, patience_s: float) -> None:
        self.predicted = 0
        self.versions: list[str] = []
        self.changed = asyncio.Event()
        self._patience_s = patience_s

    def predict(self, prediction: Prediction) -> None:
        """Count a prediction, and note its model version if the prediction before had another one."""
        self.predicted += 1
        if self.versions[-1:] != [prediction.model_version]:
            self.versions.append(prediction.model_version)

    def take(self, record: Any, timestamp_ms: int, say: Say) -> None:
        """Add a record of any topic other than `predictions`; defined by subclasses.

        Args:
            record: the decoded record.
            timestamp_ms: timestamp that the broker gave to it, ms since 1970.
            say: called with a sentence for the user if the record is an event of the demonstration.
        """
        raise NotImplementedError

    def line(self) -> str:
        """Status line that says how far the demonstration is; defined by subclasses."""
        raise NotImplementedError

    async def until(self, seen: Callable[[], Any]) -> None:
        """Wait until the function `seen` returns something true.

        `seen` is called at once, and again whenever new records were read from the topics.

        Raises:
            TimeoutError: `seen` has returned nothing true within `patience_s`.
        """
        async with asyncio.timeout(self._patience_s):
            while not seen():
                self.changed.clear()
                await self.changed.wait()


def supervised(settings: Settings, configuration: str, say: Say, *, retrainer: bool = False) -> Supervisor:
    """Write the parameters of a demonstration to a file, and return a supervisor that is to run its processes.

    The supervisor is not started.

    Args:
        settings: settings of the workers.
        configuration: parameters of the workers, as TOML text.
        say: called with a sentence about each event.
        retrainer: whether to run the process that retrains models.
    """
    settings.home_path.mkdir(parents=True, exist_ok=True)
    file = settings.home_path / "story.toml"
    file.write_text(configuration)
    surroundings = environment(settings, file)
    return Supervisor(settings.workers, settings.home_path, surroundings, say, retrainer=retrainer)


def run(story: Coroutine[Any, Any, Summary], supervisor: Supervisor) -> Summary:
    """Run a demonstration, then kill those of its processes that still run.

    Args:
        story: coroutine that runs the demonstration and returns its result.
        supervisor: supervisor of its processes.

    Raises:
        EnvironmentProblem: the cluster does not answer, or the workers do not get ready.
        TickloopError: a process repeatedly fails, or the demonstration does not end in time.
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
    """Start the workers and publish ticks while `act` runs; return when each published tick has its prediction.

    Args:
        settings: settings of the system.
        supervisor: supervisor of the processes.
        told: object to which the records that are read from the topics are added.
        market: ticks without end.
        rate: ticks per second.
        read: topics to read besides `predictions`.
        act: runs the events of the demonstration once all workers are ready. Its argument is, for each partition of
            `ticks`, the name in the consumer group of the worker that owns it.
        console: where the status line is shown.
        say: called with a sentence about each event.

    Returns:
        The number of ticks that were published.

    Raises:
        EnvironmentProblem: the cluster does not answer, or the workers do not get ready.
        TickloopError: a process repeatedly fails, or something that is waited for does not come in time.
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
