"""Says on the terminal that the broker does not answer, and that the command continues when it is back."""

import logging
import time

import click

AGAIN_S = 30.0


class AbsentBroker(logging.Handler):
    """Log handler that replaces aiokafka's line at every attempt to reconnect by one line now and then."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._said = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("Unable connect to node") and time.monotonic() > self._said + AGAIN_S:
            self._said = time.monotonic()
            click.secho("the broker does not answer; waiting until it is back (Ctrl-C to stop)", fg="yellow", err=True)


def say_when_the_broker_is_away() -> None:
    """Install the handler; called once the broker has answered, since one that never did is an error."""
    logging.getLogger("aiokafka").addHandler(AbsentBroker())
