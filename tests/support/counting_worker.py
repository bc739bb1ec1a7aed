"""A worker of the counting node: `python counting_worker.py SLOT`, settings from the environment.

`COUNTING_BOMB=SYMBOL:COUNT` has its step raise at that event of that symbol, as a mistake in a node would.
`COUNTING_CODE=NAME:DIGEST` has it say that this part of what computes is another one, and compute otherwise.
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
    """Counts until it meets one event that it cannot cope with."""

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
    """What this worker says that it computes with."""
    parts = configured_identity({}).parts
    name, _, digest = os.environ.get(CODE, "").partition(":")
    return Identity(parts | {name: digest} if name else parts)


if __name__ == "__main__":
    main(sys.argv[1])
