"""On real ticks, equal versions do not win, a planted difference is found, and a repeated t-test is wrong.

The default is a quick run; `TICKLOOP_STATISTICS=full` takes every file and more replays.
"""

import os

import pytest

from streams.experiments.experiment import Experiment
from streams.experiments.preflight import preflight
from streams.experiments.scores import Scores
from tests.statistical.error_rates import one_look_t, peeking_t
from tests.statistical.experiments_on_ticks import HORIZONS_NS, TEST, pairs_of, planted, resampled
from tests.support.places import DATA

FULL = os.environ.get("TICKLOOP_STATISTICS", "") == "full"
FILES = list(HORIZONS_NS) if FULL else ["ethusdt-perp-20240808"]
REPLAYS = 400 if FULL else 100
TICKS = 100_000

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no real ticks beside the checkout")


@pytest.mark.parametrize("file", FILES)
def test_the_same_arm_twice_never_wins(file: str) -> None:
    pairs = pairs_of(file, "twin", TICKS)
    assert len(pairs) > 3_000
    assert all(pair.a_up == pair.b_up and pair.a_bps == pair.b_bps for pair in pairs), "a twin is the same, bit for bit"
    experiment = Experiment(TEST)
    state = experiment.start()
    experiment.batch(state, list(pairs))
    assert state.status != "winner"


@pytest.mark.parametrize("file", FILES)
def test_arms_of_equal_merit_do_not_win_where_a_peeking_t_test_does(file: str) -> None:
    pairs = pairs_of(file, "rival", TICKS)
    found = preflight(pairs, TEST, REPLAYS)
    centred = resampled(pairs, REPLAYS, 10 * TEST.batch, seed=5)
    peeking, one_look = peeking_t(centred), one_look_t(centred)
    print(
        f"{file}, {len(pairs):,} pairs, {REPLAYS} replays without a difference: the experiment names a winner in "
        f"{found.wins}, harm in {found.harms}; a t-test says 5 % in {peeking} when looked at after every pair, in "
        f"{one_look} at one look"
    )
    assert found.wins <= 0.05 * REPLAYS
    assert found.passed, found.sentence
    assert peeking >= 0.6 * REPLAYS, "the control that must fail"


@pytest.mark.parametrize("file", FILES)
def test_a_planted_skill_difference_of_a_tenth_is_found(file: str) -> None:
    pairs = planted(pairs_of(file, "twin", TICKS), 0.1, seed=3)
    scorer = Scores(("log_loss",), TEST.warmup, TEST.memory)
    state = scorer.start()
    scores = [scored[0] for pair in pairs if (scored := scorer.update(state, pair)) is not None]
    planted_effect = sum(scores) / len(scores)
    found = preflight(pairs, TEST, REPLAYS, shift=planted_effect)
    print(f"{file}: {planted_effect:+.4f} nats a pair are found in {found.wins} of {REPLAYS} replays")
    assert found.wins >= 0.9 * REPLAYS
    assert found.harms == 0
