"""Measures the time from when a tick is due until a consumer has its prediction, for our loop and for a bare echo.

`python -m tests.bench.bench_latency [--seconds S] [--rate N ...] [--json]`

The producer runs in a process of its own (`load.py`: aiokafka, linger 0, all replicas acknowledge). It sends
each tick when it is due, whether earlier ones were answered or not, so waiting in any queue counts. A
prediction is matched by its id, an echo by its tick's offset. The consumer is aiokafka without a group, in
this process. The first `WARM_UP_S` seconds do not count.
"""

import asyncio
import gc
import os
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from typing import NamedTuple

import click
import msgspec
import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct, msgpack
from rich.console import Console
from rich.table import Table

from agents.clients.publisher import publish
from schemas.errors import TickloopError
from schemas.positions import position_of
from schemas.topics import TICKS
from streams.sources.synthetic import synthetic_market
from tests.bench.contenders import (
    BARE_SEND,
    MARKET,
    SYMBOLS,
    Contender,
    Stage,
    answer_partitions,
    broker,
    reader,
    stage,
    until,
)

RATES = (1_000, 5_000, 10_000)
WARM_UP_S = 4.0
FIRST_TICKS = 3_200
PATIENCE_S = 60.0
QUIET_S = 5.0


class Identified(Struct):
    id: str


class Latency(Struct):
    """Latency of one contender at one rate.

    Attributes:
        name: name of the contender.
        rate: ticks per second.
        sent: ticks that were due after the warm-up.
        answered: those of them with an answer.
        p50, p95, p99, longest: percentiles and maximum from due to read, ms.
    """

    name: str
    rate: int
    sent: int
    answered: int
    p50: float
    p95: float
    p99: float
    longest: float


class Played(NamedTuple):
    """Raw result of one run.

    Attributes:
        dues: for each partition the times at which its ticks were due, s, monotonic clock.
        before: for each partition the offset of the first of these ticks.
        arrivals: time, partition and tick's offset of each answer.
    """

    dues: list[list[float]]
    before: list[int]
    arrivals: list[tuple[float, int, int]]


async def measure(contender: Contender, address: str, rate: int, seconds: float) -> Latency:
    """Measure one contender at one rate (ticks per second) for a duration in seconds."""
    async with stage(contender, address) as on, reader(address) as consumer:
        with on.worker():
            return summary(contender.name, rate, await play(on, consumer, rate, seconds + WARM_UP_S))


async def play(on: Stage, consumer: AIOKafkaConsumer, rate: int, seconds: float) -> Played:
    """Let the worker answer some ticks, then run the producer and collect the answers."""
    await publish(synthetic_market(1, SYMBOLS, ticks=FIRST_TICKS), on.settings.bootstrap, on.settings.topic(TICKS.name))
    source = [TopicPartition(on.settings.topic(TICKS.name), number) for number in range(on.settings.partitions)]
    ends = await consumer.end_offsets(source)
    partitions = answer_partitions(on)
    await until(consumer, partitions, FIRST_TICKS, PATIENCE_S)
    consumer.assign(partitions)
    await consumer.seek_to_end(*partitions)
    command = ("-m", "tests.bench.load", str(rate), str(seconds), str(FIRST_TICKS))
    load = await asyncio.create_subprocess_exec(sys.executable, *command, env=environment(on), stdout=PIPE)
    playing = asyncio.create_task(load.communicate())
    arrivals = await read(consumer, int(rate * seconds), on.contender)
    played, _ = await playing
    if load.returncode:
        raise TickloopError(f"the load ended with code {load.returncode}; what it said is above")
    return Played(msgpack.decode(played), [ends[partition] for partition in source], arrivals)


def environment(on: Stage) -> dict[str, str]:
    """Environment variables that give a run's settings to a process."""
    return {**os.environ, "TICKLOOP_BOOTSTRAP": on.settings.bootstrap, "TICKLOOP_PREFIX": on.settings.prefix}


