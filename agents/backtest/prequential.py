"""Measures how well files of ticks are predicted; each outcome is scored before the model learns from it.

Each file is computed with the whole pipeline, and again for each ablation, in which a part of the pipeline is
switched off. These computations run in several processes.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import lru_cache
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import NamedTuple

from msgspec import msgpack

from agents.config.plugins import configured_parameters
from agents.process.pools import SPAWN, interrupts_ignored, picklable_errors, pool
from schemas.errors import ConfigurationError, Refused
from schemas.ticks import Quote, Trade
from streams.parameters import Parameters
from streams.reports.prequential import run as prequential
from streams.reports.prequential.ablations import VARIANTS
from streams.reports.prequential.run import PrequentialRun
from streams.reports.prequential.table import SkillReport, report
from streams.sources.absent_files import fix_of
from streams.sources.columns import Columns
from streams.sources.files import TickFile

POLL_S = 0.2

Progress = Callable[[int, float], None]
"""Callback: called with the index of a file and the share of its evaluation that is done, 0 to 1."""


class Job(NamedTuple):
    """One computation over one file, as it is sent to another process.

    Attributes:
        number: index of the file among the files that are evaluated, from 0.
        name: path of the file.
        columns: how the rows of the file become ticks.
        parameters: parameters of all symbols.
        variant: which pipeline is run: an index in `VARIANTS`, the list of the whole pipeline and of those with parts
            switched off.
    """

    number: int
    name: str
    columns: Columns
    parameters: Parameters
    variant: int


def evaluate(
    files: Sequence[str],
    columns: Columns,
    parameters: Parameters,
    processes: int,
    progress: Progress = lambda number, share: None,
) -> list[SkillReport]:
    """Compute a report of predictive skill for each of `files`, in the same order.

    Args:
        files: paths of the files of ticks.
        columns: how the rows of the files become ticks.
        parameters: parameters of all symbols.
        processes: largest number of processes at a time.
        progress: called with the index of a file and the fraction of its evaluation that is done, 0 to 1.

    Raises:
        ConfigurationError: a file cannot be read, a row makes no valid tick, or the symbols of a file have different
            prediction horizons.
        TickloopError: in a file no price moved within the horizon, so that there is nothing to score.
    """
    for name in files:
        if not Path(name).is_file():
            raise ConfigurationError(f"{name}: expected a readable file, found none{fix_of(name)}")
    shares: SimpleQueue[tuple[int, int, float]] = SPAWN.SimpleQueue()
    jobs = [
        Job(number, name, columns, parameters, variant)
        for number, name in enumerate(files)
        for variant in range(len(VARIANTS))
    ]
    with pool(min(processes, len(jobs)), _begin, (shares,)) as executor:
        with interrupts_ignored():
            futures = [executor.submit(picklable_errors, _run, job) for job in jobs]
        _watch(futures, shares, progress)
    runs = [future.result() for future in futures]
    reports = []
    for number, name in enumerate(files):
        of_file = runs[number * len(VARIANTS) : (number + 1) * len(VARIANTS)]
        _expect_one_horizon(of_file[0], name)
        reports.append(report(name, of_file))
    return reports


def _expect_one_horizon(run: PrequentialRun, name: str) -> None:
    """Refuse a file whose symbols have different horizons, since a log-loss over several horizons has no meaning."""
    horizons = sorted({*run.horizons_ns.tolist()})
    if len(horizons) > 1:
        raise ConfigurationError(
            f"{name}: expected symbols of one horizon, was {horizons} ns; fix: --horizon, or a file for each"
        )


def _watch(
    futures: Sequence[Future[PrequentialRun]], shares: SimpleQueue[tuple[int, int, float]], progress: Progress
) -> None:
    done: dict[tuple[int, int], float] = {}
    waiting = set(futures)
    while waiting:
        finished, waiting = wait(waiting, POLL_S, FIRST_COMPLETED)
        for future in finished:
            future.result()
        while not shares.empty():
            number, variant, share = shares.get()
            done[number, variant] = share
            progress(number, sum(done.get((number, each), 0.0) for each in range(len(VARIANTS))) / len(VARIANTS))


_shares: SimpleQueue[tuple[int, int, float]]
"""Queue on which a process of the pool reports its progress."""


def _begin(shares: SimpleQueue[tuple[int, int, float]]) -> None:
    global _shares
    _shares = shares


def _run(job: Job) -> PrequentialRun:
    configured_parameters()  # components of the user register themselves here as they did in the parent
    ticks = _ticks(job.name, msgpack.encode(job.columns))
    return prequential.run(
        ticks,
        job.parameters,
        VARIANTS[job.variant],
        lambda share: _shares.put((job.number, job.variant, share)),
    )


@lru_cache(maxsize=1)
def _ticks(name: str, columns: bytes) -> list[Quote | Trade]:
    """Ticks of a file, kept in memory for the next computation over it."""
    file = TickFile(name, msgpack.decode(columns, type=Columns), strict=True)
    try:
        return [tick for tick in file if isinstance(tick, (Quote, Trade))]
    except Refused as refused:
        raise ConfigurationError(f"{refused.detail}; fix: mend or remove the row") from refused
