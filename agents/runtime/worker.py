"""Runs one worker process: the Faust app under Faust's worker, with this package's logging."""

import asyncio
import gc
import logging
import sys

import faust
from faust.worker import Worker

FREEZE_S = 1.0
LOG_FORMAT = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"


def configure_logging(verbose: bool) -> None:
    """Log to standard error: messages of this package from INFO on, those of libraries from WARNING on.

    Args:
        verbose: log one level more: from DEBUG on for this package, and from INFO on for `aiokafka`, `faust` and
            `mode`.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format=LOG_FORMAT, force=True)
    logging.getLogger("agents").setLevel(logging.DEBUG if verbose else logging.INFO)
    for library in ("aiokafka", "faust", "mode", "agents.runtime.app", "agents.runtime.transport"):
        logging.getLogger(library).setLevel(logging.INFO if verbose else logging.WARNING)


def run_worker(app: faust.App, verbose: bool = False) -> None:
    """Run the app until SIGTERM or SIGINT, which end it cleanly with a last checkpoint. Does not return.

    Args:
        app: the Faust app.
        verbose: log one level more, as `configure_logging` says.
    """
    configure_logging(verbose)
    app.conf.datadir.parent.mkdir(parents=True, exist_ok=True)
    worker = Worker(app, override_logging=False, loglevel=None, redirect_stdouts=False, quiet=True)
    worker.spinner = None
    # What was imported stays: a collection that walks through it would hold every tick up for a tenth of a second.
    gc.collect()
    gc.freeze()

    async def keep_frozen() -> None:
        await keep_imports_frozen(app)

    app.task(keep_frozen)
    worker.execute_from_commandline()


async def keep_imports_frozen(app: faust.App) -> None:
    """Exclude from garbage collection the modules that are imported while the app runs, until it stops.

    A collection that walks through SciPy, for example, would hold every tick up for a tenth of a second.
    """
    known = len(sys.modules)
    while not app.should_stop:
        await asyncio.sleep(FREEZE_S)
        if len(sys.modules) > known:
            known = len(sys.modules)
            gc.freeze()
