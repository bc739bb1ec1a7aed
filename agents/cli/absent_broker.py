"""A sentence for whoever waits: the broker is away, and the command goes on when it is back."""

import logging
import time

import click

AGAIN_S = 30.0


class AbsentBroker(logging.Handler):
    """Turns what aiokafka logs at every attempt to reconnect into one line now and then."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._said = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("Unable connect to node") and time.monotonic() > self._said + AGAIN_S:
            self._said = time.monotonic()
            click.secho("the broker does not answer; waiting until it is back (Ctrl-C to stop)", fg="yellow", err=True)


def say_when_the_broker_is_away() -> None:
    """From now on; a broker that was never there is an error and not a reason to wait."""
    logging.getLogger("aiokafka").addHandler(AbsentBroker())
