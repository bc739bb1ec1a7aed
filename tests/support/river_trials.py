"""Runs classifiers of River as experts: a process of its own, whose printed digests another run must repeat."""

import json
import sys
from collections.abc import Iterator
from hashlib import sha256
from random import Random
from time import perf_counter
from typing import Any

from streams.market.models.parameters import RiverParameters
from streams.market.models.river_catalogue import EXAMPLES
from streams.market.models.river_model import RiverModel

FEATURES = ("one", "two", "three", "four", "five")


def labelled(count: int, features: int, seed: int = 5) -> Iterator[tuple[list[float], bool, float]]:
    """Rows of signed numbers, whether the mid moved up, and the uniqueness; what matters changes half way."""
    random = Random(seed)
    for number in range(count):
        row = [random.gauss(0.0, 1.0) for _ in range(features)]
        leading = row[0] + 0.5 * row[3] if number < count // 2 else 0.7 * row[1] - row[0]
        yield row, leading + random.gauss(0.0, 0.7) > 0.0, random.choice((1.0, 0.5, 0.125))


def trial(name: str, count: int, restored: bool, features: tuple[str, ...] = FEATURES) -> dict[str, Any]:
    """Give labels to a classifier with the parameters of its example.

    Args:
        name: of the classifier.
        count: of the labels.
        restored: whether to go on from the stored form at several labels.
        features: names of the features.

    Returns:
        Digest of all opinions, digest and size of the last stored form, time of an opinion and of a label (us), right
        calls among the last half, and what the model said of itself.
    """
    parameters = RiverParameters(model=name, parameters=dict(EXAMPLES.get(name, {})), features=features)
    model = RiverModel(parameters, "market.models.tried")
    live, told, said, right = model.start(), sha256(), [], 0
    looked = learned = 0.0
    for number, (row, up, uniqueness) in enumerate(labelled(count, len(features))):
        started = perf_counter()
        opinion = model.opinion(live, row)
        between = perf_counter()
        problem = model.learn(live, row, up, uniqueness)
        looked, learned = looked + between - started, learned + perf_counter() - between
        assert 0.0 <= opinion <= 1.0, f"{name}: {opinion} at label {number}"
        told.update(repr(opinion).encode())
        right += number >= count // 2 and (opinion > 0.5) == up
        said += [problem] if problem else []
        if restored and number in (0, 6, count // 3, count // 2, count - 20):
            live = model.load(live.stored())
    state = live.stored().state
    return {
        "opinions": told.hexdigest(),
        "state": sha256(state).hexdigest(),
        "bytes": len(state),
        "opinion_us": looked / count * 1e6,
        "label_us": learned / count * 1e6,
        "right": right / (count - count // 2),
        "said": said,
    }


def main(arguments: list[str]) -> None:
    """Run the classifiers `NAME=LABELS` and print what came of each as JSON; the first argument: `restored` or not."""
    how, *asked = arguments
    counts = {name: int(count) for name, count in (each.split("=") for each in asked)}
    print(json.dumps({name: trial(name, count, how == "restored") for name, count in counts.items()}))


if __name__ == "__main__":
    main(sys.argv[1:])
