"""Tells the user that the broker stopped answering, and that the command goes on when the broker is back."""

import logging
import time

import click

AGAIN_S = 30.0


class AbsentBroker(logging.Handler):
    """Log handler that prints a message, at most every 30 seconds, when aiokafka fails to reconnect to a broker.

    It is meant to be added to the logger of aiokafka, which logs every failed attempt.
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._said = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("Unable connect to node") and time.monotonic() > self._said + AGAIN_S:
            self._said = time.monotonic()
            click.secho("the broker does not answer; waiting until it is back (Ctrl-C to stop)", fg="yellow", err=True)


def say_when_the_broker_is_away() -> None:
    """Install a log handler that prints a message whenever the broker stops answering.

    Call it once the broker has answered for the first time. A broker that never answered is reported as an error
    instead.
    """
    logging.getLogger("aiokafka").addHandler(AbsentBroker())
