"""Regime detectors on series with known regimes; the bounds leave some room beside the figures of docs/regimes.md."""

from collections.abc import Iterable
from random import Random
from statistics import fmean

import pytest

from tests.statistical.known_regimes import SERIES, Verdict, calibration_error, told, verdict

SEEDS = range(100, 104)


def _rate(verdicts: Iterable[Verdict]) -> tuple[float, float, float]:
    """Mean fraction of right answers, number of changes for each true one, and median delay."""
    found = list(verdicts)
    switches = sum(one.switches for one in found) / sum(one.true_switches for one in found)
    return fmean(one.right for one in found), switches, fmean(one.delay for one in found)


@pytest.mark.parametrize(
    ("kind", "name", "right", "most_switches", "latest"),
    [
        ("normal", "ewma", 0.93, 1.5, 45),
        ("normal", "hmm", 0.97, 1.5, 15),
        ("heavy tails", "ewma", 0.89, 2.0, 45),
        ("heavy tails", "hmm", 0.92, 3.5, 15),
        ("9 of 10 quotes still", "ewma", 0.78, 4.5, 50),
        ("9 of 10 quotes still", "hmm", 0.86, 1.5, 90),
    ],
)
def test_known_regimes_are_found(kind: str, name: str, right: float, most_switches: float, latest: float) -> None:
    series = [SERIES[kind](seed, 30_000) for seed in SEEDS]
    answers = [told(name, each.changes)[0] for each in series]
    pairs = list(zip(answers, series, strict=True))
    of_volatility = _rate(
        verdict([found.volatile for found, _ in some], [true.volatile for true in each.regimes]) for some, each in pairs
    )
    of_trend = _rate(
        verdict([found.trending for found, _ in some], [true.trending for true in each.regimes]) for some, each in pairs
    )
    assert of_volatility[0] > right
    assert of_volatility[1] < most_switches
    assert of_volatility[2] < latest
    assert of_trend[0] > 0.8
    assert of_trend[1] < 2.5
    assert of_trend[2] < 140
    assert fmean(calibration_error(some, each.regimes) for some, each in pairs) < 0.12


@pytest.mark.parametrize("name", ["ewma", "hmm"])
def test_where_there_is_one_regime_few_others_are_seen(name: str) -> None:
    for seed in SEEDS:
        random = Random(seed)
        answers, _ = told(name, [random.gauss(0.0, 1.0) for _ in range(20_000)])
        judged = [found for found, _ in answers[2_000:]]
        assert sum(found.volatile for found in judged) < 0.1 * len(judged)
        assert sum(found.trending for found in judged) < 0.15 * len(judged)
