"""Rerun of a new arm with a given model over stored outcomes, as it would have run in shadow."""

from collections.abc import Sequence

from streams.engine.faults import Faults
from streams.market.arms import Arms
from streams.market.models.signed_logistic import SignedLogistic
from streams.market.parameters import MarketParameters
from streams.market.pending import Opinion
from streams.retraining.labels import Labelled


def rerun(model: SignedLogistic, log: Sequence[Labelled], market: MarketParameters) -> list[float]:
    """Probabilities of a new arm with `model`: of each outcome before its label, learning each as it matured.

    The arm is that of the live pipeline: mixture, correction and calibration start as they would in shadow. `model`
    itself is not changed.
    """
    arms = Arms(market)
    copy = SignedLogistic(list(model.weights), list(model.mean_squares), list(model.scales), model.n_seen)
    arm = arms.start("rerun", "rerun", 0, copy)
    faults = Faults()
    opinions: list[Opinion] = []
    learned = 0
    for each in log:
        while learned < len(opinions) and log[learned].matured <= each.ts:
            past = log[learned]
            if past.label:
                arms.learn(arm, opinions[learned], past.rules, past.features, past.label > 0, past.uniqueness, faults)
            learned += 1
        opinions.append(arms.opinion(arm, each.rules, each.features, faults))
    return [opinion.probability for opinion in opinions]
