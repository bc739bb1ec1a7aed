"""Reserves free ports for one process, since two processes that start at once would find the same ones free.

A reservation is an advisory lock on a file, so it ends with its process, however that ends.
"""

import fcntl
import os
from pathlib import Path
from tempfile import gettempdir
from typing import BinaryIO

_HELD: dict[int, BinaryIO] = {}


def reserve(port: int) -> bool:
    """Reserve a port for as long as this process lives; returns whether that succeeded.

    Where reservations cannot be written, for example on a full disk, it always succeeds.
    """
    if port in _HELD:
        return True
    path = _path(port)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        file = path.open("a+b")
    except OSError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    file.truncate(0)
    file.write(str(os.getpid()).encode())
    file.flush()
    _HELD[port] = file
    return True


def release(port: int) -> None:
    """End the reservation of a port, if this process has it."""
    if (file := _HELD.pop(port, None)) is not None:
        file.close()


def reserved_by(port: int) -> str:
    """Name, for people, of the process that reserved a port."""
    try:
        pid = _path(port).read_text()
    except OSError:
        pid = ""
    return f"a tickloop that is starting (pid {pid})" if pid else "another program"


def _path(port: int) -> Path:
    return Path(gettempdir()) / f"tickloop-ports-{os.getuid()}" / str(port)
