"""Pools of worker processes that end together with the command, even after an error or Ctrl-C."""

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
    """Open a pool of processes for the duration of the block, and wait for its work at the end.

    If the block ends with an error or Ctrl-C, the processes are killed with SIGKILL. With SIGTERM, a process could
    end while it holds the lock of a queue, and the others would wait for ever.

    Args:
        processes: largest number of processes.
        begin: called once in each new process.
        arguments: arguments of `begin`.
        tasks_each: number of tasks after which a process is replaced; None: never.

    Raises:
        EnvironmentProblem: one of the processes died, probably for lack of memory.
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
    """Call `work` and return its result; raise only errors that another process can unpickle.

    This function is meant to run in a process of a pool, which sends errors back to the main process. An
    error of a user's plug-in may be impossible to unpickle there, and would then break the whole pool.

    Args:
        work: what to call.
        arguments: arguments of `work`.

    Raises:
        TickloopError, OSError: raised by `work`, unchanged.
        RuntimeError: `work` raised any other error; the message has the class and message of that error.
    """
    try:
        return work(*arguments)
    except (TickloopError, OSError):
        raise
    except Exception as error:
        raise RuntimeError(f"{type(error).__name__}: {error}") from error


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Ignore Ctrl-C in the block, so that processes started in it ignore it as well.

    Ctrl-C reaches all processes of a command at once, but only the main one should react to it.
    """
    heeded = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heeded)
