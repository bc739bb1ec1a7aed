"""A market in which a challenger is better, until it is sabotaged, and the experiment that is to find both out."""

from collections.abc import Iterator
from random import Random

from schemas.commands import StartVariant
from schemas.ticks import Quote

SYMBOL = "AAA"
NAME = "sharp"
START_NS = 1_704_067_200_000_000_000

CONFIGURATION = """
[market]
horizon_ns = 100_000_000
scored_per_horizon = 4

[market.mixture]
share = 0.0
prior = {flat = 1.0, imbalance = 0.0, momentum = 0.0, mean_reversion = 0.0, signed_logistic = 0.0}

[market.correction]
variance = 0.0

[experiments.sharp]
starts = "from_nothing"
apply = "automatic"
arm.mixture.prior = {flat = 0.0, imbalance = 1.0}

[experiments.sharp.test]
primary = "log_loss"
batch = 20
expected = 600.0
longest = 10_000
warmup = 60
minimum_batches = 20
worth = 0.02

[experiments.sharp.watch]
run = 2_000.0
canary = 100
confirmed = 4_000
"""
"""The live arm has no opinion; the challenger believes in the imbalance of the book, which is right in this market."""

START = StartVariant(
    "planted:start",
    SYMBOL,
    1,
    NAME,
    "a test",
    {"mixture": {"prior": {"flat": 0.0, "imbalance": 1.0}}},
    experiment=NAME,
)


def planted_market(honest: int, sabotaged: int, seed: int = 7) -> Iterator[Quote]:
    """Quotes in which the imbalance of the book mostly tells the next moves, then ones in which it tells the opposite.

    A quote every 10 ms; the side that is heavier changes at random every 10 quotes.
    """
    random = Random(seed)
    mid, heavy = 100_000, 1
    for number in range(honest + sabotaged):
        if not number % 10:
            heavy = random.choice((-1, 1))
        told = heavy if number < honest else -heavy
        mid += told if random.random() < 0.7 else -told
        bid, ask = (3.0, 1.0) if heavy > 0 else (1.0, 3.0)
        yield Quote(SYMBOL, START_NS + number * 10_000_000, (mid - 1) / 1_000, bid, (mid + 1) / 1_000, ask)
