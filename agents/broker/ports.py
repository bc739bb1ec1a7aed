"""Finds free ports of the loopback interface."""

import socket
from collections.abc import Iterable

from agents.broker.reserved_ports import reserve

HOST = "127.0.0.1"
HIGHEST = 64_000
"""Highest port at which a row of consecutive ports may begin."""


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen on `port` now.

    Args:
        port: the port to try.
        host: one of this machine's own addresses, on which the server would listen.
    """
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still winding down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def any_free() -> int:
    """A free port of the loopback interface, chosen by the kernel; it is not reserved for the caller."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def row_of_free(count: int) -> int:
    """The first of `count` consecutive free ports of the loopback interface; they are not reserved for the caller."""
    while True:
        first = any_free()
        if first + count < HIGHEST and all(is_free(port) for port in range(first, first + count)):
            return first


def first_free(preferred: Iterable[int]) -> int:
    """Reserve and return the first free port of `preferred`. If none of them is free, return any free port, unreserved.

    A reservation counts among Tickloop processes only, and ends with this process.
    """
    return next((port for port in preferred if is_free(port) and reserve(port)), None) or any_free()
