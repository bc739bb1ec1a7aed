"""Reserves ports among Tickloop processes, so that two of them that start at once do not choose the same free port.

A reservation is a locked file in the temporary folder. The kernel frees it when the process ends, however it ends.
"""

import fcntl
import os
from pathlib import Path
from tempfile import gettempdir
from typing import BinaryIO

_HELD: dict[int, BinaryIO] = {}


def reserve(port: int) -> bool:
    """Reserve `port` until this process ends or releases it; return False if another process has reserved it.

    If the reservation cannot be written, for example on a full disk, nothing is reserved and the answer is True.
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
    """End this process's reservation of `port`; without one, nothing happens."""
    if (file := _HELD.pop(port, None)) is not None:
        file.close()


def reserved_by(port: int) -> str:
    """Description, for an error message, of the process that reserved `port` last.

    The description is `a tickloop that is starting` with its process id, or `another program` if nobody has reserved
    the port.
    """
    try:
        pid = _path(port).read_text()
    except OSError:
        pid = ""
    return f"a tickloop that is starting (pid {pid})" if pid else "another program"


def _path(port: int) -> Path:
    return Path(gettempdir()) / f"tickloop-ports-{os.getuid()}" / str(port)
