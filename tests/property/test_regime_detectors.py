"""Properties that every detector of market regimes must have."""

from collections.abc import Sequence
from math import sqrt
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import convert, msgpack

from streams.market.regime import DETECTORS, REGIMES, Detector, Regime, RegimeParameters, detector
from streams.market.regime.hmm import Hmm
from streams.market.regime.parameters import HmmParameters

Answers = list[tuple[Regime, float]]

detectors = pytest.mark.parametrize("name", DETECTORS)
seeds = st.integers(0, 2**32)


def _changes(seed: int, count: int) -> list[float]:
    """Random returns in bps, with still and lively periods, drifts and jumps."""
    random = Random(seed)
    changes: list[float] = []
    while len(changes) < count:
        size, moving, drift = random.choice((0.01, 1.0, 8.0)), random.choice((0.03, 0.5, 1.0)), random.gauss(0.0, 0.3)
        changes += [
            size * random.gauss(drift, 1.0) if random.random() < moving else 0.0
            for _ in range(random.randrange(20, 400))
        ]
    changes[random.randrange(count)] = random.choice((-1e4, 1e4, 5e3))
    return changes[:count]


def _rows(operator: Detector, changes: Sequence[float]) -> list[tuple[float, ...]]:
    variance, rows = 0.0, []
    for change in changes:
        variance += 0.03 * (change * change - variance)
        values = {"return_1": change, "ewma_volatility": sqrt(variance)}
        rows.append(tuple(values[need] for need in operator.needs))
    return rows


def _told(name: str, changes: Sequence[float]) -> Answers:
    operator = detector(RegimeParameters(detector=name))
    state = operator.start()
    return [operator.advance(state, row) for row in _rows(operator, changes)]


def _restored(operator: Detector, state: Any) -> Any:
    return convert(msgpack.decode(msgpack.encode(state)), operator.state)


@detectors
@settings(max_examples=25, deadline=None)
@given(seed=seeds, cut=st.integers(0, 799), other=seeds)
def test_later_quotes_do_not_change_earlier_answers(name: str, seed: int, cut: int, other: int) -> None:
    changes = _changes(seed, 800)
    assert _told(name, changes[:cut] + _changes(other, 800)[cut:])[:cut] == _told(name, changes)[:cut]


@detectors
@settings(max_examples=25, deadline=None)
@given(seed=seeds, every=st.integers(1, 50))
def test_a_restored_state_goes_on_bit_for_bit(name: str, seed: int, every: int) -> None:
    operator = detector(RegimeParameters(detector=name))
    kept, stored = operator.start(), operator.start()
    for number, row in enumerate(_rows(operator, _changes(seed, 800))):
        if number % every == 0:
            stored = _restored(operator, stored)
            assert operator.current(stored) == operator.current(kept)
        assert operator.advance(stored, row) == operator.advance(kept, row)
    assert msgpack.encode(stored) == msgpack.encode(kept)


@detectors
@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_an_answer_is_a_regime_with_a_probability_and_holds_until_the_next_one(name: str, seed: int) -> None:
    operator = detector(RegimeParameters(detector=name))
    state = operator.start()
    sizes = set()
    for row in _rows(operator, _changes(seed, 2_000)):
        regime, probability = answer = operator.advance(state, row)
        assert regime in REGIMES
        assert 0.0 <= probability <= 1.0
        assert operator.current(state) == answer
        sizes.add(len(msgpack.encode(state)))
    assert max(sizes) < 600


@detectors
@settings(max_examples=25, deadline=None)
@given(seed=seeds, power=st.sampled_from((0.25, 2.0, 64.0)))
def test_a_mirrored_or_scaled_market_has_the_same_regimes(name: str, seed: int, power: float) -> None:
    changes = _changes(seed, 800)
    told = _told(name, changes)
    assert _told(name, [-change for change in changes]) == told
    assert _told(name, [power * change for change in changes]) == told


@detectors
@pytest.mark.parametrize("change", [0.0, 1e-13, 1e-6, 3.0, 1e4])
def test_a_constant_return_breaks_no_detector(name: str, change: float) -> None:
    told = _told(name, [change] * 60_000)
    assert {regime.volatile for regime, _ in told[1_000:]} == {False}
    assert told[-1][0].trending == (change > 1e-9)


@detectors
def test_after_a_jump_and_a_pause_a_detector_answers_mostly_as_before(name: str) -> None:
    random = Random(8)
    lively = [random.gauss(0.0, 1.0 if number // 500 % 4 else 3.0) for number in range(6_000)]
    told = _told(name, [*lively, 100.0, *([0.0] * 300), *lively])
    before, after = told[2_000:6_000], told[-4_000:]
    same = sum(one[0].volatile is other[0].volatile for one, other in zip(before, after, strict=True))
    assert same > 3_200


@settings(max_examples=40, deadline=None)
@given(seed=seeds, at=st.integers(50, 1_500))
def test_the_order_of_the_levels_does_not_matter(seed: int, at: int) -> None:
    operator = Hmm(HmmParameters(dwell=5))
    kept, swapped = operator.start(), operator.start()
    for number, row in enumerate(_rows(operator, _changes(seed, 2_000))):
        if number == at and swapped.activity.levels:
            activity = swapped.activity
            first, second = swapped.activity.levels
            activity.levels = second, first
            activity.for_still, activity.for_move, activity.for_square = (
                -activity.for_still,
                -activity.for_move,
                -activity.for_square,
            )
        expected, answer = operator.advance(kept, row), operator.advance(swapped, row)
        assert answer[0] is expected[0]
        assert answer[1] == pytest.approx(expected[1], abs=1e-6)
