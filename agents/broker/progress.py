"""Shows the progress of a download on standard error: a bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


@contextmanager
def download_progress(what: str, size: int) -> Iterator[Callable[[int], None]]:
    """Context manager that shows the progress of a download during the block.

    It yields a function, to be called with the number of bytes that arrived since its last call.

    Args:
        what: name of the download, shown before the bar.
        size: total number of bytes.
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
