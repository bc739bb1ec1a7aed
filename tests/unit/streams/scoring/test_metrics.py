"""The accumulator of scores against plain numpy over the same outcomes, and its bounds."""

from collections.abc import Iterable
from random import Random

import msgspec
import numpy as np
import pytest
from scipy.stats import pearsonr

from schemas.outcomes import ArmOutcome, OutcomeMatured
from streams.scoring import tally
from streams.scoring.baselines import BASELINES
from streams.scoring.metrics import ALL, MOST_GROUPS, Metrics, MetricsCollector, MetricsState, collect
from streams.scoring.prohibitive import PROHIBITIVE_BPS
from tests.support.matured import matured

HORIZON = 100


def _arm(name: str, version: str, probability: float, return_bps: float, cost_bps: float, size: float) -> ArmOutcome:
    position = size if probability > 0.5 else -size
    gross = position * return_bps
    return ArmOutcome(name, version, "flat", probability, position, gross, gross - size * cost_bps)


def _outcomes(count: int, seed: int, symbol: str = "X", versions: int = 2) -> list[OutcomeMatured]:
    random = Random(seed)
    outcomes = []
    for number in range(count):
        label = random.choice((-1, 0, 1, 1))
        return_bps = label * random.uniform(0.1, 3.0)
        cost = random.uniform(0.5, 1.5)
        told = 0.5 if random.random() < 0.1 else min(max(0.5 + 0.2 * label + random.gauss(0.0, 0.2), 0.01), 0.99)
        version = f"v{number * versions // count}"
        outcomes.append(
            matured(
                number,
                1_000 + 30 * number + HORIZON,
                HORIZON,
                symbol=symbol,
                mid_matured=100.0 * (1.0 + return_bps / 1e4),
                return_bps=return_bps,
                label=label,
                regime=random.choice(("calm-range", "volatile-trend")),
                arms=(
                    _arm("live", version, told, return_bps, cost, random.choice((0.0, 0.3))),
                    _arm("shadow", "other", 1.0 - told, return_bps, cost, 0.1),
                ),
                experts={"flat": 0.5},
                baselines=dict(
                    zip(BASELINES, (0.6, random.choice((0.4, 0.6)), random.choice((0.2, 0.5))), strict=True)
                ),
                cost_bps=cost,
            )
        )
    return outcomes


def _found(metrics: Iterable[Metrics], version: str = ALL, regime: str = ALL) -> Metrics:
    (found,) = (each for each in metrics if (each.version, each.regime) == (version, regime))
    return found


def _expect(found: Metrics, outcomes: list[OutcomeMatured], arm: int = 0) -> None:
    """Every figure must be that of numpy and scipy."""
    labels = np.array([outcome.label for outcome in outcomes])
    returns = np.array([outcome.return_bps for outcome in outcomes])
    costs = np.array([outcome.cost_bps for outcome in outcomes])
    moved = labels != 0
    up = labels[moved] > 0
    forecasts = [[outcome.arms[arm].probability for outcome in outcomes]]
    forecasts += [[outcome.baselines[name] for outcome in outcomes] for name in BASELINES]
    for figures, forecast in zip(found.figures, map(np.array, forecasts), strict=True):
        told = forecast[moved]
        calls = np.sign(forecast - 0.5)
        right = np.where(told == 0.5, 0.5, (told > 0.5) == up)
        confidence = np.maximum(told, 1.0 - told)
        bins = np.minimum(((2.0 * confidence - 1.0) * 10).astype(int), 9)
        gaps = [abs((confidence - right)[bins == each].sum()) for each in range(10)]
        assert figures.accuracy == pytest.approx(right.mean())
        assert figures.log_loss == pytest.approx(-np.log(np.where(up, told, 1.0 - told)).mean())
        assert figures.brier == pytest.approx(((told - up) ** 2).mean())
        assert figures.ece == pytest.approx(sum(gaps) / len(told))
        constant = forecast.min() == forecast.max()
        expected = 0.0 if constant else pearsonr(2.0 * forecast - 1.0, returns).statistic
        assert figures.information_coefficient == pytest.approx(expected)
        assert figures.call_gross_bps == pytest.approx((calls * returns).mean())
        assert figures.call_net_bps == pytest.approx((calls * returns - abs(calls) * costs).mean())
    arms = [outcome.arms[arm] for outcome in outcomes if outcome.arms[arm].position_size]
    assert found.scored == len(outcomes)
    assert found.moved == moved.sum()
    assert found.positions == len(arms)
    assert found.gross_bps == pytest.approx(np.mean([each.gross_bps for each in arms]))
    assert found.net_bps == pytest.approx(np.mean([each.net_bps for each in arms]))
    best = min(figures.log_loss for figures in found.figures[1:])
    assert found.skill == pytest.approx(1.0 - found.figures[0].log_loss / best)


