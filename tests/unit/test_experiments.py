"""Sequential engines: golden values of the design, batch = loop, states that survive bytes, every way to end."""

from math import cos, exp, inf, isfinite, log, nan, sin, sqrt
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.errors import ConfigurationError, StateError
from schemas.outcomes import ArmOutcome, OutcomeMatured
from streams.experiments import batches, fixed_horizon, group_sequential, planning, t_mixture
from streams.experiments.batches import Batches
from streams.experiments.certificate import Certificate, CertificateState
from streams.experiments.e_detector import DetectorState, EDetector
from streams.experiments.experiment import Experiment, ExperimentState, Status
from streams.experiments.multiplicity import ELond, Ledger, e_bh, e_holm, holm
from streams.experiments.pairs import Pair, pair_of
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.preflight import preflight
from streams.experiments.sharpe_difference import SharpeDifference
from streams.experiments.standing import fixed_horizon as unlocked
from streams.experiments.standing import standing
from streams.experiments.t_mixture import TMixture, TMixtureState
from streams.experiments.watch import Watch, WatchState

STREAM = [0.1 + 0.3 * sin(i) + 0.2 * cos(0.37 * i * i) for i in range(1, 1001)]
QUICK = ExperimentParameters(primary="returns", batch=20, expected=800.0, longest=4_000, warmup=50)


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-6)


class TestGolden:
    def test_group_sequential_bounds(self) -> None:
        assert group_sequential.obrien_fleming(5, 0.05) == [
            near(bound) for bound in (4.561742, 3.225639, 2.633723, 2.280871, 2.040073)
        ]

    @pytest.mark.parametrize(("looks", "error"), [(5, 0.14169), (10, 0.19336), (20, 0.24791)])
    def test_peeking(self, looks: int, error: float) -> None:
        times = [look / looks for look in range(1, looks + 1)]
        found = sum(group_sequential.crossing(times, [1.959963984540054] * looks))
        assert round(found, 5) == error

    @pytest.mark.parametrize(("effect", "pairs"), [(0.5, 33.367131), (0.2, 198.150821)])
    def test_pairs_for_a_paired_t_test(self, effect: float, pairs: float) -> None:
        assert planning.pairs_for_t(effect) == near(pairs)

    @pytest.mark.parametrize(
        ("n", "t", "g", "log_e"), [(20, 3, 1, 2.13233652), (100, 3, 0.01, 1.78140713), (50, -2.5, 0.1, 1.57942898)]
    )
    def test_two_sided_evidence(self, n: int, t: float, g: float, log_e: float) -> None:
        assert t_mixture.log_e_two_sided(n, t, n * (n - 1.0), g) == near(log_e)

    def test_one_sided_evidence(self) -> None:
        assert exp(t_mixture.log_e(20, 3.0, 20 * 19.0, 1.0)) == near(16.8053196266)

    @pytest.mark.parametrize(("batch", "log_e"), [(1, 71.5565041400), (10, 58.0228069391)])
    def test_engine_1_on_a_stream(self, batch: int, log_e: float) -> None:
        engine = TMixture(batch, expected=500.0, alpha=0.05)
        state = engine.start()
        for score in STREAM:
            engine.update(state, score)
        assert engine.log_e(state) == near(log_e)

    def test_engine_2_on_a_stream(self) -> None:
        engine, state = Certificate(bound=1.0, optimal=100.0, alpha=0.05), CertificateState()
        for score in STREAM:
            engine.update(state, score)
        assert state.variance == near(76.39837505463416)
        assert engine.log_e(state) == near(34.7852025582)

    def test_mcnemar(self) -> None:
        assert fixed_horizon.mcnemar(30, 10).p == near(0.0022214338)


