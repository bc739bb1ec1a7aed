"""Two strategies are compared on the same recorded ticks: who wins, who does not, and why."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from scipy.stats import ttest_1samp, ttest_ind, ttest_rel

from schemas.codec import encode
from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.api.ab_testing import ABTestingFramework
from streams.api.side_by_side import SideBySide, side_by_side
from streams.experiments.engines.fixed_horizon import hac_t, mcnemar
from streams.experiments.engines.resampling import drawdown_test, sharpe_test
from streams.experiments.pairs import Pair
from streams.market.costs import CostParameters
from streams.market.parameters import MarketParameters
from streams.parameters import Parameters
from streams.reports.prequential import run as prequential
from streams.reports.prequential.ablations import FULL
from streams.sources.synthetic import SyntheticParameters, synthetic_market

MARKET = MarketParameters(horizon_ns=200_000_000, costs=CostParameters(enabled=()))
STRONG = SyntheticParameters(pull=4.0, imbalance=0.3, aggression=3.0, trades=0.4, rate=60.0)
"""A predictable market without costs, in which strategies take positions and differ."""


@pytest.fixture(scope="module")
def ticks() -> list[Quote | Trade]:
    return list(synthetic_market(seed=1, symbols=["ACORN"], ticks=12_000, parameters=STRONG))


@pytest.fixture(scope="module")
def framework() -> ABTestingFramework:
    return ABTestingFramework(Parameters(MARKET), resamples=199)


def _run(a: Sequence[float], b: Sequence[float]) -> SideBySide:
    """Two strategies with these returns on predictions that do not overlap."""
    pairs = [
        Pair(f"ticks:0:{at}", 100 * at, of_a, of_b, 0.5, 0.5, 1)
        for at, (of_a, of_b) in enumerate(zip(a, b, strict=True))
    ]
    count = len(pairs)
    made = [100 * at for at in range(count)]
    return SideBySide(pairs, ["X"] * count, made, [100] * count, count, 0, 0, 0, 100 * count)


def test_the_better_strategy_wins(framework: ABTestingFramework, ticks: list[Quote | Trade]) -> None:
    found = framework.run_test(MARKET, "imbalance", ticks)
    assert (found.winner, found.metrics[0].metric) == ("A", "sharpe")
    assert found.confidence > 0.95
    assert found.a.sharpe > found.b.sharpe
    assert found.metrics[0].significant
    assert 3_000 < found.independent * 5 < found.sample_size
    assert found.why.startswith("By sharpe (B is imbalance): A is better (asymptotic)")
    assert "winner: A." in str(found)


def test_the_same_strategy_twice_is_no_different(framework: ABTestingFramework, ticks: list[Quote | Trade]) -> None:
    found = framework.run_test("momentum", "momentum", ticks[:5_000])
    assert found.winner is None
    assert [each.sequential.status for each in found.metrics if each.sequential] == ["no_difference"] * 4
    assert not any(each.significant for each in found.metrics)
    assert {each.p_value for each in found.metrics} == {1.0}
    assert (found.a.name, found.b.name) == ("momentum (A)", "momentum (B)")


def test_both_run_as_they_would_alone(ticks: list[Quote | Trade]) -> None:
    one, other = (
        Parameters(MARKET),
        Parameters(replace(MARKET, warmup_ticks=100, strategies=replace(MARKET.strategies, enabled=("momentum",)))),
    )
    run = side_by_side(one, other, ticks[:2_000])
    assert (run.alone, run.refused, run.ticks) == (0, 0, 2_000)
    for parameters, told in (
        (one, [pair.a_up for pair in run.pairs if pair.label]),
        (other, [pair.b_up for pair in run.pairs if pair.label]),
    ):
        alone = prequential.run(ticks[:2_000], parameters, FULL)
        assert alone.probabilities["pipeline"].tolist() == told


def test_a_file_is_read_as_it_is(framework: ABTestingFramework, ticks: list[Quote | Trade], tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    lines = [encode(tick) for tick in ticks[:2_000]]
    lines.insert(1_000, b'{"kind":"quote"}')
    path.write_bytes(b"\n".join(lines))
    one, other = Parameters(MARKET), Parameters(MARKET)
    from_file, from_memory = side_by_side(one, other, path), side_by_side(one, other, ticks[:2_000])
    assert from_file.refused == 1
    assert [pair.a_bps for pair in from_file.pairs] == [pair.a_bps for pair in from_memory.pairs]


def test_a_duration_cuts_the_ticks(ticks: list[Quote | Trade]) -> None:
    day = 86_400 * 10**9
    half = (ticks[999].ts_event - ticks[0].ts_event) / day
    run = side_by_side(Parameters(MARKET), Parameters(MARKET), ticks, duration_days=half)
    assert abs(run.ticks - 1_000) <= 3


def test_too_little_has_no_winner(framework: ABTestingFramework, ticks: list[Quote | Trade]) -> None:
    few = framework.run_test(MARKET, "imbalance", ticks[:150])
    assert (few.winner, few.metrics) == (None, ())
    assert few.why.endswith("100 are asked for.")
    some = framework.run_test(MARKET, "imbalance", ticks[:2_000])
    assert some.winner is None
    assert "too little for a sequential test" in some.why
    assert all(each.sequential is None for each in some.metrics)
    assert "too little" in str(some)
    nothing = framework.run_test(MARKET, "imbalance", [])
    assert (nothing.winner, nothing.sample_size) == (None, 0)


def test_the_result_names_strategies_that_never_took_a_position(ticks: list[Quote | Trade]) -> None:
    dear = replace(MARKET, costs=CostParameters(fee_bps=50.0))
    found = ABTestingFramework(Parameters(dear), resamples=19).run_test("imbalance", "momentum", ticks[:5_000])
    assert found.winner is None
    assert found.why.startswith("Neither took a position")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"metrics": ["alpha"]}, "expected each of sharpe, returns, drawdown, win_rate at most once, was alpha"),
        ({"metrics": []}, "at most once, was "),
        ({"metrics": ["sharpe", "sharpe"]}, "at most once"),
        ({"confidence_level": 95.0}, "fix: 0.95 for 95 %"),
        ({"strategy_b": replace(MARKET, horizon_ns=1)}, "expected the same horizon_ns in both strategies"),
        ({"strategy_b": "magic"}, r"\[market.strategies\]: expected strategies among"),
    ],
)
def test_impossible_arguments_are_refused_with_a_sentence(
    framework: ABTestingFramework, more: dict[str, object], sentence: str
) -> None:
    arguments = {"strategy_a": "imbalance", "strategy_b": "momentum", "test_data": []} | more
    with pytest.raises(ConfigurationError, match=sentence):
        framework.run_test(**arguments)  # type: ignore[arg-type]


def test_each_metric_is_tested_by_its_own_test(framework: ABTestingFramework) -> None:
    random = np.random.default_rng(1)
    b = random.normal(0.0, 1.0, size=3_000)
    a = b + random.normal(0.1, 0.5, size=3_000)
    found = {each.metric: each for each in framework.compare(_run(a.tolist(), b.tolist())).metrics}
    won = (a > 0.0).astype(float) - (b > 0.0)
    assert (found["returns"].t_statistic, found["returns"].p_value) == (hac_t(a - b, 2).statistic, hac_t(a - b, 2).p)
    assert found["returns"].t_statistic == pytest.approx(ttest_rel(a, b).statistic, rel=0.1)
    assert found["sharpe"].p_value == sharpe_test(a, b, 5, 199, 1).p
    assert found["drawdown"].difference == drawdown_test(a, b, 5, 199, 1).difference
    assert found["win_rate"].p_value == mcnemar(int((won > 0).sum()), int((won < 0).sum())).p
    assert found["returns"].sequential is not None
    assert found["returns"].sequential.status == "winner"
    assert all(each.p_adjusted >= each.p_value for each in found.values())
    assert ttest_ind(a, b, equal_var=False).pvalue > ttest_rel(a, b).pvalue, "what pairing gains"


def test_a_strategy_that_stands_aside_can_lose_and_win(framework: ABTestingFramework) -> None:
    random = np.random.default_rng(2)
    a = random.normal(0.2, 1.0, size=3_000).tolist()
    found = framework.compare(_run(a, [0.0] * 3_000))
    by_name = {each.metric: each for each in found.metrics}
    assert found.winner == "A"
    assert by_name["sharpe"].p_value <= 0.005
    assert by_name["sharpe"].t_statistic > 8.0
    assert by_name["win_rate"].a == pytest.approx(found.a.win_rate)
    assert by_name["win_rate"].a - by_name["win_rate"].b == pytest.approx(by_name["win_rate"].difference)
    assert framework.compare(_run([0.0] * 3_000, a)).winner == "B"


def test_overlap_is_accounted_for(framework: ABTestingFramework) -> None:
    """Neighbouring scores share nine of ten shocks, so a plain t-test finds a difference where there is none."""
    random = np.random.default_rng(8)
    wrong = honest = 0
    for _ in range(40):
        a = np.convolve(random.normal(size=1_009), np.ones(10), mode="valid")
        run = replace(_run(a.tolist(), [0.0] * 1_000), horizons_ns=[1_000] * 1_000)
        found = framework.compare(run, metrics=("returns",))
        wrong += float(ttest_1samp(a, 0.0).pvalue) < 0.05
        honest += found.metrics[0].significant
    assert wrong > 12
    assert honest < 8
    assert found.independent == 100
