"""Measures regime detectors on series with known regimes and on quotes of files.

`python -m tests.statistical.known_regimes [FILE...]` prints the tables of docs/regimes.md.
"""

import csv
import gzip
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from math import sqrt
from pathlib import Path
from random import Random
from statistics import fmean, median
from time import process_time_ns

from msgspec import Struct

from streams.market.regime import DETECTORS, REGIMES, Regime, RegimeParameters, detector

CALM_SPELL, VOLATILE_SPELL = 1_500.0, 500.0
"""Mean lengths of periods, quotes: of calm ones or without a trend, and of volatile ones or with a trend."""

LEARNING = 2_000
"""Number of first quotes that are not judged."""


class Series(Struct, frozen=True):
    """A series of returns in bps, with the true regime at each."""

    changes: list[float]
    regimes: list[Regime]


class Verdict(Struct, frozen=True):
    """How well a detector found one of the two properties of a regime, volatile or trending.

    Attributes:
        right: fraction of quotes with the right answer.
        switches, true_switches: how often the answer changed, and how often the truth did.
        delay: median number of quotes from a true change to the first right answer.
    """

    right: float
    switches: int
    true_switches: int
    delay: float


def known(seed: int, quotes: int, still: float = 0.0, heavy: bool = False, trend: float = 0.25) -> Series:
    """A series with periods of 2.5 times the volatility and, independently, periods of a drift up or down.

    Args:
        seed: seed of the random numbers.
        quotes: number of quotes.
        still: fraction of quotes that do not move the mid.
        heavy: whether moves have the tails of Student's t with 4 degrees of freedom; else they are normal.
        trend: drift during a trend, standard deviations per quote.
    """
    random = Random(seed)
    changes, regimes = [], []
    volatile, direction = False, 0
    volatile_ends, direction_ends = random.expovariate(1 / CALM_SPELL), random.expovariate(1 / CALM_SPELL)
    for quote in range(quotes):
        if quote >= volatile_ends:
            volatile = not volatile
            volatile_ends = quote + random.expovariate(1 / (VOLATILE_SPELL if volatile else CALM_SPELL))
        if quote >= direction_ends:
            direction = 0 if direction else random.choice((-1, 1))
            direction_ends = quote + random.expovariate(1 / (VOLATILE_SPELL if direction else CALM_SPELL))
        noise = random.gauss(0.0, 1.0)
        if heavy:
            noise /= sqrt(random.gammavariate(2.0, 1.0))
        moved = random.random() >= still
        changes.append((2.5 if volatile else 1.0) * (noise + direction * trend / sqrt(1.0 - still)) if moved else 0.0)
        regimes.append(REGIMES[2 * volatile + (direction != 0)])
    return Series(changes, regimes)


SERIES: dict[str, Callable[[int, int], Series]] = {
    "normal": known,
    "heavy tails": partial(known, heavy=True),
    "9 of 10 quotes still": partial(known, still=0.9),
}


def told(name: str, changes: Sequence[float]) -> tuple[list[tuple[Regime, float]], float]:
    """Run a detector on a series; return regime and probability at each quote, and microseconds for a quote."""
    operator = detector(RegimeParameters(detector=name))
    state = operator.start()
    volatilities, variance = [], changes[0] ** 2
    for change in changes:
        variance += 0.03 * (change * change - variance)
        volatilities.append(sqrt(variance))
    columns = {"return_1": changes, "ewma_volatility": volatilities}
    rows = list(zip(*(columns[need] for need in operator.needs), strict=True))
    started = process_time_ns()
    answers = [operator.advance(state, row) for row in rows]
    return answers, (process_time_ns() - started) / 1e3 / len(rows)


def verdict(labels: Sequence[bool], truths: Sequence[bool]) -> Verdict:
    """Compare the answers of a detector with the truth."""
    judged = list(zip(labels[LEARNING:], truths[LEARNING:], strict=True))
    changes = [at for at in range(LEARNING, len(truths)) if truths[at] != truths[at - 1]]
    delays = [
        next((quote for quote in range(at, end) if labels[quote] == truths[at]), end) - at
        for at, end in pairwise([*changes, len(truths)])
    ]
    return Verdict(
        right=sum(label == truth for label, truth in judged) / len(judged),
        switches=sum(before != after for before, after in pairwise(labels[LEARNING:])),
        true_switches=len(changes),
        delay=median(delays) if delays else 0.0,
    )


def calibration_error(answers: Sequence[tuple[Regime, float]], truths: Sequence[Regime]) -> float:
    """Expected calibration error of the detector's probability, over ten bins."""
    gaps = [0.0] * 10
    judged = list(zip(answers[LEARNING:], truths[LEARNING:], strict=True))
    for (regime, probability), truth in judged:
        gaps[min(int(10 * probability), 9)] += (regime is truth) - probability
    return sum(map(abs, gaps)) / len(judged)


def real_changes(path: Path) -> Iterator[tuple[int, float]]:
    """Event time (ns) and return of the mid (bps) at each quote of a file."""
    last = 0.0
    with gzip.open(path, "rt") as lines:
        for row in csv.DictReader(lines):
            if row["kind"] == "quote":
                mid = 0.5 * (float(row["bid"]) + float(row["ask"]))
                if last:
                    yield int(row["ts_event"]), (mid / last - 1.0) * 1e4
                last = mid


def of_known_regimes() -> None:
    """Print the table for series with known regimes."""
    _header("series", "detector", *(2 * ("right", "switches (true)", "delay")), "calibration error")
    for title, kind in SERIES.items():
        series = [kind(seed, 40_000) for seed in range(5)]
        for name in DETECTORS:
            pairs = [(told(name, each.changes)[0], each.regimes) for each in series]
            cells = []
            for label in ("volatile", "trending"):
                found = [
                    verdict([getattr(each, label) for each, _ in some], [getattr(each, label) for each in truths])
                    for some, truths in pairs
                ]
                cells += [
                    f"{fmean(one.right for one in found):.3f}",
                    f"{sum(one.switches for one in found)} ({sum(one.true_switches for one in found)})",
                    f"{median(one.delay for one in found):.0f}",
                ]
            error = fmean(calibration_error(some, truths) for some, truths in pairs)
            print("|", " | ".join([title, name, *cells, f"{error:.3f}"]), "|")


def of_real_quotes(paths: list[str]) -> None:
    """Print the table for files of quotes."""
    _header("file", "detector", *(each.name for each in REGIMES), "switches an hour", "per 1,000", "sure", "us a quote")
    for path in paths:
        quotes = list(real_changes(Path(path)))
        hours = (quotes[-1][0] - quotes[0][0]) / 3.6e12
        for name in DETECTORS:
            answers, cost = told(name, [change for _, change in quotes])
            labels = [regime for regime, _ in answers]
            switches = sum(before is not after for before, after in pairwise(labels))
            cells = [f"{100 * labels.count(each) / len(labels):.0f} %" for each in REGIMES]
            cells += [f"{switches / hours:,.0f}", f"{1e3 * switches / len(labels):.1f}"]
            cells += [f"{fmean(probability for _, probability in answers):.2f}", f"{cost:.1f}"]
            print("|", " | ".join([Path(path).name.removesuffix(".csv.gz"), name, *cells]), "|")


def _header(*titles: str) -> None:
    print("\n|", " | ".join(titles), "|\n|" + "---|" * len(titles))


if __name__ == "__main__":
    of_known_regimes()
    of_real_quotes(sys.argv[1:])
