"""Ports that were found free, promised to one process: two that start at once would find the same ones free.

A promise is an advisory lock on a file, so it ends with its process, however that ends.
"""

import fcntl
import os
from pathlib import Path
from tempfile import gettempdir
from typing import BinaryIO

_HELD: dict[int, BinaryIO] = {}


def promise(port: int) -> bool:
    """Whether a port is this process's to take, from now on and for as long as it lives.

    Where promises cannot be kept, on a full disk for example, every port is: it was found free.
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


def give_back(port: int) -> None:
    """End a promise, if this process has it."""
    if (file := _HELD.pop(port, None)) is not None:
        file.close()


def promised_to(port: int) -> str:
    """Who has the promise of a port, for people."""
    try:
        pid = _path(port).read_text()
    except OSError:
        pid = ""
    return f"a tickloop that is starting (pid {pid})" if pid else "another program"


def _path(port: int) -> Path:
    return Path(gettempdir()) / f"tickloop-ports-{os.getuid()}" / str(port)
