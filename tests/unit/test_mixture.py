from math import prod
from random import Random

import pytest

from streams.mixture import Mixture, MixtureParameters

OPINIONS = [[0.9, 0.5, 0.2], [0.6, 0.5, 0.7], [0.8, 0.5, 0.4]]


def test_without_sharing_it_is_the_rule_of_bayes() -> None:
    mixture = Mixture(MixtureParameters(rate=1.0, share=0.0))
    weights = mixture.start(3)
    for opinions in OPINIONS:
        mixture.learn(weights, opinions, up=True)
    likelihoods = [prod(opinions[expert] for opinions in OPINIONS) for expert in range(3)]
    assert weights == pytest.approx([likelihood / sum(likelihoods) for likelihood in likelihoods])
    assert mixture.mix(weights, [0.9, 0.5, 0.1]) == pytest.approx(
        0.9 * weights[0] + 0.5 * weights[1] + 0.1 * weights[2]
    )


def test_a_share_is_spread_evenly() -> None:
    mixture = Mixture(MixtureParameters(rate=0.5, share=0.1))
    weights = mixture.start(2)
    mixture.learn(weights, [0.16, 0.64], up=False)  # roots of 0.84 and 0.36
    first = 0.84**0.5 / (0.84**0.5 + 0.36**0.5)
    assert weights == pytest.approx([0.9 * first + 0.05, 0.9 * (1 - first) + 0.05])


def test_belief_moves_to_the_expert_that_is_right_now() -> None:
    random, mixture = Random(1), Mixture(MixtureParameters())
    weights = mixture.start(2)
    for label in range(4_000):
        up = random.random() < 0.8
        knows_first = label < 2_000
        mixture.learn(weights, [0.8, 0.2] if knows_first else [0.2, 0.8], up)
        if label == 1_999:
            assert weights[0] > 0.9
    assert weights[1] > 0.9
    assert sum(weights) == pytest.approx(1.0)


def test_certain_and_wrong_for_long_leaves_finite_weights() -> None:
    mixture = Mixture(MixtureParameters(rate=1.0, share=0.0))
    weights = mixture.start(2)
    for _ in range(10_000):
        mixture.learn(weights, [1e-6, 0.5], up=True)
    assert weights == [0.0, 1.0]
