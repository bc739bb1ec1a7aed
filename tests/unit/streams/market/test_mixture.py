from math import prod
from random import Random

import pytest

from streams.market.mixture import Mixture
from streams.market.parameters import MixtureParameters
from streams.scoring.logistic import log_odds

OPINIONS = [[0.9, 0.5, 0.2], [0.6, 0.5, 0.7], [0.8, 0.5, 0.4]]


def test_without_sharing_it_is_the_rule_of_bayes() -> None:
    mixture = Mixture(MixtureParameters(rate=1.0, share=0.0), "abc")
    weights = mixture.start()
    for opinions in OPINIONS:
        mixture.learn(weights, opinions, up=True)
    likelihoods = [prod(opinions[expert] for opinions in OPINIONS) for expert in range(3)]
    assert weights == pytest.approx([likelihood / sum(likelihoods) for likelihood in likelihoods])
    assert mixture.pool(weights, [0.9, 0.5, 0.1]) == pytest.approx(log_odds(0.9) * (weights[0] - weights[2]))


def test_a_share_goes_back_to_the_prior() -> None:
    mixture = Mixture(MixtureParameters(rate=0.5, share=0.1), "ab")
    weights = mixture.start()
    mixture.learn(weights, [0.16, 0.64], up=False)  # roots of 0.84 and 0.36
    first = 0.84**0.5 / (0.84**0.5 + 0.36**0.5)
    assert weights == pytest.approx([0.9 * first + 0.05, 0.9 * (1 - first) + 0.05])


def test_belief_moves_to_the_expert_that_is_right_now() -> None:
    random, mixture = Random(1), Mixture(MixtureParameters(), "ab")
    weights = mixture.start()
    for label in range(4_000):
        up = random.random() < 0.8
        knows_first = label < 2_000
        mixture.learn(weights, [0.8, 0.2] if knows_first else [0.2, 0.8], up)
        if label == 1_999:
            assert weights[0] > 0.9
    assert weights[1] > 0.9
    assert sum(weights) == pytest.approx(1.0)


def test_certain_and_wrong_for_long_leaves_finite_weights() -> None:
    mixture = Mixture(MixtureParameters(rate=1.0, share=0.0), "ab")
    weights = mixture.start()
    for _ in range(10_000):
        mixture.learn(weights, [1e-6, 0.5], up=True)
    assert weights == [0.0, 1.0]


def test_a_label_of_half_worth_moves_half_as_far() -> None:
    mixture = Mixture(MixtureParameters(rate=1.0, share=0.0), "ab")
    once, twice = mixture.start(), mixture.start()
    mixture.learn(once, [0.8, 0.3], up=True)
    for _ in range(2):
        mixture.learn(twice, [0.8, 0.3], up=True, uniqueness=0.5)
    assert twice == pytest.approx(once)


def test_belief_starts_and_ends_up_where_the_prior_says() -> None:
    mixture = Mixture(MixtureParameters(share=0.5, prior={"b": 3.0}), ("a", "b"))
    weights = mixture.start()
    assert weights == [0.25, 0.75]
    weights[:] = [1.0, 0.0]
    for _ in range(60):
        mixture.learn(weights, [0.5, 0.5], up=True)
    assert weights == pytest.approx([0.25, 0.75])
