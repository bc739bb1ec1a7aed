"""Computes what a pipeline with given models would have predicted at the times of stored outcomes."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET

from schemas.models import ModelState
from streams.engine.faults import Faults
from streams.market.arm_parameters import ArmParameters
from streams.market.arms import Arms, ArmState
from streams.market.models.signed_logistic import SignedLogistic, SignedLogisticLearner
from streams.market.parameters import MarketParameters
from streams.market.pending import Opinion
from streams.retraining.beginning import Beginning
from streams.retraining.labels import Labelled

Overrides = Mapping[str, Mapping[str, Any]]


def rerun(beginning: Beginning, log: Sequence[Labelled], market: MarketParameters, overrides: Overrides) -> list[float]:
    """Probability of an upward move for each stored outcome, as a new arm with the given models would predict it.

    An arm is one of the variants of the pipeline that run side by side on a symbol. The arm has the same mixture,
    correction and calibration as the live one, but all in their initial state. It learns from an outcome as soon as
    that outcome was known.

    Args:
        beginning: models that the arm begins with; they are not changed.
        log: outcomes in the order of their predictions.
        market: parameters of the symbol.
        overrides: parameters of the arm that differ from the symbol's, by table and name.

    Raises:
        ConfigurationError: an arm of this symbol cannot begin with these models.
        ModelRefused: the numbers of the further model are not valid.
    """
    arms, arm = _begun(beginning, market, overrides)
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


def opinions_alone(
    beginning: Beginning, log: Sequence[Labelled], market: MarketParameters, overrides: Overrides
) -> list[float]:
    """Probability of an upward move for each stored outcome by one model alone, which does not learn meanwhile.

    The model is the further model, or the logistic regression if there is no further one. Arguments and errors are
    those of `rerun`.
    """
    if beginning.expert is None:
        learner = SignedLogisticLearner(market.model)
        return [learner.opinion(beginning.model, each.features) for each in log]
    arms, arm = _begun(beginning, market, overrides)
    place, faults = arms.models.names.index(beginning.expert.name), Faults()
    return [arms.models.opinions(arm.models, each.features, faults)[place] for each in log]


def _begun(beginning: Beginning, market: MarketParameters, overrides: Overrides) -> tuple[Arms, ArmState]:
    """A new arm as `ArmParameters.begin` starts it, with copies of the models."""
    variants, model, expert = ArmParameters(market), beginning.model, beginning.expert
    # The logistic regression may hold numbers that are not finite: the gates say so.
    brought = ModelState("rerun", None, expert=expert or UNSET)
    arms = variants[variants.checked(overrides, brought, from_live=False)[0]].arms
    copy = SignedLogistic(list(model.weights), list(model.mean_squares), list(model.scales), model.n_seen)
    arm = arms.start("rerun", "rerun", 0, copy)
    if expert is not None:
        arm.models[arms.models.names.index(expert.name)] = arms.models.load(expert.name, expert.model)
    return arms, arm
