"""Provides a demo with a local broker and a folder of its own, or with topics of its own on the user's cluster."""

import asyncio
import secrets
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import msgspec

from agents.broker import mock, ports, process
from agents.broker.cluster import admin
from agents.broker.launch import start
from agents.config.settings import Settings
from agents.operations.system import wanted_topics


@contextmanager
def stage(settings: Settings, keep: bool, say: Callable[[str], None]) -> Iterator[Settings]:
    """Context manager that yields settings for one demo. At the end of the block it removes what the demo has made.

    Args:
        settings: settings of the user. If they name a cluster, the demo gets topics with a random prefix there;
            otherwise it gets a local broker.
        keep: whether to keep the broker, the topics and the folder.
        say: called with a sentence about each event.
    """
    home = Path(mkdtemp(prefix="tickloop-demo-"))
    # Its workers say on ports of their own when they are ready.
    settings = msgspec.structs.replace(settings, metrics_port=ports.row_of_free(settings.workers) - 1)
    try:
        with _topics(settings, home, keep) if settings.bootstrap else _broker(settings, home, keep, say) as staged:
            yield staged
    finally:
        if not keep:
            shutil.rmtree(home)


@contextmanager
def _topics(settings: Settings, home: Path, keep: bool) -> Iterator[Settings]:
    prefix = f"{settings.prefix}demo-{secrets.token_hex(4)}-"
    staged = msgspec.structs.replace(settings, home=str(home), prefix=prefix)
    try:
        yield staged
    finally:
        if not keep:
            with _uninterrupted():
                asyncio.run(_delete_topics(staged))


@contextmanager
def _broker(settings: Settings, home: Path, keep: bool, say: Callable[[str], None]) -> Iterator[Settings]:
    try:
        broker, _ = start(home, ports.any_free(), say)
        staged = msgspec.structs.replace(settings, home=str(home), bootstrap=broker.address)
        if broker.kind == "mock":
            staged = msgspec.structs.replace(staged, partitions=mock.PARTITIONS, workers=1)
        else:
            say(f"broker: Apache Kafka {broker.version} at {broker.address}")
        yield staged
    finally:
        if not keep:
            with _uninterrupted():
                process.stop(home)


async def _delete_topics(settings: Settings) -> None:
    """Delete the demo's topics. The cluster then forgets the consumer group and its offsets by itself."""
    async with admin(settings.bootstrap) as cluster:
        there = set(await cluster.list_topics())
        await cluster.delete_topics([spec.name for spec in wanted_topics(settings) if spec.name in there])


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Context manager that ignores Ctrl-C during the block, so that a second Ctrl-C leaves no broker behind."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
