from math import log
from random import Random

import pytest

from streams.market.fixed_share import updated_weight

PRIOR = 0.1


def _course(seed: int, truth: str, labels: int = 400) -> tuple[float, float, float, float]:
    """Mean log-loss with the addition, without it and with the mixture, and the final weight of the addition.

    Args:
        seed: seed of the random numbers.
        truth: which of the two is right.
        labels: number of labels.
    """
    random, trust = Random(seed), PRIOR
    lost_with, lost_without, lost_mixed = 0.0, 0.0, 0.0
    for _ in range(labels):
        with_it, without = random.uniform(0.05, 0.95), random.uniform(0.05, 0.95)
        up = random.random() < (with_it if truth == "with" else without)
        mixed = trust * with_it + (1.0 - trust) * without
        lost_with -= log(with_it if up else 1.0 - with_it)
        lost_without -= log(without if up else 1.0 - without)
        lost_mixed -= log(mixed if up else 1.0 - mixed)
        trust = updated_weight(trust, with_it, without, up, 1.0, PRIOR, share=0.0)
    return lost_with, lost_without, lost_mixed, trust


@pytest.mark.parametrize("seed", range(5))
def test_what_does_not_help_costs_no_more_than_its_prior_says(seed: int) -> None:
    with_it, without, mixed, trust = _course(seed, "without")
    assert with_it > without
    assert mixed <= without - log(1.0 - PRIOR) + 1e-9
    assert trust < 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_what_helps_is_had_for_no_more_than_its_prior_says(seed: int) -> None:
    with_it, without, mixed, trust = _course(seed, "with")
    assert with_it < without
    assert mixed <= with_it - log(PRIOR) + 1e-9
    assert trust > 1.0 - 1e-6


def test_two_labels_of_half_worth_are_one() -> None:
    once = updated_weight(0.3, 0.8, 0.4, True, 1.0, PRIOR, share=0.0)
    twice = 0.3
    for _ in range(2):
        twice = updated_weight(twice, 0.8, 0.4, True, 0.5, PRIOR, share=0.0)
    assert twice == pytest.approx(once)


def test_a_mirrored_market_moves_the_weight_alike() -> None:
    assert updated_weight(0.3, 0.8, 0.4, True, 0.7, PRIOR, 0.01) == pytest.approx(
        updated_weight(0.3, 1.0 - 0.8, 1.0 - 0.4, False, 0.7, PRIOR, 0.01)
    )


@pytest.mark.parametrize("up", [True, False])
def test_a_weight_never_becomes_too_small_to_come_back(up: bool) -> None:
    trust = PRIOR
    for _ in range(10_000):
        trust = updated_weight(trust, 1e-6, 1.0 - 1e-6, up, 1.0, PRIOR, share=0.005)
        assert 0.0 < trust < 1.0
    assert trust == pytest.approx(0.0005 if up else 1.0 - 0.0045)