class TestEngine1:
    def test_the_confidence_sequence_is_where_the_evidence_stays_below(self) -> None:
        low, high = t_mixture.interval(60, 0.1, 70.0, 0.2, 0.05)
        for end in (low, high):
            assert t_mixture.log_e_two_sided(60, 0.1 - end, 70.0, 0.2) == pytest.approx(-log(0.05))
        assert t_mixture.interval(2, 0.1, 1.0, 0.2, 0.05) == (-inf, inf)
        assert t_mixture.interval(0, 0.0, 0.0, 0.2, 0.05) == (-inf, inf)

    def test_directions_make_the_two_sided_evidence_together(self) -> None:
        """The mixture over both directions is the mean of those over each."""
        for mean in (-0.4, 0.0, 0.3):
            both = 0.5 * exp(t_mixture.log_e(30, mean, 40.0, 0.1)) + 0.5 * exp(t_mixture.log_e(30, -mean, 40.0, 0.1))
            assert both == pytest.approx(exp(t_mixture.log_e_two_sided(30, mean, 40.0, 0.1)))

    def test_tails_that_underflow_go_on_smoothly(self) -> None:
        values = [t_mixture.log_student(3_000, -x / 10) for x in range(300, 500)]
        steps = np.diff(values)
        assert all(isfinite(value) for value in values)
        assert (steps < 0.0).all()
        assert np.abs(np.diff(steps)).max() < 0.02

    def test_scores_without_spread(self) -> None:
        assert t_mixture.log_e(20, 0.0, 0.0, 0.1) < 0.0
        assert t_mixture.log_e(20, 0.5, 0.0, 0.1) > 10.0
        assert t_mixture.log_e(20, -0.5, 0.0, 0.1) < -2.0

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

    def test_underflow_far_below_the_mean(self) -> None:
        engine = Certificate(bound=1.0, optimal=10_000.0, alpha=0.05)
        values = [engine.log_e(CertificateState(1, total, 10_000.0)) for total in np.linspace(-11_500.0, -1.0, 500)]
        assert all(isfinite(value) for value in values)
        assert np.diff(values).min() >= -1e-6


def test_engine_3_is_the_delta_method() -> None:
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
    n, mean, sse = engine.moments(state)
    assert mean / sqrt(sse / (n - 1) / n) == pytest.approx(difference / error)


def test_spending_spends_alpha_at_any_times() -> None:
    for spending in ("obrien_fleming", "pocock"):
        times = [0.13, 0.5, 0.55, 1.0]
        bounds = group_sequential.lan_demets(times, 0.05, spending)
        assert sum(group_sequential.crossing(times, bounds)) == pytest.approx(0.05, abs=1e-9)


def test_multiplicity_by_hand() -> None:
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


def _pairs(seed: int, count: int, better: float = 0.0, **more: float) -> list[Pair]:
    """Champion with standard deviation 1, challenger that much better with a difference of standard deviation 1."""
    random, pairs = Random(seed), []
    for number in range(count):
        b, label = random.gauss(0.0, 1.0), random.choice((-1, 0, 1))
        a = b + random.gauss(better, 1.0) * more.get("spread", 1.0)
        pairs.append(Pair(f"ticks:0:{number}", number, a, b, random.uniform(0.2, 0.8), 0.5, label))
    return pairs


FULL = ExperimentParameters(
    primary="risk_adjusted",
    guardrails={
        "returns": 0.1,
        "log_growth": 0.1,
        "win_rate": 0.1,
        "log_loss": 0.1,
        "drawdown": 5.0,
        "sharpe": 0.1,
    },
    bound=1_000.0,
    batch=20,
    expected=800.0,
    longest=4_000,
    warmup=50,
    beta=0.0,
)


