"""A worker that runs two nodes on one topic: `python -m tests.support.two_nodes_worker SLOT`."""

import os
import sys
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from agents.config.settings import Settings
from agents.runtime.app import create_app
from agents.runtime.worker import run_worker
from schemas.topics import DEAD_LETTERS, Topic
from tests.support.counting import Count, CountingNode


class Squared(Struct, frozen=True):
    """The square of the number of ticks of a symbol, after one tick."""

    id: str
    symbol: str
    square: int


SQUARES = Topic("squares", Squared, "one for every tick, in tests only")


class SquaringNode(CountingNode):
    name = "squaring"
    outputs = (SQUARES, DEAD_LETTERS)

    def step(self, state: Count, event: Any, record_id: str) -> Sequence[Struct]:
        state.count += 1
        return (Squared(record_id, event.symbol, state.count**2),)


if __name__ == "__main__":
    settings = Settings.load()
    nodes = [CountingNode(), SquaringNode()]
    run_worker(create_app(settings, os.environ["TICKLOOP_BOOTSTRAP"], nodes, f"{settings.group}-{sys.argv[1]}"))
