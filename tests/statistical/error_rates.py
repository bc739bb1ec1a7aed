"""Random scores without a true difference, and counts of how often each test finds one nevertheless.

A table of scores has a row for each replication and a column for each event.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from streams.experiments.engines import group_sequential
from streams.experiments.engines.certificate import Certificate, CertificateState
from streams.experiments.engines.e_detector import EDetector
from streams.experiments.engines.e_process_of_batch_means import TMixture, log_e, prior
from streams.experiments.engines.sharpe_difference import SharpeDifference
from streams.experiments.experiment import Experiment, Status
from streams.experiments.pairs import Pair
from streams.experiments.parameters import ExperimentParameters

Table = NDArray[np.float64]
"""A row for each replication, a column for each event."""

EVENTS = 10_000
ALPHA = 0.05
EXPECTED = 2_000.0
BATCH = 50
CHUNK = 500


def normal(random: np.random.Generator, rows: int, events: int = EVENTS) -> Table:
    return random.normal(size=(rows, events))


def t3(random: np.random.Generator, rows: int, events: int = EVENTS) -> Table:
    return random.standard_t(3, size=(rows, events))


def garch_t5(random: np.random.Generator, rows: int, events: int = EVENTS) -> Table:
    """GARCH scores: variance 0.05 + 0.1 x^2 + 0.85 (last variance), shocks of Student's t with 5 degrees of freedom."""
    shocks = random.standard_t(5, size=(events, rows)) * sqrt(3 / 5)
    variance = np.ones(rows)
    for row in shocks:
        row *= np.sqrt(variance)
        variance = 0.05 + 0.1 * row * row + 0.85 * variance
    return shocks.T


def ties(random: np.random.Generator, rows: int, events: int = EVENTS) -> Table:
    """Normal scores, of which nine in ten are replaced by 0."""
    return random.normal(size=(rows, events)) * (random.random((rows, events)) < 0.1)


def autoregressive(phi: float) -> Callable[..., Table]:
    def scores(random: np.random.Generator, rows: int, events: int = EVENTS) -> Table:
        shocks = random.normal(size=(events, rows))
        shocks[0] /= sqrt(1 - phi * phi)
        for before, now in pairwise(shocks):
            now += phi * before
        return shocks.T

    return scores


def overlap10(random: np.random.Generator, rows: int, events: int = EVENTS) -> Table:
    """Scores that are sums of 10 neighbouring shocks each, and so depend on each other as overlapping labels do."""
    sums = np.cumsum(random.normal(size=(rows, events + 10)), axis=1)
    return np.asarray(sums[:, 10:] - sums[:, :-10])


NULLS: dict[str, Callable[..., Table]] = {
    "normal": normal,
    "t3": t3,
    "GARCH-t5": garch_t5,
    "90 % ties": ties,
    "AR .3": autoregressive(0.3),
    "AR .5": autoregressive(0.5),
    "overlap 10": overlap10,
}


def chunks(rows: int) -> Iterator[int]:
    """Split a number of rows into parts that fit in memory."""
    for start in range(0, rows, CHUNK):
        yield min(CHUNK, rows - start)


def stops(scores: Table, batch: int = BATCH, expected: float = EXPECTED, alpha: float = ALPHA) -> list[float]:
    """Event at which the test on batch means decides, in each replication; infinite if it does not."""
    engine, found = TMixture(batch, expected, alpha), []
    for means in _batch_means(scores, batch).tolist():
        state, stop = engine.start(), inf
        for number, mean in enumerate(means, start=1):
            engine.close(state, mean)
            if state.best >= engine.threshold:
                stop = number * batch
                break
        found.append(stop)
    return found


def fooled(scores: Table, batch: int = BATCH) -> int:
    """Number of replications in which the test on batch means ever decides."""
    return sum(stop < inf for stop in stops(scores, batch))


def covered(scores: Table, batch: int = BATCH) -> int:
    """Number of replications whose two-sided confidence sequence contains 0 after every batch."""
    engine, found = TMixture(batch, EXPECTED, ALPHA), 0
    for means in _batch_means(scores, batch).tolist():
        state = engine.start()
        for mean in means:
            engine.close(state, mean)
            low, high = engine.interval(state)
            if not low <= 0.0 <= high:
                break
        else:
            found += 1
    return found


