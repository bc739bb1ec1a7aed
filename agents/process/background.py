"""Background tasks that end their process with a readable error, however they end.

A task that nobody awaits can fail unnoticed while the rest of the process goes on. So a task that should
run as long as its process is wrapped, as in `owned("the follower of the page", follow())`, and started in a
task group or awaited with `first_end`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.errors import KafkaError

from schemas.errors import EnvironmentProblem, TickloopError

log = logging.getLogger(__name__)


async def owned(name: str, work: Awaitable[object]) -> None:
    """Await work that should never end; if it ends all the same, raise an error, even if it did not fail.

    Args:
        name: what the work is, for the message, such as `the retrainer`.
        work: runs until it is cancelled.

    Raises:
        TickloopError: the work ended. If the work raised a `TickloopError`, the same error is raised again. Any
            other error is quoted in one line of the message, and its traceback is logged.
        EnvironmentProblem: the work failed with an error of Kafka.
        CancelledError: the task that awaits `owned` was cancelled from outside.
    """
    try:
        await work
    except asyncio.CancelledError as error:
        own = asyncio.current_task()
        if own is not None and own.cancelling():
            raise
        log.error("%s: cancelled by nobody who may", name, exc_info=error)
        said_so = f"{name} ended, which ends its process: a task within it was cancelled; fix: see the log"
        raise TickloopError(said_so) from error
    except (Exception, BaseExceptionGroup) as error:
        found = first_error(error)
        if isinstance(found, TickloopError):
            raise found from None
        if isinstance(found, KafkaError):
            raise EnvironmentProblem(f"{name}: expected the cluster to answer, got {found!r}") from error
        log.error("%s: an error that nobody expected", name, exc_info=error)
        raise TickloopError(f"{name} ended, which ends its process: {said(found)}; fix: see the log") from error
    raise TickloopError(f"{name} ended without an error, which ends its process; fix: see the log")


async def first_end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Wait until one of the tasks ends, and raise its error if it has one.

    Raises:
        TickloopError: a task that was wrapped in `owned` ended. A task that was not wrapped raises its own error.
    """
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


@asynccontextmanager
async def ungrouped(*kinds: type[Exception]) -> AsyncIterator[None]:
    """Replace an exception group that the block raises by the first error of the given kinds in the group.

    The block usually holds a task group. The statement `except*` cannot replace a group by a single error:
    before Python 3.11.4, it puts every error raised in its body into a group again.

    Args:
        kinds: classes of errors; a group without any of them is raised unchanged.
    """
    try:
        yield
    except BaseExceptionGroup as errors:
        found = errors.subgroup(kinds)
        if found is None:
            raise
        raise first_error(found) from None


def first_error(error: BaseException) -> BaseException:
    """Return the first error inside an exception group, which may hold further groups; any other error as it is.

    >>> first_error(ExceptionGroup("", [ExceptionGroup("", [ValueError("why")])]))
    ValueError('why')
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def said(error: BaseException, most: int = 300) -> str:
    r"""Return an error as one line: its class, and at most `most` characters of its message.

    >>> said(ValueError("a\nb")), said(TimeoutError())
    ('ValueError: a b', 'TimeoutError')
    """
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:most]}" if words else type(error).__name__
