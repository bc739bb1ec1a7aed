"""Locks on files, each held by one process at a time at most; the kernel frees a lock when its holder ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import EnvironmentProblem


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Context manager that waits until no other process holds the lock file `path`, then holds it during the block."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def alone(path: Path, what: str, fix: str) -> Iterator[None]:
    """Context manager that holds the lock file `path` during the block, and raises at once if another process holds it.

    The file contains the process id of the last holder. That id is for the error message only: whether the lock is
    held is decided by the kernel, not by the content of the file.

    Args:
        path: lock file; its folder is created.
        what: name of the program that may run only once, for the error message.
        fix: advice for the error message; `{pid}` in it is replaced by the process id of the holder.

    Raises:
        EnvironmentProblem: another process holds the lock; the message has its process id.
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
    """Context manager that tries to take the lock file `path` without waiting, and holds it during the block.

    It yields True if the lock was taken, and False if another process holds it; the block runs in both cases.
    """
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
