"""Runs several backtests in one pool of processes.

Each backtest is divided into shares; a share is the set of its partitions that one process computes. The result
tables of a backtest are written when its last share is done.
"""

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from agents.backtest import share as shares_of
from agents.backtest.folder import RunFolder
from agents.backtest.plan import BacktestPlan
from agents.backtest.share import Checkpoint, Progress
from agents.config.plugins import configured_parameters
from agents.process.machine_errors import of_the_machine
from agents.process.pools import SPAWN, interrupts_ignored, picklable_errors, pool

POLL_S = 0.2

Report = Callable[[int, Progress], None]
"""Callback: called with the index of a plan and its progress, 0 to 1."""

Queue = SimpleQueue[tuple[int, int, Progress]]


def run(
    plans: Sequence[BacktestPlan],
    processes: int,
    report: Report = lambda number, progress: None,
    say: Callable[[str], None] = lambda sentence: None,
) -> list[RunFolder]:
    """Run all backtests of `plans` to their end. A backtest that was stopped earlier goes on from its last checkpoint.

    Args:
        plans: the backtests.
        processes: largest number of processes at a time.
        report: called with the index of a plan and the progress of its backtest.
        say: called with a sentence for the user about each earlier backtest that was deleted from a folder.

    Returns:
        The folders with the results, in the order of `plans`.

    Raises:
        ConfigurationError: a folder cannot be used, for example because it holds another backtest.
        EnvironmentProblem: a folder cannot be made or written, for example on a full disk, or a process died.
        KeyboardInterrupt: the user pressed Ctrl-C; everything up to the last checkpoints is kept.
    """
    try:
        return _run(plans, processes, report, say)
    except OSError as error:
        folders = ", ".join(plan.folder for plan in plans)
        raise of_the_machine(error, folders, "the same command goes on from what is done") from error


def _run(plans: Sequence[BacktestPlan], processes: int, report: Report, say: Callable[[str], None]) -> list[RunFolder]:
    folders = [RunFolder(plan.folder) for plan in plans]
    wanted = max(1, processes // len(plans))
    divided = [folder.begin(plan, wanted) for folder, plan in zip(folders, plans, strict=True)]
    for folder in folders:
        if folder.replaced:
            say(f"{folder.path}: {folder.replaced} was in it and gave way")
    jobs = [(number, share) for number, shares in enumerate(divided) for share in range(shares)]
    done: dict[tuple[int, int], Checkpoint] = {}
    progress: dict[tuple[int, int], Progress] = {}

    def heard(number: int, share: int, said: Progress) -> None:
        progress[number, share] = said
        of_plan = [progress.get((number, each), Progress(0, 0.0)) for each in range(divided[number])]
        report(number, Progress(min(each.items for each in of_plan), min(each.part for each in of_plan)))

    def finished(number: int, share: int, checkpoint: Checkpoint) -> None:
        done[number, share] = checkpoint
        mine = [done[number, each] for each in range(divided[number]) if (number, each) in done]
        if len(mine) == divided[number]:
            folders[number].finish(plans[number], mine)

    if len(jobs) == 1:
        ((number, share),) = jobs
        path = folders[number].unfinished
        finished(number, share, shares_of.work(plans[number], path, share, 1, lambda said: heard(number, share, said)))
    elif jobs:
        _in_processes(plans, folders, divided, jobs, min(processes, len(jobs)), heard, finished)
    return folders


def _in_processes(
    plans: Sequence[BacktestPlan],
    folders: Sequence[RunFolder],
    divided: Sequence[int],
    jobs: Sequence[tuple[int, int]],
    processes: int,
    heard: Callable[[int, int, Progress], None],
    finished: Callable[[int, int, Checkpoint], None],
) -> None:
    queue: Queue = SPAWN.SimpleQueue()
    with pool(processes, _begin, (queue,), tasks_each=1) as executor:
        with interrupts_ignored():
            futures: dict[Future[Checkpoint], tuple[int, int]] = {
                executor.submit(
                    picklable_errors, _work, plans[number], folders[number].unfinished, number, share, divided[number]
                ): (number, share)
                for number, share in jobs
            }
        waiting = set(futures)
        while waiting:
            ended, waiting = wait(waiting, POLL_S, FIRST_COMPLETED)
            while not queue.empty():
                heard(*queue.get())
            for future in ended:
                finished(*futures[future], future.result())


_queue: Queue
"""Queue on which a process of the pool reports its progress."""


def _begin(queue: Queue) -> None:
    global _queue
    _queue = queue
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(plan: BacktestPlan, folder: Path, number: int, share: int, shares: int) -> Checkpoint:
    configured_parameters({"TICKLOOP_CONFIG": plan.config})  # components of the user register themselves here too
    return shares_of.work(plan, folder, share, shares, lambda said: _queue.put((number, share, said)))
