"""Progress of a download on standard error: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


@contextmanager
def download_progress(what: str, size: int) -> Iterator[Callable[[int], None]]:
    """Show progress during the block; yields a function to call with the number of bytes that arrived.

    Args:
        what: shown before the bar.
        size: bytes in all.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        print(f"{what}: downloading {size / 1e6:.0f} MB ...", file=sys.stderr, flush=True)
        yield lambda _count: None
        print(f"{what}: downloaded", file=sys.stderr, flush=True)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task(what, total=size)
        yield lambda count: progress.advance(task, count)
