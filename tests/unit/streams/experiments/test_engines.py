"""Sequential tests: golden values, properties that follow from their formulas, and states that survive encoding."""

from math import cos, exp, inf, isfinite, log, nan, sin, sqrt
from random import Random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.errors import ConfigurationError
from streams.experiments import planning
from streams.experiments.engines import batches, fixed_horizon, group_sequential
from streams.experiments.engines import e_process_of_batch_means as e_process
from streams.experiments.engines.batches import Batches
from streams.experiments.engines.certificate import Certificate, CertificateState
from streams.experiments.engines.e_detector import DetectorState, EDetector
from streams.experiments.engines.e_process_of_batch_means import TMixture, TMixtureState
from streams.experiments.engines.multiplicity import ELond, Ledger, e_bh, e_holm, holm
from streams.experiments.engines.sharpe_difference import SharpeDifference
from streams.experiments.winner_watch import WinnerWatch, WinnerWatchState

STREAM = [0.1 + 0.3 * sin(i) + 0.2 * cos(0.37 * i * i) for i in range(1, 1001)]


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-6)


class TestGolden:
    def test_group_sequential_bounds_have_their_known_values(self) -> None:
        assert group_sequential.obrien_fleming(5, 0.05) == [
            near(bound) for bound in (4.561742, 3.225639, 2.633723, 2.280871, 2.040073)
        ]

    @pytest.mark.parametrize(("looks", "error"), [(5, 0.14169), (10, 0.19336), (20, 0.24791)])
    def test_a_fixed_test_at_several_looks_has_its_known_error_rate(self, looks: int, error: float) -> None:
        times = [look / looks for look in range(1, looks + 1)]
        found = sum(group_sequential.crossing(times, [1.959963984540054] * looks))
        assert round(found, 5) == error

    @pytest.mark.parametrize(("effect", "pairs"), [(0.5, 33.367131), (0.2, 198.150821)])
    def test_the_pairs_for_a_paired_t_test_have_their_known_number(self, effect: float, pairs: float) -> None:
        assert planning.pairs_for_t(effect) == near(pairs)

    @pytest.mark.parametrize(
        ("n", "t", "g", "log_e"), [(20, 3, 1, 2.13233652), (100, 3, 0.01, 1.78140713), (50, -2.5, 0.1, 1.57942898)]
    )
    def test_the_two_sided_evidence_has_its_known_values(self, n: int, t: float, g: float, log_e: float) -> None:
        assert e_process.log_e_two_sided(n, t, n * (n - 1.0), g) == near(log_e)

    def test_the_one_sided_evidence_has_its_known_values(self) -> None:
        assert exp(e_process.log_e(20, 3.0, 20 * 19.0, 1.0)) == near(16.8053196266)

    @pytest.mark.parametrize(("batch", "log_e"), [(1, 71.5565041400), (10, 58.0228069391)])
    def test_engine_1_gives_its_known_evidence_on_a_stream(self, batch: int, log_e: float) -> None:
        engine = TMixture(batch, expected=500.0, alpha=0.05)
        state = engine.start()
        for score in STREAM:
            engine.update(state, score)
        assert engine.log_e(state) == near(log_e)

    def test_engine_2_gives_its_known_evidence_on_a_stream(self) -> None:
        engine, state = Certificate(bound=1.0, optimal=100.0, alpha=0.05), CertificateState()
        for score in STREAM:
            engine.update(state, score)
        assert state.variance == near(76.39837505463416)
        assert engine.log_e(state) == near(34.7852025582)

    def test_mcnemar_gives_its_known_p_value(self) -> None:
        assert fixed_horizon.mcnemar(30, 10).p == near(0.0022214338)


