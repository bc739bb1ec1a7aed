"""Experiments that decide on several symbols together, which move together, through the code that decides live."""

from math import log

import numpy as np
from numpy.typing import NDArray

from schemas.experiments import ExperimentPartial, PooledDecided
from streams.experiments.declaration import Declaration
from streams.experiments.engines.e_process_of_batch_means import log_e, prior
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.pooling_node import Pool

Counts = NDArray[np.int64]
Table = NDArray[np.float64]

SYMBOLS = tuple(f"S{number}" for number in range(8))
WINDOWS = 240
PAIRS = 6
"""Mean number of pairs of a symbol in a window."""

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


def sums(random: np.random.Generator, correlation: float, mean: float = 0.0) -> tuple[Counts, Table]:
    """Random numbers of pairs, and sums of their scores, by window of time and symbol.

    Scores of a window share a shock, part of which all symbols share. Larger shocks come with more pairs.

    Args:
        random: source of the random numbers.
        correlation: correlation of the shocks of two symbols, 0 to 1.
        mean: true mean of a score.
    """
    common = random.normal(size=(WINDOWS, 1))
    own = random.normal(size=(WINDOWS, len(SYMBOLS)))
    shock = np.sqrt(correlation) * common + np.sqrt(1.0 - correlation) * own
    counts = random.poisson(PAIRS * 0.5 * (1.0 + np.square(shock)))
    noise = random.normal(size=shock.shape) * np.sqrt(counts)
    return counts, counts * (mean + shock) + noise


def verdict(counts: Counts, totals: Table) -> str:
    """Verdict of the experiment on these windows; empty if it has not decided."""
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
    """Number of experiments, of `rows`, in which the version under test wins on all symbols together."""
    return sum(verdict(*sums(random, correlation, mean)) == "winner" for _ in range(rows))


def won_by_means(random: np.random.Generator, rows: int, correlation: float, mean: float = 0.0) -> int:
    """Number of experiments, of `rows`, in which the mean of the symbols' e-values is large enough to win."""
    paths = (_evidence(_means(random, correlation, mean)) for _ in range(rows))
    return sum(_crossed(np.log(np.exp(path).mean(axis=1))) for path in paths)


def won_alone(random: np.random.Generator, rows: int, correlation: float, mean: float = 0.0) -> int:
    """Number of experiments, of `rows`, in which the first symbol alone is enough to win."""
    return sum(_crossed(_evidence(_means(random, correlation, mean))[:, 0]) for _ in range(rows))


def fooled_by_products(random: np.random.Generator, rows: int, correlation: float) -> int:
    """Number of experiments without a difference in which the product of the symbols' e-values finds one."""
    return sum(_crossed(_evidence(_means(random, correlation)).sum(axis=1)) for _ in range(rows))


def fooled_by_counting(random: np.random.Generator, rows: int, correlation: float) -> int:
    """Number of experiments without a difference in which a test finds one that takes all symbols as independent."""
    found = 0
    for _ in range(rows):
        each = _means(random, correlation).reshape(-1, 1)
        found += _crossed(_evidence(each)[len(SYMBOLS) - 1 :: len(SYMBOLS), 0])
    return found


def _means(random: np.random.Generator, correlation: float, mean: float = 0.0) -> Table:
    _, totals = sums(random, correlation, mean)
    return totals / PAIRS


def _evidence(means: Table) -> Table:
    """Log e-value of the test on batch means after each row, for each column."""
    n = np.arange(1, len(means) + 1)[:, None]
    mean = np.cumsum(means, axis=0) / n
    sse = np.cumsum(np.square(means), axis=0) - n * np.square(mean)
    g = prior(TEST.alpha, 40.0)
    path = [
        [log_e(int(count), each, max(0.0, of), g) for each, of in zip(row, left, strict=True)]
        for count, row, left in zip(n[:, 0], mean.tolist(), sse.tolist(), strict=True)
    ]
    return np.array(path)


def _crossed(path: Table) -> bool:
    """Whether the log e-value ever decides, from the smallest number of batches on that the experiment allows."""
    return bool((path[TEST.minimum_batches - 1 :] >= -log(TEST.alpha)).any())
