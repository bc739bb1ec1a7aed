"""The one answer to an unexpected error: end the process; what starts next recovers from snapshots and the log."""

import logging
import os

from schemas.errors import StateError

log = logging.getLogger(__name__)

EXIT_ENVIRONMENT = 3
EXIT_STATE = 4
EXIT_CRASHED = 70


def stop_the_process(error: BaseException) -> None:
    """End at once on an unexpected error: live state is disposable, the supervisor starts a process that recovers."""
    log.critical("stopping at once: %s", error, exc_info=error)
    logging.shutdown()
    os._exit(EXIT_STATE if isinstance(error, StateError) else EXIT_CRASHED)