def peeking_t(scores: Table, first: int = 2) -> int:
    """Number of replications in which a two-sided t-test at 5 %, computed after every event, ever decides."""
    n = np.arange(1, scores.shape[1] + 1)
    sums, squares = np.cumsum(scores, axis=1), np.cumsum(scores * scores, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = (squares - sums * sums / n) / (n - 1)
        beyond = np.abs(sums) / np.sqrt(n * variance) > student.isf(0.025, n - 1)
    return int(np.any(beyond[:, first - 1 :], axis=1).sum())


def one_look_t(scores: Table) -> int:
    """Number of replications in which a two-sided t-test at 5 %, computed once at the end, decides."""
    n = scores.shape[1]
    statistic = scores.mean(axis=1) / scores.std(axis=1, ddof=1) * sqrt(n)
    return int(np.sum(np.abs(statistic) > student.isf(0.025, n - 1)))


def crashes(random: np.random.Generator, rows: int, events: int = 3_000) -> Table:
    """Scores of mean 0 that are 0.01, but -1 once in 101 events, so that most samples look like a sure gain."""
    return np.where(random.random((rows, events)) < 1 / 101, -1.0, 0.01)


def fooled_certificate(scores: Table, bound: float, every: int = 50) -> int:
    """Number of replications in which the test for bounded scores decides.

    Args:
        scores: the scores.
        bound: bound of their absolute value that the test assumes.
        every: number of events between two looks.
    """
    engine, found = Certificate(bound, 30.0 * bound, ALPHA), 0
    for row in scores.tolist():
        state = CertificateState()
        for number, score in enumerate(row, start=1):
            engine.update(state, score)
            if number % every == 0 and engine.log_e(state) >= engine.threshold:
                found += 1
                break
    return found


def equal_sharpe(random: np.random.Generator, rows: int, events: int = EVENTS) -> tuple[Table, Table]:
    """Scores of two versions with equal Sharpe ratios of 0.1, correlation 0.5 and heavy tails; one is larger."""
    common, one, other = (random.standard_t(5, size=(rows, events)) * sqrt(3 / 5) for _ in range(3))
    return (common + one) / sqrt(2) + 0.1, 2.0 * ((common + other) / sqrt(2) + 0.1)


def fooled_sharpe(a: Table, b: Table, batch: int = BATCH) -> int:
    """Number of replications in which the test of Sharpe ratios ever decides for `a`."""
    engine, g, found = SharpeDifference(), prior(ALPHA, EXPECTED) * batch, 0
    columns = np.stack([_batch_means(each, batch) for each in (a, b, a * a, b * b)], axis=2)
    for row in columns.tolist():
        state = engine.start()
        for means in row:
            engine.close(state, means)
            if log_e(*engine.moments(state), g) >= -np.log(ALPHA):
                found += 1
                break
    return found


def peeking_sharpe(a: Table, b: Table) -> int:
    """Number of replications in which a Jobson-Korkie-Memmel test at 5 %, from the 30th event on, ever decides."""
    n = np.arange(1, a.shape[1] + 1)
    means = [np.cumsum(each, axis=1) / n for each in (a, b, a * a, b * b, a * b)]
    sd_a, sd_b = np.sqrt(means[2] - means[0] ** 2), np.sqrt(means[3] - means[1] ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        one, other = means[0] / sd_a, means[1] / sd_b
        rho = (means[4] - means[0] * means[1]) / (sd_a * sd_b)
        variance = (2 - 2 * rho + 0.5 * (one**2 + other**2 - 2 * one * other * rho**2)) / n
        beyond = np.abs(one - other) / np.sqrt(variance) > 1.959964
    return int(np.any(beyond[:, 29:], axis=1).sum())


def fooled_looks(scores: Table, batch: int, looks: int = 5) -> int:
    """Number of replications in which the group-sequential test, two-sided at 5 %, decides at one of its looks."""
    means = _batch_means(scores, batch)
    total = means.shape[1]
    at = [round(total * look / looks) for look in range(1, looks + 1)]
    bounds = group_sequential.lan_demets([each / total for each in at], ALPHA)
    decided = np.zeros(len(means), dtype=np.bool_)
    for n, bound in zip(at, bounds, strict=True):
        statistic = means[:, :n].mean(axis=1) / means[:, :n].std(axis=1, ddof=1) * sqrt(n)
        decided |= np.array([abs(group_sequential.z_of_t(each, n - 1)) >= bound for each in statistic.tolist()])
    return int(decided.sum())


def experiments(a: Table, b: Table, parameters: ExperimentParameters) -> list[Status]:
    """Status in which a whole experiment ends, for each replication."""
    experiment, found = Experiment(parameters), []
    for one, other in zip(a.tolist(), b.tolist(), strict=True):
        state = experiment.start()
        for number, (of_a, of_b) in enumerate(zip(one, other, strict=True)):
            experiment.update(state, Pair("", number, of_a, of_b))
            if state.reason:
                break
        found.append(state.status)
    return found


def alarms(random: np.random.Generator, rows: int, shift: float, limit: int) -> list[int]:
    """Number of events until the drift detector raises an alarm, for each replication.

    Args:
        random: source of the random numbers.
        rows: number of replications.
        shift: how much worse the live winner is, standard deviations.
        limit: longest run, events.
    """
    watch, found = EDetector(run=20_000.0), []
    for _ in range(rows):
        state = watch.start()
        while not state.alarmed and state.blocks < limit:
            for worse in random.normal(shift, 1.0, size=1_000).tolist():
                watch.update(state, worse)
        found.append(state.alarmed or limit)
    return found


def _batch_means(scores: Table, batch: int) -> Table:
    return np.asarray(scores[:, : scores.shape[1] // batch * batch].reshape(len(scores), -1, batch).mean(axis=2))
