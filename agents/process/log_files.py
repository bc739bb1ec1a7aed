"""Files that processes write their output to: kept small while they are written, and read from the end.

A process of ours changes files by itself, see `reopen`, and loses nothing. The local broker cannot be told to, and has
its file emptied under it, see `rotate`.
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
    """Start a thread that rotates this process's log file; does nothing if the environment names no file."""
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
    """Go on in a new file once the one that this process writes to is larger than `most_bytes`; whether it did.

    The old one is renamed, while output still goes to it, and then output goes to the new one: every line is in one of
    them. A process whose output goes elsewhere, a child for example that has a pipe, changes nothing.

    Raises:
        OSError: the disk is full, or the file is not ours.
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
    """Put aside what a file holds once it is larger than `most_bytes`; whether it was.

    The file is emptied where it is, because its writer has it open and cannot be told to open another: that writer must
    append. What is put aside is the end of it, at most `most_bytes`. What is written in the moment between copying and
    emptying is lost, so this is for the local broker alone.

    Raises:
        OSError: the disk is full, or the file is not ours.
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
    """Move each file that was put aside to the next number, so that `.1` is free; the oldest goes."""
    for number in range(kept - 1, 0, -1):
        if (older := aside(file, number)).exists():
            older.replace(aside(file, number + 1))


def aside(file: Path, number: int) -> Path:
    """Where the content of a file is put aside.

    >>> aside(Path("logs/worker-1.log"), 2).as_posix()
    'logs/worker-1.log.2'
    """
    return file.with_name(f"{file.name}.{number}")


def tail(file: Path, lines: int) -> list[str]:
    """The last lines of a file, whatever its size; none if there is no such file."""
    try:
        with file.open("rb") as source:
            source.seek(max(0, file.stat().st_size - TAIL_BYTES))
            return source.read().decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []


def last_words(file: Path, lines: int = 15) -> list[str]:
    """The last lines of a file for an error, and why they may be missing; never none.

    >>> last_words(Path("no-such-log"))
    ['(nothing was written to no-such-log)']
    """
    words = tail(file, lines) or [f"(nothing was written to {file})"]
    folder = file.parent if file.parent.exists() else Path()
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        words.append(f"(its disk is full, {free:,} bytes are free, so the end may be missing; fix: free space)")
    return words
