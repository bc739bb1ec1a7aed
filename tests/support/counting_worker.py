"""A worker of the counting node: `python -m tests.support.counting_worker SLOT`, with settings from the environment.

With `COUNTING_BOMB=SYMBOL:COUNT` the node raises an error at that tick of that symbol, as a mistake in it
would. With `COUNTING_CODE=NAME:DIGEST` the worker says that this part of the code has changed, and computes
otherwise.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from agents.config.settings import Settings
from agents.identity.computing import Identity, configured_identity
from agents.runtime.app import create_app
from agents.runtime.worker import run_worker
from tests.support.counting import Count, CountingNode, OtherwiseNode

BOMB = "COUNTING_BOMB"
CODE = "COUNTING_CODE"


class MistakenNode(CountingNode):
    """A counting node that raises an error at one tick."""

    def __init__(self, bomb: str) -> None:
        super().__init__()
        self._symbol, _, count = bomb.partition(":")
        self._count = int(count)

    def step(self, state: Count, event: Any, record_id: str) -> Sequence[Struct]:
        outputs = super().step(state, event, record_id)
        if event.symbol == self._symbol and state.count == self._count:
            raise ZeroDivisionError(f"mistake in the step, at {record_id}")
        return outputs


def main(slot: str) -> None:
    settings = Settings.load()
    bomb = os.environ.get(BOMB)
    node = MistakenNode(bomb) if bomb else OtherwiseNode() if os.environ.get(CODE) else CountingNode()
    run_worker(create_app(settings, settings.bootstrap, [node], f"{settings.group}-{slot}", identity()))


def identity() -> Identity:
    """Digests of the code and configuration of this worker, which are stored with its snapshots."""
    parts = configured_identity({}).parts
    name, _, digest = os.environ.get(CODE, "").partition(":")
    return Identity(parts | {name: digest} if name else parts)


if __name__ == "__main__":
    main(sys.argv[1])
