"""What every story does: workers with a configuration of their own, one of them killed, topics read to their end."""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from pathlib import Path

from rich.console import Console

from agents.clients.reader import Received, read_blocks
from agents.config.settings import Settings
from agents.operations.supervisor import Slot
from schemas.errors import TickloopError
from schemas.topics import Topic
from streams.engine.partitioner import partition_of


def environment(settings: Settings, configuration: Path) -> dict[str, str]:
    """Environment of a worker of `settings`, with the parameters of a file."""
    named = (
        "bootstrap",
        "home",
        "prefix",
        "partitions",
        "replication",
        "metrics_port",
        "directive_key",
        "directive_keys",
        "deployment",
    )
    return {f"TICKLOOP_{name.upper()}": str(getattr(settings, name)) for name in named} | {
        "TICKLOOP_CONFIG": str(configuration)
    }


def kill(slot: Slot) -> str:
    """kill -9 of the process in a slot; its name."""
    if slot.pid is None:
        raise TickloopError(f"expected {slot.name} to run, it had ended by itself; its log is {slot.log_file}")
    os.kill(slot.pid, signal.SIGKILL)
    return slot.name


def kill_worker(settings: Settings, slots: Sequence[Slot], owned: Mapping[int, str], symbol: str) -> str:
    """kill -9 of the worker that owns the partition of a symbol."""
    name = owned[partition_of(symbol, settings.partitions)]
    return kill(next(slot for number, slot in enumerate(slots, 1) if name == f"{settings.group}-{number}"))


def end(slots: Sequence[Slot]) -> None:
    """End every process that the story started."""
    for slot in slots:
        if slot.pid is not None:
            with suppress(ProcessLookupError):  # it ended by itself meanwhile
                os.kill(slot.pid, signal.SIGKILL)


def show_kept(settings: Settings, given: Settings, commands: Sequence[str], console: Console) -> None:
    """Say how to look at what is left there."""
    where = f"TICKLOOP_PREFIX={settings.prefix}" if given.bootstrap else f"TICKLOOP_HOME={settings.home}"
    with_it = f"{where} TICKLOOP_CONFIG={settings.home_path / 'story.toml'}"
    console.print("[bold]Kept[/bold]")
    for command in commands:
        console.print(f"  {with_it} tickloop {command}", highlight=False, markup=False, soft_wrap=True)


async def everything(settings: Settings, topic: Topic, repeats: bool = False) -> list[Received]:
    """All records of a topic up to its end."""
    found: list[Received] = []
    name = settings.topic(topic.name)
    async with aclosing(read_blocks(settings.bootstrap, name, until_end=True, repeats=repeats)) as blocks:
        async for block in blocks:
            found += block
    return found