class TestExperiment:
    def _ended(self, parameters: ExperimentParameters, pairs: list[Pair]) -> ExperimentState:
        experiment = Experiment(parameters)
        state = experiment.start()
        experiment.batch(state, pairs)
        return state

    @pytest.mark.parametrize(
        ("status", "better", "said"),
        [
            ("winner", 0.4, "A is better (asymptotic): log e-value"),
            ("harm", -0.4, "A is worse, B stays: log e-value"),
            ("futile", -0.05, "An effect of 0.1 is not to be hoped for, B stays"),
        ],
    )
    def test_ends(self, status: Status, better: float, said: str) -> None:
        state = self._ended(QUICK, _pairs(1, 5_000, better))
        assert state.status == status
        assert state.reason.startswith(said)
        assert f"{state.scored:,} pairs." in state.reason

    def test_equal_arms_are_no_different(self) -> None:
        state = self._ended(QUICK, [replace(pair, a_bps=pair.b_bps) for pair in _pairs(1, 600)])
        assert (state.status, state.scored) == ("no_difference", 400)

    def test_it_expires_where_nothing_is_shown(self) -> None:
        state = self._ended(replace(QUICK, beta=0.0, worth=0.01), _pairs(4, 5_000))
        assert (state.status, state.scored) == ("expired", 4_000)
        assert "No decision at the planned end, B stays" in state.reason

    def test_no_difference_is_a_verdict_at_the_planned_end_too(self) -> None:
        state = self._ended(replace(QUICK, beta=0.0, worth=0.2), _pairs(4, 5_000))
        assert state.status == "no_difference"
        assert "at the planned end" in state.reason

    def test_it_is_stopped_by_hand(self) -> None:
        experiment = Experiment(QUICK)
        state = experiment.start()
        experiment.batch(state, _pairs(1, 100))
        experiment.stop(state, "the exchange closed")
        assert (state.status, state.reason) == ("stopped", "Stopped after 50 scored pairs: the exchange closed.")
        before = msgspec.msgpack.encode(state)
        experiment.batch(state, _pairs(2, 100))
        experiment.stop(state, "again")
        assert msgspec.msgpack.encode(state) == before, "what is over is over"

    def test_group_sequential_decides_at_planned_looks_only(self) -> None:
        parameters = replace(QUICK, plan="group_sequential", beta=0.0)
        state = self._ended(parameters, _pairs(1, 5_000, 0.15))
        assert state.status == "winner"
        assert state.scored % 800 == 0
        assert "at a planned look" in state.reason
        assert self._ended(parameters, _pairs(1, 5_000, -0.15)).status == "harm"

    def test_more_challengers_need_more_evidence(self) -> None:
        alone, among = (self._ended(replace(QUICK, challengers=k, beta=0.0), _pairs(4, 5_000, 0.1)) for k in (1, 20))
        assert alone.status == among.status == "winner"
        assert alone.scored < among.scored

    def test_dependent_batches_hold_the_decision(self) -> None:
        random, level, pairs = Random(3), 0.0, []
        for number in range(4_100):
            level = 0.999 * level + random.gauss(0.0, 0.1)
            pairs.append(Pair(f"ticks:0:{number}", number, level + 0.5, random.gauss(0.0, 0.1)))
        state = self._ended(QUICK, pairs)
        assert (state.status, state.holding) == ("expired", "dependent batches")
        assert "because of: dependent batches" in state.reason

    def test_a_guardrail_holds_a_winner(self) -> None:
        pairs = [replace(pair, a_up=0.4 if pair.label > 0 else 0.6) for pair in _pairs(1, 5_000, 0.4)]
        state = self._ended(replace(QUICK, guardrails={"log_loss": 0.05}), pairs)
        assert (state.status, state.holding) == ("expired", "guardrail log_loss")
        assert self._ended(replace(QUICK, guardrails={"log_loss": 0.5}), pairs).status == "winner"

    def test_recent_batches_hold_a_winner(self) -> None:
        pairs = _pairs(1, 650, 1.5) + [replace(pair, a_bps=pair.b_bps - 0.9) for pair in _pairs(2, 450)]
        parameters = replace(QUICK, minimum_batches=52, recent=20)
        experiment = Experiment(parameters)
        state, held = experiment.start(), []
        for pair in pairs:
            experiment.update(state, pair)
            held.append(state.holding)
        assert "minimum run time" not in held[-1]
        assert state.status == "running"
        assert "dependent batches" in held or "recent batches contradict" in held

    def test_rejected_pairs_are_counted_and_hold_a_winner(self) -> None:
        odd = [replace(pair, a_bps=nan) if at % 20 == 0 else pair for at, pair in enumerate(_pairs(1, 5_000, 0.4))]
        state = self._ended(QUICK, odd)
        assert (state.status, state.holding) == ("expired", "too many rejected pairs")
        few = [pair for at, pair in enumerate(odd) if at % 20 or not at]
        assert self._ended(QUICK, few).rejected == 1
        assert self._ended(QUICK, few).status == "winner"
        unlikely = replace(odd[1], a_up=1.0)
        assert not unlikely.sound()

    def test_a_bound_certifies_or_holds(self) -> None:
        certified = self._ended(replace(QUICK, bound=6.0), _pairs(1, 5_000, 0.8))
        assert certified.reason.startswith("A is better (certified)")
        violated = self._ended(replace(QUICK, bound=0.5), _pairs(1, 5_000, 0.8))
        assert (violated.status, violated.holding) == ("expired", "bound violated")

    def test_a_restart_anywhere_changes_no_bit(self) -> None:
        experiment, random = Experiment(FULL), Random(5)
        state, restarted = experiment.start(), experiment.start()
        for pair in _pairs(2, 3_000, 0.05):
            told = experiment.update(state, pair)
            if random.random() < 0.2:
                restarted = msgspec.msgpack.decode(msgspec.msgpack.encode(restarted), type=ExperimentState)
            assert experiment.update(restarted, pair) == told
        assert msgspec.msgpack.encode(restarted) == msgspec.msgpack.encode(state)
        assert state.scored > 1_000
        assert standing(experiment, restarted) == standing(experiment, state)

    def test_batch_is_the_loop(self) -> None:
        experiment, pairs = Experiment(FULL), _pairs(3, 2_000)
        one, other = experiment.start(), experiment.start()
        experiment.batch(one, pairs)
        for pair in pairs:
            experiment.update(other, pair)
        assert one == other

    def test_its_state_is_small(self) -> None:
        state = self._ended(FULL, _pairs(2, 3_500, 0.02))
        assert len(msgspec.msgpack.encode(state)) < 4_096
        assert len(msgspec.json.encode(state)) < 4_096

    def test_parameters_are_registered(self) -> None:
        state = Experiment(QUICK).start()
        with pytest.raises(StateError, match="parameters are registered before the start"):
            Experiment(replace(QUICK, alpha=0.01)).update(state, _pairs(1, 1)[0])
        assert replace(QUICK, alpha=0.01).digest() != QUICK.digest()

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"longest": 100}, "expected longest of at least"),
            ({"guardrails": {"returns": 0.1}}, "expected guardrails besides the primary"),
            ({"margin": 0.2}, "expected an effect worth finding above the margin"),
            ({"primary": "sharpe"}, "fix: primary 'risk_adjusted'"),
            ({"primary": "drawdown", "bound": 1.0}, "a drawdown is no score of a pair"),
        ],
    )
    def test_parameters_that_contradict_themselves(self, changes: dict[str, object], sentence: str) -> None:
        with pytest.raises(ConfigurationError, match=sentence):
            replace(QUICK, **changes)

    def test_standing_tells_what_the_state_holds(self) -> None:
        experiment = Experiment(FULL)
        state = experiment.start()
        pairs = _pairs(2, 1_050)
        experiment.batch(state, pairs)
        found = standing(experiment, state)
        assert (found.status, found.pairs, found.scored, found.batches) == ("running", 1_050, 1_000, 50)
        assert found.low < found.effect < found.high
        assert found.only_a == sum(pair.a_bps > 0.0 >= pair.b_bps for pair in pairs[50:])
        a, b = (np.array([getattr(pair, name) for pair in pairs[50:]]) for name in ("a_bps", "b_bps"))
        assert found.sharpe_difference == pytest.approx(a.mean() / a.std() - b.mean() / b.std())
        by_name = {each.metric: each for each in found.guardrails}
        scale = np.std([pair.a_bps - pair.b_bps for pair in pairs[:50]], ddof=1)
        assert by_name["returns"].effect == pytest.approx(float((a - b).mean()) / float(scale))
        assert by_name["win_rate"].effect == pytest.approx((found.only_a - found.only_b) / 1_000)
        loss = [
            log(pair.a_up / 0.5) if pair.label > 0 else log((1.0 - pair.a_up) / 0.5) if pair.label < 0 else 0.0
            for pair in pairs[50:]
        ]
        assert by_name["log_loss"].effect == pytest.approx(float(np.mean(loss)))
        assert by_name["log_loss"].kept == (by_name["log_loss"].log_e >= -log(0.05))
        assert unlocked(experiment, state) is None, "not before the planned number of pairs"

    def test_tests_of_one_look_unlock_at_the_planned_end(self) -> None:
        experiment = Experiment(replace(QUICK, beta=0.0, worth=0.01))
        state = experiment.start()
        experiment.batch(state, _pairs(4, 5_000))
        found = unlocked(experiment, state)
        assert found is not None
        assert found[0].p > 0.05
        assert found[1] == fixed_horizon.mcnemar(state.evidence.only_a, state.evidence.only_b)