async def read(consumer: AIOKafkaConsumer, count: int, contender: Contender) -> list[tuple[float, int, int]]:
    """Read `count` answers, or stop once none came for some seconds; return time, partition, tick's offset."""
    decode = msgspec.json.Decoder(Identified).decode
    echoes = not contender.nodes
    arrivals: list[tuple[float, int, int]] = []
    gc.collect()
    gc.disable()
    last = time.monotonic() + PATIENCE_S
    while len(arrivals) < count and time.monotonic() < last + QUIET_S:
        fetched = await consumer.getmany(timeout_ms=200)
        now = time.monotonic()
        for tp, records in fetched.items():
            last = now
            arrivals += [
                (now, tp.partition, record.offset if echoes else position_of(decode(record.value).id)[0])
                for record in records
            ]
    gc.enable()
    return arrivals


def summary(name: str, rate: int, played: Played) -> Latency:
    """Percentiles of the latency of the ticks that were due after the warm-up."""
    first = min(times[0] for times in played.dues if times) + WARM_UP_S
    waited = {
        (partition, offset): now - due
        for now, partition, offset in played.arrivals
        if (due := played.dues[partition][offset - played.before[partition]]) >= first
    }
    sent = sum(due >= first for times in played.dues for due in times)
    p50, p95, p99, longest = 1e3 * np.percentile(list(waited.values()), [50, 95, 99, 100])
    return Latency(name, rate, sent, len(waited), p50, p95, p99, longest)


async def measure_all(address: str, rates: Sequence[int], seconds: float, console: Console) -> list[Latency]:
    """Measure the whole pipeline and the echo at every rate."""
    results = []
    with console.status("") as status:
        status.update("a run that does not count: the broker's compiler has its work behind it then")
        await measure(BARE_SEND, address, max(rates), seconds)
        for contender in (MARKET, BARE_SEND):
            for rate in rates:
                status.update(f"{contender.name}, {rate:,} ticks/s")
                results.append(await measure(contender, address, rate, seconds))
    return results


def show(results: Sequence[Latency], seconds: float, console: Console) -> None:
    """Print the table, and one line on where the time is spent."""
    table = Table(title=f"From due to read, ms; {seconds:g} s at each rate", title_justify="left", box=None)
    table.add_column("")
    for column in ("ticks/s", "answered", "p50", "p95", "p99", "max", "p50 / bare send", "p99 / bare send"):
        table.add_column(column, justify="right")
    floor = {result.rate: result for result in results if result.name == BARE_SEND.name}
    for result in results:
        bare = floor[result.rate]
        table.add_row(
            result.name,
            f"{result.rate:,}",
            f"{result.answered:,} of {result.sent:,}",
            *(f"{value:.1f}" for value in (result.p50, result.p95, result.p99, result.longest)),
            *(f"{ratio:.1f}" for ratio in (result.p50 / bare.p50, result.p99 / bare.p99)),
        )
    console.print(table)
    ours, bare = results[0], floor[results[0].rate]
    console.print(
        f"where the time goes: of {ours.p50:.1f} ms at the median and {ours.rate:,} ticks/s, {bare.p50:.1f} ms are the "
        "way through Kafka and back that a bare echo needs too; the rest are the loop's hand-overs and its step",
        soft_wrap=True,
    )


@click.command()
@click.option("--seconds", default=12.0, show_default=True, help="That count, at each rate.")
@click.option("--rate", "rates", multiple=True, type=int, default=RATES, show_default=True, help="Ticks a second.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array instead of the table.")
def main(seconds: float, rates: tuple[int, ...], as_json: bool) -> None:
    """Measure end-to-end latency, and that of a bare aiokafka echo."""
    console = Console(stderr=as_json, width=None if Console().is_terminal else 140)
    with broker() as address:
        results = asyncio.run(measure_all(address, rates, seconds, console))
    if as_json:
        click.echo(msgspec.json.encode(results))
    else:
        show(results, seconds, console)


if __name__ == "__main__":
    main()
