"""Computes what a pipeline with a given model would have predicted at the times of stored outcomes."""

from collections.abc import Sequence

from streams.engine.faults import Faults
from streams.market.arms import Arms
from streams.market.models.signed_logistic import SignedLogistic
from streams.market.parameters import MarketParameters
from streams.market.pending import Opinion
from streams.retraining.labels import Labelled


def rerun(model: SignedLogistic, log: Sequence[Labelled], market: MarketParameters) -> list[float]:
    """Probability of an upward move for each stored outcome, as a new pipeline with the given model would predict it.

    The pipeline has the same mixture, correction and calibration as the live one, but all in their initial state. It
    learns from an outcome as soon as that outcome was known.

    Args:
        model: the pipeline begins with a copy of this model, which itself is not changed.
        log: outcomes in the order of their predictions.
        market: parameters of the symbol.
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
