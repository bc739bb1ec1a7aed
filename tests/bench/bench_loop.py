"""Measures throughput and processor time for a tick of our loop, of plain Faust and of bare aiokafka, on one broker.

`python -m tests.bench.bench_loop [--repetitions N] [--scale S] [--file ticks.csv.gz] [--json]`

Ticks are published, then one worker process is started. Its answers are counted by the end offsets of its
output topics. Only the part between the fractions `FROM` and `TO` of the ticks counts. Processor time is that
of the worker process, user and system. The nodes alone are measured in this process on the same records, with
decoding and encoding; the rest of the worker's time is the runtime's. Results are medians over the
repetitions.
"""

import asyncio
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import click
import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from agents.clients.publisher import publish
from schemas.codec import encode
from schemas.topics import PARTITIONS, TICKS
from streams.engine.loop_partition import LoopPartition
from streams.engine.node import Node
from streams.engine.partitioner import partition_of
from streams.sources.files import TickFile
from streams.sources.synthetic import synthetic_market
from tests.bench.contenders import (
    BARE_BATCH,
    BARE_SEND,
    COUNTING,
    MARKET,
    STOCK_FAUST,
    SYMBOLS,
    Contender,
    answer_partitions,
    broker,
    reader,
    stage,
    until,
)
from tests.support.places import DATA

FROM, TO = 0.2, 0.95
BACKLOG = {
    STOCK_FAUST: 15_000,
    BARE_SEND: 150_000,
    BARE_BATCH: 500_000,
    COUNTING: 500_000,
    MARKET: 100_000,
}
PATIENCE_S = 120.0
REAL_TICKS = DATA / "btcusdt-perp-20240808.csv.gz"


class Measured(Struct):
    """One run of a contender.

    Attributes:
        ticks_s: ticks per second.
        cpu_us: processor time of the worker for a tick, microseconds.
    """

    ticks_s: float
    cpu_us: float


class Result(Struct):
    """Medians of a contender's runs.

    Attributes:
        name: name of the contender.
        ticks: number of ticks in a run.
        ticks_s: ticks per second.
        cpu_us: processor time of the worker for a tick, microseconds.
        step_us: part of `cpu_us` that the nodes take; None for contenders without our nodes.
        runtime_us: the rest of `cpu_us`; None for contenders without our nodes.
    """

    name: str
    ticks: int
    ticks_s: float
    cpu_us: float
    step_us: float | None = None
    runtime_us: float | None = None


async def measure(contender: Contender, address: str, ticks: Sequence[Any]) -> Measured:
    """Measure one run of a contender over `ticks`, which are published before its worker starts."""
    async with stage(contender, address) as on, reader(address) as consumer:
        await publish(ticks, address, on.settings.topic(TICKS.name))
        partitions = answer_partitions(on)
        with on.worker() as worker:
            first = await until(consumer, partitions, int(FROM * len(ticks)), PATIENCE_S)
            started, cpu = time.perf_counter(), sum(worker.cpu_times()[:2])
            last = await until(consumer, partitions, int(TO * len(ticks)), PATIENCE_S)
            seconds, cpu = time.perf_counter() - started, sum(worker.cpu_times()[:2]) - cpu
        return Measured((last - first) / seconds, cpu / (last - first) * 1e6)


def step_us(nodes: Sequence[Node[Any]], ticks: Sequence[Any]) -> float:
    """Processor time of decoding, node and encoding for a tick, microseconds, over the ticks that count."""
    partitions = [LoopPartition(nodes, number) for number in range(PARTITIONS)]
    offsets, records = [0] * PARTITIONS, []
    for tick in ticks:
        number = partition_of(tick.symbol, PARTITIONS)
        records.append((number, offsets[number], tick.symbol.encode(), encode(tick)))
        offsets[number] += 1

    def apply(first: int, last: int) -> None:
        for number, offset, key, value in islice(records, first, last):
            for output in partitions[number].apply(offset, key, value):
                encode(output)

    first, last = int(FROM * len(ticks)), int(TO * len(ticks))
    apply(0, first)
    started = time.process_time()
    apply(first, last)
    return (time.process_time() - started) / (last - first) * 1e6


