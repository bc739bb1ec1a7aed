"""Background tasks whose end, by an error or not, ends their process with a readable error.

A task that is not awaited can fail unnoticed while the rest of its process continues. So each task that should run as
long as its process is started in a task group, or with others under `first_end`, as
`owned("the follower of the page", follow())`.
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
    """Await work that should never end; if it does, even without an error, raise an error.

    Args:
        name: of the work, for people: `the retrainer`.
        work: that runs until it is cancelled.

    Raises:
        TickloopError: what the work raised, in a sentence; of the kind that it raised, if that is one of ours.
        CancelledError: it was cancelled by whoever owns it; a cancellation from within is an end like any other.
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
    """Wait until one of the tasks ends, and raise what it raised.

    Raises:
        TickloopError: of the task that ended, as `owned` says it.
    """
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


@asynccontextmanager
async def ungrouped(*kinds: type[Exception]) -> AsyncIterator[None]:
    """Wrap a task group: the first error of the given kinds is raised by itself, instead of an exception group.

    `except*` is not the place for it: before Python 3.11.4 what is raised there is put into a group again.

    Args:
        kinds: of errors; a group without any of them is raised as it is.
    """
    try:
        yield
    except BaseExceptionGroup as errors:
        found = errors.subgroup(kinds)
        if found is None:
            raise
        raise first_error(found) from None


def first_error(error: BaseException) -> BaseException:
    """The first error that is no group of errors: groups in groups come of task groups in task groups.

    >>> first_error(ExceptionGroup("", [ExceptionGroup("", [ValueError("why")])]))
    ValueError('why')
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def said(error: BaseException, most: int = 300) -> str:
    """An error in a line of bounded length.

    >>> said(ValueError("a\\nb")), said(TimeoutError())
    ('ValueError: a b', 'TimeoutError')
    """
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:most]}" if words else type(error).__name__
