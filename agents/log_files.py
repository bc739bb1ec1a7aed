"""Files that processes write their output to: kept small while they are written, and read from the end."""

import os
import shutil
from pathlib import Path

MOST_BYTES = 10_000_000
"""Size at which a file is put aside."""

KEPT = 5
"""Files that were put aside and are kept: `.1`, the youngest, to `.5`."""

TAIL_BYTES = 1024 * 1024


def rotate(file: Path, most_bytes: int = MOST_BYTES, kept: int = KEPT) -> bool:
    """Put aside what a file holds once it is larger than `most_bytes`; whether it was.

    The file is emptied where it is, because its writer has it open: that writer must append. What is put aside is the
    end of it, at most `most_bytes`. What is written in the moment between copying and emptying is lost.

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
