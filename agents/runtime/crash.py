"""Ends the process at an unexpected error; the process that replaces it recovers the state."""

import logging
import os
from collections.abc import Callable

from schemas.errors import StateError, TickloopError

log = logging.getLogger(__name__)

EXIT_ENVIRONMENT = 3
EXIT_STATE = 4
EXIT_CRASHED = 70


_explain: Callable[[BaseException], str] = str


def explain_with(explain: Callable[[BaseException], str]) -> None:
    """Set the function that turns an error into the last log message of `stop_the_process`."""
    global _explain
    _explain = explain


def stop_the_process(error: BaseException) -> None:
    """Log `error` and end the process at once, without any clean-up. Does not return.

    State in memory can be lost safely, because the process that is started next recovers it. Errors of stored state
    have an exit code of their own, which differs from that of all other errors.
    """
    # Where an error of ours came from helps nobody, and would be the last words in the place of its sentence.
    log.critical("stopping at once: %s", _explain(error), exc_info=None if isinstance(error, TickloopError) else error)
    logging.shutdown()
    os._exit(EXIT_STATE if isinstance(error, StateError) else EXIT_CRASHED)