class TestEngine1:
    def test_the_confidence_sequence_is_where_the_evidence_stays_below(self) -> None:
        low, high = e_process.interval(60, 0.1, 70.0, 0.2, 0.05)
        for end in (low, high):
            assert e_process.log_e_two_sided(60, 0.1 - end, 70.0, 0.2) == pytest.approx(-log(0.05))
        assert e_process.interval(2, 0.1, 1.0, 0.2, 0.05) == (-inf, inf)
        assert e_process.interval(0, 0.0, 0.0, 0.2, 0.05) == (-inf, inf)

    def test_directions_make_the_two_sided_evidence_together(self) -> None:
        """The e-value for a difference in either direction is the mean of those for each direction."""
        for mean in (-0.4, 0.0, 0.3):
            both = 0.5 * exp(e_process.log_e(30, mean, 40.0, 0.1)) + 0.5 * exp(e_process.log_e(30, -mean, 40.0, 0.1))
            assert both == pytest.approx(exp(e_process.log_e_two_sided(30, mean, 40.0, 0.1)))

    def test_tails_that_underflow_go_on_smoothly(self) -> None:
        values = [e_process.log_student(3_000, -x / 10) for x in range(300, 500)]
        steps = np.diff(values)
        assert all(isfinite(value) for value in values)
        assert (steps < 0.0).all()
        assert np.abs(np.diff(steps)).max() < 0.02

    def test_scores_without_spread_have_finite_evidence_of_the_right_sign(self) -> None:
        assert e_process.log_e(20, 0.0, 0.0, 0.1) < 0.0
        assert e_process.log_e(20, 0.5, 0.0, 0.1) > 10.0
        assert e_process.log_e(20, -0.5, 0.0, 0.1) < -2.0

    def test_what_is_not_finite_is_counted_and_changes_nothing(self) -> None:
        engine = TMixture(batch=2, expected=10.0, alpha=0.05)
        state, other = engine.start(), engine.start()
        for score in (0.1, nan, 0.2, inf, -inf, 0.4, 0.1):
            engine.update(state, score)
        for score in (0.1, 0.2, 0.4, 0.1):
            engine.update(other, score)
        assert state == replace(other, rejected=3)

    def test_a_margin_is_a_shift(self) -> None:
        engine, shifted = TMixture(5, 100.0, 0.05), TMixture(5, 100.0, 0.05, margin=0.1)
        state, other = engine.start(), shifted.start()
        for score in STREAM[:200]:
            engine.update(state, score - 0.1)
            shifted.update(other, score)
        assert shifted.log_e(other) == pytest.approx(engine.log_e(state))

    @given(st.lists(st.floats(-10.0, 10.0), min_size=3, max_size=40), st.floats(-1e6, 1e6))
    def test_autocorrelation_is_that_of_its_definition(self, means: list[float], far: float) -> None:
        state = Batches()
        for mean in means:
            batches.close(state, mean + far)
        if np.ptp(means) > 0.01:
            centred = np.array(means) - np.mean(means)
            expected = float(centred[1:] @ centred[:-1] / (centred @ centred))
            assert batches.autocorrelation(state) == pytest.approx(expected, abs=1e-4)


class TestEngine2:
    def test_a_score_below_the_bound_freezes_it(self) -> None:
        engine, state = Certificate(bound=1.0, optimal=100.0, alpha=0.05), CertificateState()
        for score in (0.5, 0.5, -1.5, 0.5):
            engine.update(state, score)
        assert (state.n, state.violated, engine.log_e(state)) == (2, True, -inf)

    def test_evidence_is_continuous_where_formulas_change(self) -> None:
        engine = Certificate(bound=1.0, optimal=100.0, alpha=0.05)
        r = engine._r
        values = [
            engine.log_e(CertificateState(1, total, 100.0)) for total in np.linspace(-100.0 - r - 0.5, 0.0, 2_000)
        ]
        assert all(isfinite(value) for value in values)
        assert np.diff(values).min() >= -1e-9
        assert np.diff(values).max() < 0.06

    def test_the_evidence_stays_finite_and_monotone_where_terms_underflow(self) -> None:
        engine = Certificate(bound=1.0, optimal=10_000.0, alpha=0.05)
        values = [engine.log_e(CertificateState(1, total, 10_000.0)) for total in np.linspace(-11_500.0, -1.0, 500)]
        assert all(isfinite(value) for value in values)
        assert np.diff(values).min() >= -1e-6


def test_engine_3_gives_the_error_of_the_delta_method() -> None:
    random = np.random.default_rng(3)
    a, b = random.normal(0.1, 1.0, size=(40, 25)), random.normal(0.0, 2.0, size=(40, 25))
    engine = SharpeDifference()
    state = engine.start()
    table = np.stack([each.mean(axis=1) for each in (a, b, a * a, b * b)], axis=1)
    for means in table.tolist():
        engine.close(state, means)
    m = table.mean(axis=0)
    va, vb = m[2] - m[0] ** 2, m[3] - m[1] ** 2
    gradient = np.array([m[2] / va**1.5, -m[3] / vb**1.5, -m[0] / (2 * va**1.5), m[1] / (2 * vb**1.5)])
    difference, error = engine.estimate(state)
    assert difference == pytest.approx(a.mean() / a.std() - b.mean() / b.std())
    assert error == pytest.approx(sqrt(gradient @ np.cov(table.T) @ gradient / 40))
    still = engine.start()
    for means in (table * [1.0, 0.0, 1.0, 0.0]).tolist():
        engine.close(still, means)
    assert engine.estimate(still)[0] == pytest.approx(a.mean() / a.std()), "an arm that stands aside has a ratio of 0"
    assert 0.0 < engine.estimate(still)[1] < error
    n, mean, sse = engine.moments(state)
    assert mean / sqrt(sse / (n - 1) / n) == pytest.approx(difference / error)


