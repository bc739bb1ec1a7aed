"""Pools of processes that end with the command, whatever ends it."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from typing import Any, TypeVar

from schemas.errors import EnvironmentProblem, TickloopError

Result = TypeVar("Result")

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

    Raises:
        EnvironmentProblem: one of the processes died.
    """
    executor = ProcessPoolExecutor(processes, SPAWN, begin, arguments, max_tasks_per_child=tasks_each)
    others = set(active_children())
    try:
        yield executor
    except BaseException as error:
        # Before the executor is shut down, whose thread would still replace those that have ended.
        for process in set(active_children()) - others:
            process.kill()
        if isinstance(error, BrokenProcessPool):
            raise EnvironmentProblem(
                f"expected {processes} processes to live, one was ended from outside, as happens where memory is short"
                "; fix: free memory or fewer processes (--jobs), then the same command"
            ) from error
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def picklable_errors(work: Callable[..., Result], *arguments: Any) -> Result:
    """Do work in a process of a pool, and raise nothing but what another process can read.

    An error of a plug-in need not be one that can be made again from its bytes, and the pool would break of it.

    Raises:
        TickloopError, OSError: as they are.
        RuntimeError: in the place of any other error.
    """
    try:
        return work(*arguments)
    except (TickloopError, OSError):
        raise
    except Exception as error:
        raise RuntimeError(f"{type(error).__name__}: {error}") from error


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """While jobs are submitted: Ctrl-C reaches the whole process group, but only this process has anything to say."""
    heeded = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heeded)
