"""Experiments: every way to end, what holds a winner back, states that survive encoding, and error rates in replays."""

from functools import partial
from math import log, nan
from random import Random

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from schemas.errors import ConfigurationError, StateError
from schemas.outcomes import ArmOutcome, OutcomeMatured
from streams.experiments.engines.e_process_of_batch_means import log_e
from streams.experiments.evidence import Evidence
from streams.experiments.experiment import Experiment, ExperimentState, Status
from streams.experiments.pairs import Pair, pair_of
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.preflight import ends_of_batches, preflight, smallest_that_holds
from streams.experiments.standing import standing

pytestmark = pytest.mark.slow

QUICK = ExperimentParameters(primary="returns", batch=20, expected=800.0, longest=4_000, warmup=50)


def _pairs(seed: int, count: int, better: float = 0.0, **more: float) -> list[Pair]:
    """Random pairs: the live version has standard deviation 1, and so has the difference, whose mean is `better`."""
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
    def test_an_experiment_ends_with_the_verdict_that_fits_the_difference(
        self, status: Status, better: float, said: str
    ) -> None:
        state = self._ended(QUICK, _pairs(1, 5_000, better))
        assert state.status == status
        assert state.reason.startswith(said)
        assert f"{state.scored:,} pairs." in state.reason

    def test_equal_arms_are_no_different(self) -> None:
        state = self._ended(QUICK, [replace(pair, a_bps=pair.b_bps) for pair in _pairs(1, 600)])
        assert (state.status, state.scored) == ("no_difference", 400)

    def test_an_experiment_expires_where_nothing_is_shown(self) -> None:
        state = self._ended(replace(QUICK, beta=0.0, worth=0.01), _pairs(4, 5_000))
        assert (state.status, state.scored) == ("expired", 4_000)
        assert "No decision at the planned end, B stays" in state.reason

    def test_no_difference_is_a_verdict_at_the_planned_end_too(self) -> None:
        state = self._ended(replace(QUICK, beta=0.0, worth=0.2), _pairs(4, 5_000))
        assert state.status == "no_difference"
        assert "at the planned end" in state.reason

    def test_an_experiment_can_be_stopped_by_hand(self) -> None:
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

    def test_an_experiment_restored_anywhere_goes_on_bit_for_bit(self) -> None:
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

    def test_many_pairs_at_once_give_what_single_pairs_give(self) -> None:
        experiment, pairs = Experiment(FULL), _pairs(3, 2_000)
        one, other = experiment.start(), experiment.start()
        experiment.batch(one, pairs)
        for pair in pairs:
            experiment.update(other, pair)
        assert one == other

    def test_the_state_of_an_experiment_is_small(self) -> None:
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
            ({"longest": 100}, "expected longest of at least 600 pairs, was 100"),
            ({"plan": "group_sequential", "longest": 1_000}, "expected longest of at least 2000 pairs, was 1000"),
            ({"guardrails": {"returns": 0.1}}, "expected guardrails besides the primary"),
            ({"margin": 0.2}, "expected an effect worth finding above the margin"),
            ({"primary": "sharpe"}, "fix: primary 'risk_adjusted'"),
            ({"primary": "drawdown", "bound": 1.0}, "a drawdown is no score of a pair"),
        ],
    )
    def test_parameters_that_contradict_each_other_are_refused(self, changes: dict[str, object], sentence: str) -> None:
        with pytest.raises(ConfigurationError, match=sentence):
            replace(QUICK, **changes)

    def test_the_standing_of_an_experiment_shows_its_state(self) -> None:
        experiment = Experiment(FULL)
        state = experiment.start()
        pairs = _pairs(2, 1_050)
        experiment.batch(state, pairs)
        found = standing(experiment, state)
        assert (found.status, found.pairs, found.scored, found.batches) == ("running", 1_050, 1_000, 50)
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.effect < found.high
        wins = sum((pair.a_bps > 0.0) - (pair.b_bps > 0.0) for pair in pairs[50:])
        a, b = (np.array([getattr(pair, name) for pair in pairs[50:]]) for name in ("a_bps", "b_bps"))
        assert found.sharpe_difference == pytest.approx(a.mean() / a.std() - b.mean() / b.std())
        by_name = {each.metric: each for each in found.guardrails}
        scale = np.std([pair.a_bps - pair.b_bps for pair in pairs[:50]], ddof=1)
        assert by_name["returns"].effect == pytest.approx(float((a - b).mean()) / float(scale))
        assert by_name["win_rate"].effect == pytest.approx(wins / 1_000)
        loss = [
            log(pair.a_up / 0.5) if pair.label > 0 else log((1.0 - pair.a_up) / 0.5) if pair.label < 0 else 0.0
            for pair in pairs[50:]
        ]
        assert by_name["log_loss"].effect == pytest.approx(float(np.mean(loss)))
        assert by_name["log_loss"].kept == (by_name["log_loss"].log_e >= -log(0.05))


