"""Experiments over symbols that move together: told partial by partial, decided by the pool that decides live."""

from math import log

import numpy as np

from schemas.experiments import ExperimentPartial, PooledDecided
from streams.experiments.declaration import Declaration
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.pooling import Pool
from streams.experiments.t_mixture import log_e, prior

SYMBOLS = tuple(f"S{number}" for number in range(8))
WINDOWS = 240
PAIRS = 6
"""Of a symbol in a window, on average."""

TEST = ExperimentParameters(
    primary="returns",
    beta=0.0,
    batch=PAIRS * len(SYMBOLS),
    expected=40.0 * PAIRS * len(SYMBOLS),
    longest=10**6,
    warmup=2,
    scope="pooled",
    clock_ns=1,
)
POOL = Pool("challenger", Declaration(symbols=SYMBOLS, test=TEST))


def sums(
    random: np.random.Generator, correlation: float, mean: float = 0.0
) -> tuple["np.typing.NDArray[np.int64]", "np.typing.NDArray[np.float64]"]:
    """Pairs and their summed scores, by window and symbol.

    Scores of one window share its shock, which all symbols share in part; the larger it is, the more pairs there are.
    """
    common = random.normal(size=(WINDOWS, 1))
    own = random.normal(size=(WINDOWS, len(SYMBOLS)))
    shock = np.sqrt(correlation) * common + np.sqrt(1.0 - correlation) * own
    counts = random.poisson(PAIRS * 0.5 * (1.0 + np.square(shock)))
    noise = random.normal(size=shock.shape) * np.sqrt(counts)
    return counts, counts * (mean + shock) + noise


def verdict(counts: "np.typing.NDArray[np.int64]", totals: "np.typing.NDArray[np.float64]") -> str:
    """What the pool says about these windows; empty while it has not decided."""
    state, plan = POOL.start(), POOL.experiment.digest
    counted, summed = np.cumsum(counts, axis=0).tolist(), np.cumsum(totals, axis=0).tolist()
    for window, (of_counts, of_sums) in enumerate(zip(counted, summed, strict=True)):
        for symbol, count, total in zip(SYMBOLS, of_counts, of_sums, strict=True):
            partial = ExperimentPartial(
                "ticks:0:0:0",
                symbol,
                window,
                "challenger",
                plan,
                "new",
                "old",
                window,
                window,
                count,
                count,
                0,
                0,
                0,
                (total, 0.0, 0.0, 0.0, 0.0),
            )
            for record in POOL.take(state, partial):
                if isinstance(record, PooledDecided):
                    return record.verdict
    return ""


def won(random: np.random.Generator, rows: int, correlation: float, mean: float = 0.0) -> int:
    """Pooled experiments that the challenger wins."""
    return sum(verdict(*sums(random, correlation, mean)) == "winner" for _ in range(rows))


def won_alone(random: np.random.Generator, rows: int, correlation: float, mean: float = 0.0) -> int:
    """Experiments that it wins on the first symbol by itself."""
    found = 0
    for _ in range(rows):
        found += bool(_crossed(_evidence(*sums(random, correlation, mean))[:, 0]))
    return found


def fooled_by_products(random: np.random.Generator, rows: int, correlation: float) -> int:
    """Without a difference: replications in which the product of the symbols' e-values says that there is one."""
    return sum(_crossed(_evidence(*sums(random, correlation)).sum(axis=1)) for _ in range(rows))


def fooled_by_counting(random: np.random.Generator, rows: int, correlation: float) -> int:
    """The same for one test in which each window of each symbol is an observation of its own."""
    found = 0
    for _ in range(rows):
        counts, totals = sums(random, correlation)
        means = (totals / PAIRS).reshape(-1)
        found += _crossed(_path(means[:, None])[len(SYMBOLS) :: len(SYMBOLS), 0])
    return found


def _evidence(counts: "np.typing.NDArray[np.int64]", totals: "np.typing.NDArray[np.float64]") -> "np.typing.NDArray[np.float64]":
    """Log evidence of each symbol by itself after each window."""
    return _path(totals / PAIRS)


def _path(means: "np.typing.NDArray[np.float64]") -> "np.typing.NDArray[np.float64]":
    n = np.arange(1, len(means) + 1)[:, None]
    mean = np.cumsum(means, axis=0) / n
    sse = np.cumsum(np.square(means), axis=0) - n * np.square(mean)
    g = prior(TEST.alpha, 40.0)
    path = [
        [log_e(int(count), each, max(0.0, of), g) for each, of in zip(row, left, strict=True)]
        for count, row, left in zip(n[:, 0], mean.tolist(), sse.tolist(), strict=True)
    ]
    return np.array(path)


def _crossed(path: "np.typing.NDArray[np.float64]") -> bool:
    """Whether it is ever decided, with no fewer batches than the pool has."""
    return bool((path[TEST.minimum_batches - 1 :] >= -log(TEST.alpha)).any())