def test_spending_spends_alpha_at_any_times() -> None:
    for spending in ("obrien_fleming", "pocock"):
        times = [0.13, 0.5, 0.55, 1.0]
        bounds = group_sequential.lan_demets(times, 0.05, spending)
        assert sum(group_sequential.crossing(times, bounds)) == pytest.approx(0.05, abs=1e-9)


def test_corrections_for_several_tests_agree_with_values_by_hand() -> None:
    assert holm([0.2]) == [0.2]
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert e_holm([log(20.0)]) == [log(20.0)]
    assert e_bh([log(10.0), log(10.0)], 0.05) == [False, False]
    assert e_bh([log(20.0), log(20.0)], 0.05) == [True, True]
    rule, ledger = ELond(0.05), Ledger()
    assert rule.level(ledger) == pytest.approx(0.025)
    assert not rule.update(ledger, log(39.0))
    assert rule.level(ledger) == pytest.approx(0.05 / 6)
    assert rule.update(ledger, log(121.0))
    assert rule.level(ledger) == pytest.approx(0.05 * 2 / 12)


class TestWatch:
    def test_blocks_count_as_their_events(self) -> None:
        single, block = EDetector(run=2_000.0), EDetector(run=2_000.0, block=10, scale=0.1)
        state, blocks = single.start(), block.start()
        while not single.update(state, 0.3):
            pass
        while not block.update(blocks, 0.03):
            pass
        assert 0 < blocks.alarmed < state.alarmed
        assert block.update(blocks, nan), "an alarm stays, whatever comes"
        assert blocks.rejected == 1

    def test_it_survives_bytes(self) -> None:
        watch = WinnerWatch(EDetector(run=20_000.0), canary=100, confirmed=300)
        state, restarted = watch.start(), watch.start()
        random, phases = Random(1), []
        for _ in range(400):
            worse = random.gauss(0.0, 1.0)
            restarted = msgspec.msgpack.decode(msgspec.msgpack.encode(restarted), type=WinnerWatchState)
            assert watch.update(state, worse) == watch.update(restarted, worse)
            phases.append(state.phase)
        assert restarted == state
        assert list(dict.fromkeys(phases)) == ["canary", "promoted", "confirmed"]
        assert any(watch.update(state, 1.0) for _ in range(200)), "a confirmed version is rolled back too"
        assert state.phase == "rolled_back"

    def test_states_survive_bytes(self) -> None:
        for state in (TMixtureState(), CertificateState(), DetectorState([0.1] * 4), SharpeDifference().start()):
            assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=type(state)) == state


class TestPlan:
    def test_a_plan_grows_with_dependence_and_shrinks_with_pairing(self) -> None:
        alone = planning.plan(0.1, 1.0, 1.0, 0.0, pairs_a_day=1_000.0, limit_days=10.0)
        paired = planning.plan(0.1, 1.0, 1.0, 0.9, pairs_a_day=1_000.0, limit_days=10.0)
        dependent = planning.plan(0.1, 1.0, 1.0, 0.9, pairs_a_day=1_000.0, limit_days=10.0, inflation=3.0)
        assert alone.gain == pytest.approx(1.0)
        assert paired.pairs_unpaired == pytest.approx(alone.pairs)
        assert paired.pairs == pytest.approx(alone.pairs / 10.0)
        assert dependent.pairs == pytest.approx(3.0 * paired.pairs)
        assert paired.sequential_pairs < dependent.sequential_pairs < alone.sequential_pairs
        assert dependent.detectable == pytest.approx(paired.detectable * sqrt(3.0))
        assert paired.days == pytest.approx(paired.pairs / 1_000.0)

    @pytest.mark.parametrize("change", [{"difference": 0.0}, {"correlation": 1.0}, {"limit_days": 0.001}])
    def test_a_plan_without_a_difference_is_refused(self, change: dict[str, float]) -> None:
        numbers: dict[str, Any] = {
            "difference": 0.1,
            "sd_a": 1.0,
            "sd_b": 1.0,
            "correlation": 0.5,
            "limit_days": 10.0,
        } | change
        with pytest.raises(ConfigurationError, match="expected a difference that is not 0"):
            planning.plan(**numbers, pairs_a_day=1_000.0, batch=50)
