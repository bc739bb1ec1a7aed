"""Damages stored states of River's classifiers and loads them: `python -m tests.support.river_damage COUNT NAME...`."""

import sys
from collections import Counter
from random import Random
from typing import Any

from msgspec import MsgspecError, msgpack
from msgspec.structs import replace

from schemas.errors import ModelRefused
from schemas.models import RiverState
from streams.market.models.parameters import RiverParameters
from streams.market.models.river_catalogue import EXAMPLES
from streams.market.models.river_model import RiverModel
from tests.support.river_trials import labelled

FEATURES = ("return_1", "return_10", "zscore", "queue_imbalance", "rsi")
ODD = (2**20, 2**31 - 1, 2**40, 2**60, 2**63 - 1, -1, 0, 1e308, float("nan"), float("inf"), None, True)
EIGHT = (b"\xff" * 8, (2**40).to_bytes(8, "little"), (2**20).to_bytes(8, "little"), bytes(8))


def learned(name: str, count: int = 200) -> tuple[RiverModel, RiverState]:
    """A classifier, and its state after some labels."""
    model = RiverModel(RiverParameters(model=name, parameters=dict(EXAMPLES.get(name, {})), features=FEATURES), "tried")
    live = model.start()
    for row, up, uniqueness in labelled(count, len(FEATURES)):
        model.learn(live, row, up, uniqueness)
    stored = live.stored()
    return model, RiverState(stored.features, stored.declared, stored.state, stored.n_seen)


def damaged(random: Random, state: bytes) -> bytes:
    """The bytes of a state with some bytes, numbers or parts changed."""
    if random.random() < 0.3:
        changed = bytearray(state)
        for _ in range(random.randint(1, 4)):
            changed[random.randrange(len(changed))] = random.randrange(256)
        return bytes(changed[: random.choice((len(changed), random.randrange(1, len(changed))))])
    root, texts, shapes, nodes = msgpack.decode(state)
    for _ in range(random.randint(1, 3)):
        node: list[Any] = random.choice(nodes)
        if len(node) < 2:
            continue
        at = random.randrange(1, len(node))
        part = node[at]
        if isinstance(part, bytes) and len(part) > 8:
            place = random.randrange(len(part) - 7)
            node[at] = part[:place] + random.choice(EIGHT) + part[place + 8 :]
        elif isinstance(part, list) and len(part) > 1:
            part[random.randrange(len(part))] = random.choice(ODD)
        else:
            node[at] = random.choice(ODD)
    return msgpack.encode((root, texts, shapes, nodes))


def main(count: int, names: list[str]) -> None:
    """Print for each classifier how many damaged states were refused, were gone on from, and failed on the way."""
    for name in names:
        model, state = learned(name)
        random, found = Random(name), Counter[str]()
        for _ in range(count):
            try:
                live = model.load(replace(state, state=damaged(random, state.state)))
            except (ModelRefused, MsgspecError):
                found["refused"] += 1
                continue
            try:
                for row, up, uniqueness in labelled(10, len(FEATURES), seed=9):
                    model.opinion(live, row)
                    model.learn(live, row, up, uniqueness)
                found["went on"] += 1
            except Exception:  # noqa: BLE001 - the pipeline reports whatever a model raises
                found["failed"] += 1
        print(name, dict(sorted(found.items())))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
