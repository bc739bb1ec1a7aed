"""The programs that benchmarks compare: each is a process that reads ticks and answers every one."""

import asyncio
import logging
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from msgspec import Struct

from agents.broker import process
from agents.broker.launch import start
from agents.config.settings import Settings
from agents.operations import topics
from agents.runtime.binding import changelog_name
from schemas.topics import DEAD_LETTERS, PREDICTIONS, TOPICS
from streams.engine.chain import chained
from streams.engine.node import Node
from streams.parameters import Parameters
from streams.topology import nodes
from tests.support.counting import COUNTS, CountingNode

SYMBOLS = [f"SYM{number}" for number in range(32)]


class Contender(Struct, frozen=True):
    """A program to be measured.

    Attributes:
        name: name in tables.
        command: arguments of the Python interpreter.
        answers: topics on which it writes; together one record for each tick.
        nodes: our nodes that it computes; empty for other programs.
    """

    name: str
    command: tuple[str, ...]
    answers: tuple[str, ...] = (COUNTS.name,)
    nodes: tuple[Node[Any], ...] = ()


STOCK_FAUST = Contender("stock Faust: table and send, counting", ("-m", "tests.support.stock_faust", "1"))
BARE_SEND = Contender("bare aiokafka: getmany, send", ("-m", "tests.bench.bare_aiokafka", "send"))
BARE_BATCH = Contender("bare aiokafka: getmany, send_batch", ("-m", "tests.bench.bare_aiokafka", "batch"))
COUNTING = Contender("our runtime, counting", ("-m", "tests.support.counting_worker", "1"), nodes=(CountingNode(),))
MARKET = Contender(
    "our runtime, the whole pipeline",
    ("-m", "agents.cli", "worker", "--slot", "1"),
    answers=(PREDICTIONS.name, DEAD_LETTERS.name),
    nodes=tuple(nodes(Parameters())),
)


@contextmanager
def broker() -> Iterator[str]:
    """Yield the address of a Kafka: that in `TICKLOOP_BOOTSTRAP`, or a new empty one that is stopped at the end."""
    # New topics have no leader for a moment: the client says so, tries again, and that is that.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    if address := os.environ.get("TICKLOOP_BOOTSTRAP", ""):
        yield address
        return
    home = Path(tempfile.mkdtemp(prefix="tickloop-bench-"))
    try:
        running, _ = start(home)
        yield running.address
    finally:
        process.stop(home)
        shutil.rmtree(home)


class Stage:
    """Topics for one run of a program, under a prefix of their own, which are deleted at the end."""

    def __init__(self, contender: Contender, address: str, home: Path) -> None:
        self.contender = contender
        self.settings = Settings(bootstrap=address, prefix=f"bench{secrets.token_hex(4)}-", home=str(home))

    @contextmanager
    def worker(self) -> Iterator[psutil.Process]:
        """Run the program while the block runs, and yield its process."""
        settings = self.settings
        environment = {
            **os.environ,
            "PYTHONHASHSEED": "0",
            "TICKLOOP_BOOTSTRAP": settings.bootstrap,
            "TICKLOOP_PREFIX": settings.prefix,
            "TICKLOOP_HOME": settings.home,
        }
        log = settings.home_path / "worker.log"
        with log.open("ab") as output:
            command = [sys.executable, *self.contender.command]
            running = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        try:
            yield psutil.Process(running.pid)
        finally:
            running.kill()
            running.wait()


@asynccontextmanager
async def stage(contender: Contender, address: str) -> AsyncIterator[Stage]:
    """Create the topics for a run, and delete them at the end."""
    with tempfile.TemporaryDirectory(prefix="tickloop-bench-") as home:
        made = Stage(contender, address, Path(home))
        settings = made.settings
        wanted = [topics.specification(settings, topic) for topic in (*TOPICS, COUNTS)]
        wanted += [topics.changelog(settings, changelog_name(settings, node)) for node in chained(contender.nodes)]
        await topics.apply(address, wanted)
        try:
            yield made
        finally:
            await delete(address, settings.prefix)


async def delete(address: str, prefix: str) -> None:
    """Delete every topic whose name begins with a prefix."""
    cluster = AIOKafkaAdminClient(bootstrap_servers=address)
    await cluster.start()
    try:
        await cluster.delete_topics([name for name in await cluster.list_topics() if name.startswith(prefix)])
    finally:
        await cluster.close()


@asynccontextmanager
async def reader(address: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, enable_auto_commit=False, fetch_max_wait_ms=20)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


def answer_partitions(on: Stage) -> list[TopicPartition]:
    """All partitions of the topics on which a program answers."""
    names = [on.settings.topic(name) for name in on.contender.answers]
    return [TopicPartition(name, number) for name in names for number in range(on.settings.partitions)]


async def answered(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> int:
    """Number of ticks that are answered so far."""
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    return sum(ends.values())


async def until(consumer: AIOKafkaConsumer, partitions: list[TopicPartition], count: int, patience_s: float) -> int:
    """Wait until `count` ticks are answered; return how many are.

    Raises:
        TimeoutError: that took longer than `patience_s` seconds.
    """
    async with asyncio.timeout(patience_s):
        found = await answered(consumer, partitions)
        while found < count:
            await asyncio.sleep(0.02)
            found = await answered(consumer, partitions)
    return found
