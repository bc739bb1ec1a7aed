"""Steps that several demonstrations have in common, such as killing a worker or reading a whole topic."""

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
    """Environment variables for the workers of a demonstration.

    Args:
        settings: settings of the workers.
        configuration: path of the TOML file with the workers' parameters.
    """
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
    """Kill the process of `slot` with SIGKILL, and return the name of the slot.

    Raises:
        TickloopError: the process was not running.
    """
    if slot.pid is None:
        raise TickloopError(f"expected {slot.name} to run, it had ended by itself; its log is {slot.log_file}")
    os.kill(slot.pid, signal.SIGKILL)
    return slot.name


def kill_worker(settings: Settings, slots: Sequence[Slot], owned: Mapping[int, str], symbol: str) -> str:
    """Send SIGKILL to the worker that owns the partition of `symbol`, and return the worker's name.

    Args:
        settings: settings of the workers.
        slots: the worker processes, in the order of their numbers.
        owned: for each partition of `ticks`, the name in the consumer group of the worker that owns it.
        symbol: a symbol.

    Raises:
        TickloopError: the worker was not running.
    """
    name = owned[partition_of(symbol, settings.partitions)]
    return kill(next(slot for number, slot in enumerate(slots, 1) if name == f"{settings.group}-{number}"))


def end(slots: Sequence[Slot]) -> None:
    """Kill all processes of a demonstration that still run."""
    for slot in slots:
        if slot.pid is not None:
            with suppress(ProcessLookupError):  # it ended by itself meanwhile
                os.kill(slot.pid, signal.SIGKILL)


def show_kept(settings: Settings, given: Settings, commands: Sequence[str], console: Console) -> None:
    """Print commands with which the user can look at what a demonstration has kept.

    Args:
        settings: settings of the demonstration.
        given: settings that the user gave; they tell whether the demonstration ran on the user's own cluster.
        commands: commands to print, without `tickloop` in front.
        console: where to print.
    """
    where = f"TICKLOOP_PREFIX={settings.prefix}" if given.bootstrap else f"TICKLOOP_HOME={settings.home}"
    with_it = f"{where} TICKLOOP_CONFIG={settings.home_path / 'story.toml'}"
    console.print("[bold]Kept[/bold]")
    for command in commands:
        console.print(f"  {with_it} tickloop {command}", highlight=False, markup=False, soft_wrap=True)


async def everything(settings: Settings, topic: Topic, repeats: bool = False) -> list[Received]:
    """All records of a topic up to its present end.

    Args:
        settings: settings of the system.
        topic: the topic.
        repeats: whether a record that was written twice is returned twice; otherwise the second copy is dropped.
    """
    found: list[Received] = []
    name = settings.topic(topic.name)
    async with aclosing(read_blocks(settings.bootstrap, name, until_end=True, repeats=repeats)) as blocks:
        async for block in blocks:
            found += block
    return found
