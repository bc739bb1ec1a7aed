"""Pools of processes that end with the command, whatever ends it."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from typing import Any

SPAWN = get_context("spawn")
"""How processes are begun: they share nothing but what they are given."""


@contextmanager
def pool(
    processes: int, begin: Callable[..., None], arguments: tuple[Any, ...], tasks_each: int | None = None
) -> Iterator[ProcessPoolExecutor]:
    """A pool that is waited for; on an error, or Ctrl-C, its processes are killed.

    Killed, not terminated: one that ends while it holds the lock of a queue has the others wait for ever.

    Args:
        processes: how many at most.
        begin: called in each of them with `arguments`.
        arguments: of `begin`.
        tasks_each: after which a process is replaced; None: never.
    """
    executor = ProcessPoolExecutor(processes, SPAWN, begin, arguments, max_tasks_per_child=tasks_each)
    others = set(active_children())
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(active_children()) - others:
            process.kill()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """While jobs are submitted: Ctrl-C reaches the whole process group, but only this process has anything to say."""
    heeded = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heeded)