async def result_of(
    contender: Contender, address: str, ticks: Sequence[Any], repetitions: int, name: str = ""
) -> Result:
    """Median of several runs of a contender."""
    runs, steps = [], []
    for _ in range(repetitions):
        runs.append(await measure(contender, address, ticks))
        # In turn with the runs: both see the machine in the same mood.
        if contender.nodes:
            steps.append(step_us(contender.nodes, ticks))
    result = Result(
        name or contender.name, len(ticks), median(run.ticks_s for run in runs), median(run.cpu_us for run in runs)
    )
    if steps:
        result.step_us = median(steps)
        result.runtime_us = result.cpu_us - result.step_us
    return result


async def measure_all(
    address: str, repetitions: int, scale: float, file: Path | None, console: Console
) -> list[Result]:
    """Measure every contender on a synthetic market, and the whole pipeline on a file of real ticks if there is one."""
    market = list(synthetic_market(1, SYMBOLS, ticks=int(scale * max(BACKLOG.values()))))
    results = []
    with console.status("") as status:
        for contender, ticks in BACKLOG.items():
            status.update(contender.name)
            results.append(await result_of(contender, address, market[: int(scale * ticks)], repetitions))
        if file is not None:
            status.update(file.name)
            real = list(TickFile(file))
            results.append(await result_of(MARKET, address, real, repetitions, f"the same, {file.name}"))
    return results


def show(results: Sequence[Result], console: Console) -> None:
    """Print the table, and one line on where the time is spent."""
    stock, *_ = results
    send = results[1]
    table = Table(title="One worker process, steady part of a backlog", title_justify="left", box=None)
    table.add_column("")
    for column in ("ticks", "ticks/s", "CPU us/tick", "step us", "runtime us", "x stock Faust", "x bare send"):
        table.add_column(column, justify="right")
    for result in results:
        table.add_row(
            result.name,
            f"{result.ticks:,}",
            f"{result.ticks_s:,.0f}",
            f"{result.cpu_us:.1f}",
            "" if result.step_us is None else f"{result.step_us:.1f}",
            "" if result.runtime_us is None else f"{result.runtime_us:.1f}",
            f"{result.ticks_s / stock.ticks_s:.1f}",
            f"{result.ticks_s / send.ticks_s:.2f}",
        )
    console.print(table)
    whole = next(result for result in results if result.name == MARKET.name)
    assert whole.step_us is not None
    assert whole.runtime_us is not None
    share = whole.step_us / whole.cpu_us
    console.print(
        f"where the time goes: of {whole.cpu_us:.1f} us a tick, {whole.step_us:.1f} us ({share:.0%}) are decode, "
        f"step and encode; {whole.runtime_us:.1f} us are fetching, batching, sending, snapshots and Faust",
        soft_wrap=True,
    )


@click.command()
@click.option("--repetitions", default=3, show_default=True, type=click.IntRange(1))
@click.option("--scale", default=1.0, show_default=True, help="Size of the backlogs; small ones are noisy.")
@click.option("--file", default=REAL_TICKS, type=click.Path(path_type=Path), help="Real ticks, measured if they exist.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array instead of the table.")
def main(repetitions: int, scale: float, file: Path, as_json: bool) -> None:
    """Measure throughput and processor time, beside plain Faust and bare aiokafka."""
    console = Console(stderr=as_json, width=None if Console().is_terminal else 140)
    with broker() as address:
        results = asyncio.run(measure_all(address, repetitions, scale, file if file.is_file() else None, console))
    if as_json:
        click.echo(msgspec.json.encode(results))
    else:
        show(results, console)


if __name__ == "__main__":
    main()