def test_a_pair_of_an_outcome() -> None:
    arms = tuple(
        ArmOutcome(name, "v", "s", up, 1.0, net, net) for name, up, net in (("live", 0.6, 2.0), ("x", 0.7, 3.0))
    )
    outcome = OutcomeMatured("o", "p", "X", 9, 1, 8, 1.0, 1.1, 1_000.0, 1, "r", arms, {}, "h", {})
    assert pair_of(outcome, "x", "live") == Pair("p", 9, 3.0, 2.0, 0.7, 0.6, 1)
    assert pair_of(outcome, "gone", "live") is None


class TestPreflight:
    def test_it_passes_on_independent_pairs_and_finds_what_is_planted(self) -> None:
        history = _pairs(1, 1_500, 0.7)
        assert preflight(history, QUICK, replications=40).passed, "the difference is taken out"
        assert preflight(history, QUICK, replications=40, shift=0.3).wins > 35

    def test_it_fails_where_batches_are_too_short(self) -> None:
        random = np.random.default_rng(1)
        sums = np.convolve(random.normal(size=6_099), np.ones(100), mode="valid")
        history = [Pair("", at, net, 0.0) for at, net in enumerate(sums.tolist())]
        found = preflight(history, replace(QUICK, batch=5, expected=800.0, longest=6_000), replications=40)
        assert found.autocorrelation_time > 30.0
        assert found.passed, "the guard refuses to decide on batches that depend on each other"

    def test_it_needs_enough(self) -> None:
        with pytest.raises(ConfigurationError, match="expected a history of at least 650 pairs"):
            preflight(_pairs(1, 600), QUICK)
        with pytest.raises(ConfigurationError, match="a score for a pair"):
            preflight(_pairs(1, 6_000), replace(QUICK, primary="drawdown"))


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
        watch = Watch(EDetector(run=20_000.0), canary=100, confirmed=300)
        state, restarted = watch.start(), watch.start()
        random, phases = Random(1), []
        for _ in range(400):
            worse = random.gauss(0.0, 1.0)
            restarted = msgspec.msgpack.decode(msgspec.msgpack.encode(restarted), type=WatchState)
            assert watch.update(state, worse) == watch.update(restarted, worse)
            phases.append(state.phase)
        assert restarted == state
        assert list(dict.fromkeys(phases)) == ["canary", "promoted", "confirmed"]
        assert any(watch.update(state, 1.0) for _ in range(200)), "a confirmed version is rolled back too"
        assert state.phase == "rolled_back"

    def test_states_survive_bytes(self) -> None:
        for state in (TMixtureState(), CertificateState(), DetectorState([0.1] * 4), SharpeDifference().start()):
            assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=type(state)) == state