def test_a_pair_has_the_results_of_both_arms_of_an_outcome() -> None:
    arms = tuple(
        ArmOutcome(name, "v", "s", up, 1.0, net, net) for name, up, net in (("live", 0.6, 2.0), ("x", 0.7, 3.0))
    )
    outcome = OutcomeMatured("o", "p", "X", 9, 1, 8, 1.0, 1.1, 1_000.0, 1, "r", arms, {}, "h", {})
    assert pair_of(outcome, "x", "live") == Pair("p", 9, 3.0, 2.0, 0.7, 0.6, 1)
    assert pair_of(outcome, "gone", "live") is None


def test_a_verdict_against_the_challenger_takes_twice_the_evidence_and_as_many_batches() -> None:
    parameters = replace(QUICK, beta=0.0)
    experiment = Experiment(parameters)
    state, path = experiment.start(), []
    for pair in _pairs(5, 4_000, -0.15):
        if experiment.update(state, pair) and state.scored:
            n, mean, sse = experiment.evidence.moments(state.evidence, parameters.primary)
            path.append((n, log_e(n, -mean, sse, experiment.g)))
    assert state.status == "harm"
    of_a_winner = [n for n, worse in path if worse >= experiment.threshold]
    twice = [n for n, worse in path if worse >= experiment.threshold + log(2.0) and n >= parameters.minimum_batches]
    assert of_a_winner[0] < twice[0] == path[-1][0]


class TestPreflight:
    """The replays that find error rates; `SHORT` has the longest run that a test has time for."""

    SHORT = replace(QUICK, longest=3_000)

    @staticmethod
    def rare_losses() -> list[Pair]:
        """Pairs with a small gain nearly always and a large loss rarely, which most short batches do not contain."""
        random = Random(1)
        return [Pair("", at, -1.0 if random.random() < 0.01 else 0.01, 0.0) for at in range(10_000)]

    def test_the_pre_flight_passes_on_independent_pairs_and_finds_a_planted_difference(self) -> None:
        history = _pairs(1, 1_500, 0.7)
        assert preflight(history, self.SHORT, replications=40).passed, "the difference is taken out"
        assert preflight(history, self.SHORT, replications=40, shift=0.3).wins > 35

    def test_the_guard_holds_where_batches_are_too_short(self) -> None:
        random = np.random.default_rng(1)
        sums = np.convolve(random.normal(size=6_099), np.ones(100), mode="valid")
        history = [Pair("", at, net, 0.0) for at, net in enumerate(sums.tolist())]
        found = preflight(history, replace(QUICK, batch=5, expected=800.0, longest=6_000), replications=40)
        assert found.autocorrelation_time > 30.0
        assert found.passed, "the guard refuses to decide on batches that depend on each other"

    def test_the_pre_flight_fails_where_the_test_does_not_fit_the_data(self) -> None:
        history = self.rare_losses()
        found = preflight(history, replace(self.SHORT, batch=5), replications=60)
        assert found.wins > 6
        assert not found.passed
        assert "do NOT hold" in found.sentence
        assert preflight(history, replace(QUICK, batch=300, longest=9_000), replications=60).passed

    def test_the_pre_flight_finds_the_batch_size_that_the_data_need(self) -> None:
        history = self.rare_losses()
        replay = partial(preflight, history, replications=60)
        found = smallest_that_holds(replay, QUICK, 10, len(history))
        assert found is not None
        assert 20 < found < 320
        assert not replay(replace(QUICK, batch=10)).passed
        assert smallest_that_holds(replay, QUICK, 10, 199) is None

    def test_the_pre_flight_replays_the_registered_length_not_that_of_the_history(self) -> None:
        """One side is better in a part of the history: replays 20 times as long as others are wrong more often."""
        random = Random(5)
        history = [Pair("", at, random.gauss(0.25 if at % 2_000 < 800 else 0.0, 1.0), 0.0) for at in range(2_000)]
        errors = [
            preflight(history, replace(QUICK, batch=20, longest=longest), replications=100)
            for longest in (1_500, 30_000)
        ]
        assert [found.longest for found in errors] == [1_500, 30_000]
        assert errors[0].wins + errors[0].harms < errors[1].wins + errors[1].harms

    def test_batches_are_those_of_the_experiment_itself(self) -> None:
        """The replays close the same batches as the experiment, by count and by the clock."""
        random = Random(2)
        pairs = [Pair(f"{at}", 10 * at + random.randrange(10), random.gauss(0.2, 1.0), 0.0) for at in range(2_000)]
        times = np.array([pair.ts_event for pair in pairs])
        for parameters in (replace(QUICK, batch=7), replace(QUICK, batch=7, clock_ns=100)):
            evidence, closed, count = Evidence(parameters), [], 0
            state = evidence.start()
            for at, pair in enumerate(pairs):
                struck = parameters.clock_ns > 0 and evidence.strikes(state, pair.ts_event)
                if struck:
                    closed.append(at)
                if evidence.update(state, pair, [0.0] * len(evidence.scored)):
                    closed.append(at + 1)
                count = state.count
            assert ends_of_batches(times, parameters) == closed
            assert len(closed) > 100
            assert count < 20

    def test_the_pre_flight_needs_enough_pairs(self) -> None:
        with pytest.raises(ConfigurationError, match="expected a history of at least 400 scored pairs"):
            preflight(_pairs(1, 449), QUICK)
        with pytest.raises(ConfigurationError, match="a score for a pair"):
            preflight(_pairs(1, 6_000), replace(QUICK, primary="drawdown"))
