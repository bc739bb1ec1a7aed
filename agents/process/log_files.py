"""Limits the size of the log files that processes write their output to, and reads their ends.

A process of this project begins a new file by itself and loses no line (`reopen`). The local broker cannot do
so; its file is copied and emptied while the broker keeps it open (`rotate`).
"""

import logging
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event, Thread

MOST_BYTES = 10_000_000
"""Size at which a file is put aside."""

KEPT = 5
"""Files that were put aside and are kept: `.1`, the youngest, to `.5`."""

TAIL_BYTES = 1024 * 1024

LEAST_FREE = 64 * 1024
"""Bytes; with fewer than these on its disk a log may lack its end."""

OWN_LOG = "TICKLOOP_LOG_FILE"
"""Variable that tells a process which file its output goes to; set by who opened it."""

LOOK_EVERY_S = 1.0

log = logging.getLogger(__name__)


def keep_own_log_small(
    environment: Mapping[str, str] = os.environ,
    every_s: float = LOOK_EVERY_S,
    most_bytes: int = MOST_BYTES,
    kept: int = KEPT,
) -> None:
    """Start a thread that moves this process's output to a new log file whenever the file has become too large.

    The variable `TICKLOOP_LOG_FILE` names the log file; without it nothing happens.

    Args:
        environment: variables of the process.
        every_s: interval at which the size of the file is checked, seconds.
        most_bytes: size above which a new file is begun, bytes.
        kept: number of older files that are kept.
    """
    if name := environment.get(OWN_LOG):
        arguments = (Path(name), every_s, most_bytes, kept)
        Thread(target=_keep_small, args=arguments, name="own log", daemon=True).start()


def _keep_small(file: Path, every_s: float, most_bytes: int, kept: int) -> None:
    never = Event()
    while not never.wait(every_s):
        try:
            reopen(file, most_bytes, kept)
        except OSError as error:
            log.warning("%s is not put aside: %s; fix: free space, or delete it", file, error)


def reopen(file: Path, most_bytes: int = MOST_BYTES, kept: int = KEPT) -> bool:
    """Move this process's output to a new log file if the present one is too large; return whether it was moved.

    The present file is first renamed to `FILE.1`, while output still goes to it. Then a new file is opened, so no
    line is lost. Nothing changes if this process's output goes elsewhere, for example to a pipe.

    Args:
        file: log file that standard output and standard error of this process go to.
        most_bytes: size above which a new file is begun, bytes.
        kept: number of older files that are kept.

    Raises:
        OSError: the disk is full, or the file may not be renamed or created.
    """
    sys.stdout.flush()
    mine = os.fstat(1)
    if not _is_same(file, mine):
        # It was renamed already, and then there was no room for a new one.
        if file.exists() or not _is_same(aside(file, 1), mine):
            return False
    elif mine.st_size <= most_bytes:
        return False
    else:
        make_room(file, kept)
        file.replace(aside(file, 1))
    new = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        for number in (1, 2):
            if os.path.samestat(os.fstat(number), mine):
                os.dup2(new, number)
    finally:
        os.close(new)
    return True


def _is_same(file: Path, as_this: os.stat_result) -> bool:
    try:
        return os.path.samestat(file.stat(), as_this)
    except FileNotFoundError:
        return False


def rotate(file: Path, most_bytes: int = MOST_BYTES, kept: int = KEPT) -> bool:
    """Copy the end of a log file to `FILE.1` and empty the file, if it is too large; return whether it was too large.

    The file is emptied in place, because the process that writes to it keeps it open; that process must have opened
    it for appending. Lines written between copying and emptying are lost. So this is only used for the local broker.

    Args:
        file: log file of another process.
        most_bytes: size above which the file is emptied, and most bytes of its end that are copied.
        kept: number of older files that are kept.

    Raises:
        OSError: the disk is full, or the file may not be changed.
    """
    try:
        size = file.stat().st_size
    except FileNotFoundError:
        return False
    if size <= most_bytes:
        return False
    copied = aside(file, 0)
    with file.open("rb") as source, copied.open("wb") as target:
        source.seek(size - most_bytes)
        shutil.copyfileobj(source, target)
    os.truncate(file, 0)
    make_room(file, kept)
    copied.replace(aside(file, 1))
    return True


def make_room(file: Path, kept: int = KEPT) -> None:
    """Rename each older log file `FILE.N` to the next number, so that `FILE.1` is free; the oldest is overwritten.

    Args:
        file: the log file, without a number.
        kept: number of older files that are kept, which is also the number of the oldest.
    """
    for number in range(kept - 1, 0, -1):
        if (older := aside(file, number)).exists():
            older.replace(aside(file, number + 1))


def aside(file: Path, number: int) -> Path:
    """Return the path that a log file gets as an older one with this number; 1 is the newest.

    >>> aside(Path("logs/worker-1.log"), number=2).as_posix()
    'logs/worker-1.log.2'
    """
    return file.with_name(f"{file.name}.{number}")


def tail(file: Path, lines: int) -> list[str]:
    """Return the last lines of a file, at most `lines`, from its last 1 MiB; empty if there is no such file."""
    try:
        with file.open("rb") as source:
            source.seek(max(0, file.stat().st_size - TAIL_BYTES))
            return source.read().decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []


def last_words(file: Path, lines: int = 15) -> list[str]:
    """Return the last lines of a log file for an error message; if it is missing or empty, a line that says so.

    A line is added if the disk is full, since the end of the log may then be missing.

    Args:
        file: log file of a process.
        lines: largest number of lines from the file.

    >>> last_words(Path("no-such-log"))
    ['(nothing was written to no-such-log)']
    """
    words = tail(file, lines) or [f"(nothing was written to {file})"]
    folder = file.parent if file.parent.exists() else Path()
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        words.append(f"(its disk is full, {free:,} bytes are free, so the end may be missing; fix: free space)")
    return words
