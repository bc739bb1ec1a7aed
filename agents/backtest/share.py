"""Computes one share of a backtest (the partitions that one process computes), with a checkpoint after each segment.

A segment is a fixed number of consecutive input ticks.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from msgspec import MsgspecError, Struct, msgpack

from agents.backtest.parts import RecordRows, part_path
from agents.backtest.plan import BacktestPlan
from agents.broker.exclusive import exclusive
from schemas.errors import StateError
from streams.engine.backtest import Decision, Engine, Facts
from streams.engine.feed import Feed
from streams.reports.backtest_columns import TABLES
from streams.sources.files import TickFile, merged
from streams.topology import nodes

SEGMENT = 50_000
"""Ticks of the input between two checkpoints: a second or two. It shows in the row groups of the tables."""

LOCK = "lock-"
"""Prefix of the lock files of shares, in the folder of parts."""

REPORT_EVERY = 2_000


class Progress(NamedTuple):
    """How much of its input one process of a backtest has read.

    Attributes:
        items: number of input ticks that were read.
        part: fraction of the input that was read, 0 to 1.
    """

    items: int
    part: float


class Checkpoint(Struct, frozen=True):
    """State of one share of a backtest (the partitions that one process computes), from which it can be resumed.

    Attributes:
        segments: number of segments (runs of consecutive input ticks) whose rows are written.
        items: number of input ticks in these segments.
        done: whether the input ends with the last of these segments.
        facts: counts and digests of the records computed so far.
        engine: state of the computation, encoded.
    """

    segments: int
    items: int
    done: bool
    facts: Facts
    engine: bytes


def checkpoint_of(folder: Path, share: int) -> Checkpoint | None:
    """The last checkpoint of a share (the partitions that one process computes); None if none was written yet.

    Args:
        folder: folder of the backtest's intermediate files.
        share: number of the share, from 0.

    Raises:
        StateError: the file of the checkpoint is damaged.
    """
    path = _path(folder, share)
    if not path.exists():
        return None
    try:
        return msgpack.decode(path.read_bytes(), type=Checkpoint)
    except MsgspecError as error:
        raise StateError(f"{path}: expected a checkpoint, was something else: {error}; fix: remove its run") from error


def work(plan: BacktestPlan, folder: Path, share: int, shares: int, progress: Callable[[Progress], None]) -> Checkpoint:
    """Compute one share of a backtest from its last checkpoint to the end of the input; return the final checkpoint.

    A share is the set of partitions that one process computes; every process reads the whole input.

    Args:
        plan: the backtest.
        folder: folder of the backtest's intermediate files.
        share: number of the share, from 0.
        shares: number of shares that the backtest is divided into.
        progress: called every few thousand ticks with the progress of this share.

    Raises:
        StateError: the last checkpoint is damaged.
    """
    # A process that outlived its parent may still work on this share; two must not write at once.
    with exclusive(folder / f"{LOCK}{share:03d}"):
        engine = Engine(nodes(plan.parameters), plan.partitions, with_digests=plan.digests, share=share, shares=shares)
        return _go_on(engine, plan, folder, share, progress)


def _go_on(
    engine: Engine, plan: BacktestPlan, folder: Path, share: int, progress: Callable[[Progress], None]
) -> Checkpoint:
    last = checkpoint_of(folder, share)
    segments = items = 0
    if last is not None:
        if last.done:
            return last
        engine.restore(last.engine)
        segments, items = last.segments, last.items
    files = [TickFile(each.name, plan.columns) for each in plan.inputs]
    feed: Iterable[Feed] = files[0] if len(files) == 1 else merged(files)
    ticks = islice(feed, items, None)
    progress(Progress(items, 0.0))
    rows = {kind: RecordRows(kind) for kind in TABLES}
    while True:
        before = items
        items = _segment(engine, ticks, items, rows, lambda at: progress(Progress(at, _part(files))))
        done = items < before + SEGMENT
        for kind, of_kind in rows.items():
            of_kind.write(part_path(folder, kind, segments, share))
        segments += 1
        last = Checkpoint(segments, items, done, engine.facts, engine.snapshot())
        new = _path(folder, share).with_suffix(".new")
        new.write_bytes(msgpack.encode(last))
        new.replace(_path(folder, share))
        progress(Progress(items, 1.0 if done else _part(files)))
        if done:
            return last


def _segment(
    engine: Engine, ticks: Iterator[Feed], at: int, rows: dict[type, RecordRows], report: Callable[[int], None]
) -> int:
    """Compute one segment, and collect its rows; returns the index of the input tick after it."""
    take = engine.take
    decisions = rows[Decision]
    for item in islice(ticks, SEGMENT):
        for record in take(item):
            if (kept := rows.get(type(record))) is not None:  # what is asked of a root has no table
                kept.add(at, record)
        if engine.decisions:
            for decision in engine.decisions:
                decisions.add(at, decision)
            engine.decisions.clear()
        at += 1
        if at % REPORT_EVERY == 0:
            report(at)
    return at


def _part(files: list[TickFile]) -> float:
    return sum(file.share() or 0.0 for file in files) / len(files)


def _path(folder: Path, share: int) -> Path:
    return folder / f"checkpoint-{share:03d}"