def test_figures_are_those_of_numpy_and_scipy() -> None:
    outcomes = _outcomes(2_000, seed=1)
    metrics = collect(outcomes)
    _expect(metrics[0], outcomes)
    assert [figures.name for figures in metrics[0].figures] == ["live", *BASELINES]
    for regime in ("calm-range", "volatile-trend"):
        _expect(_found(metrics, regime=regime), [each for each in outcomes if each.regime == regime])
        _expect(
            _found(metrics, "v1", regime),
            [each for each in outcomes if (each.regime, each.arms[0].model_version) == (regime, "v1")],
        )
    _expect(_found(metrics, "other"), outcomes, arm=1)


def test_only_outcomes_that_do_not_overlap_count_as_independent() -> None:
    """Predictions are 30 apart with a horizon of 100, so at most every fourth is independent."""
    outcomes = [msgspec.structs.replace(each, label=1) for each in _outcomes(41, seed=1)]
    assert collect(outcomes)[0].independent == 11


def test_a_batch_is_the_loop_over_update_and_a_restore_goes_on_bit_for_bit() -> None:
    outcomes = _outcomes(500, seed=2)
    collector = MetricsCollector()
    state = collector.start()
    for outcome in outcomes:
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=MetricsState)
        collector.update(state, outcome)
    assert collector.metrics(state, "X") == collect(outcomes)


def test_symbols_do_not_see_one_another() -> None:
    one, other = _outcomes(200, 1, "A"), _outcomes(200, 2, "B")
    together = collect(each for pair in zip(one, other, strict=True) for each in pair)
    assert together == collect(one) + collect(other)


def test_state_is_bounded_and_the_group_that_was_seen_longest_ago_goes_first() -> None:
    collector = MetricsCollector()
    state = collector.start()
    for outcome in _outcomes(600, seed=3, versions=100):
        collector.update(state, outcome)
    assert len(state.groups) == MOST_GROUPS
    versions = {version for version, _ in state.groups}
    assert {ALL, "other", "v99"} < versions
    assert "v0" not in versions
    assert len(msgspec.msgpack.encode(state)) < MOST_GROUPS * 2_048


def test_a_cost_that_nobody_can_tell_is_of_no_position() -> None:
    state = tally.start()
    tally.update(state, 0.8, label=1, return_bps=2.0, cost_bps=1.5)
    tally.update(state, 0.8, label=1, return_bps=50.0, cost_bps=PROHIBITIVE_BPS)
    found = tally.figures(state, "live")
    assert (state.gross_bps, state.net_bps) == (2.0, 0.5)
    assert (found.accuracy, found.call_gross_bps, found.call_net_bps) == (1.0, 1.0, 0.25)


def test_nothing_moved_gives_counts_and_no_figures() -> None:
    (found, *_) = collect([msgspec.structs.replace(each, label=0) for each in _outcomes(3, seed=1)])
    assert (found.scored, found.moved, found.independent, found.figures, found.skill) == (3, 0, 0, (), 0.0)


def test_a_certain_error_is_finite() -> None:
    (outcome,) = _outcomes(1, seed=1)
    arm = msgspec.structs.replace(outcome.arms[0], probability=0.0)
    (found, *_) = collect([msgspec.structs.replace(outcome, label=1, arms=(arm,))])
    assert found.figures[0].log_loss == pytest.approx(34.54, abs=0.01)
