"""One process at a time: an advisory lock on a file, given back by the kernel even after `kill -9`."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import EnvironmentProblem


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait until no other process holds the lock at `path`, then hold it for the length of the block."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def alone(path: Path, what: str, fix: str) -> Iterator[None]:
    """Hold the lock at `path` for the length of the block, or refuse at once because another process does.

    The file names the process that took the lock last, for people; only the lock itself shows whether it is held.

    Args:
        path: of the lock; its folder is made.
        what: name, for the error, of that of which only one may run.
        fix: what to do when there is one already; `{pid}` in it becomes its process id.

    Raises:
        EnvironmentProblem: another process holds it; the sentence has its process id.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid = file.read().strip()
            raise EnvironmentProblem(
                f"expected no other {what} of {path.parent}, one runs already (pid {pid}); "
                f"fix: {fix.replace('{pid}', pid)}"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def exclusive_at_once(path: Path) -> Iterator[bool]:
    """Whether no other process holds the lock at `path`; if none does, this one has it for the length of the block."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
