"""Makes outcomes, the records of what followed a prediction, and tells which arms learn from an outcome.

An outcome is made when the horizon of its prediction has ended. An arm is one of the variants of the
pipeline that run side by side on a symbol.
"""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from schemas.names import MODEL
from schemas.outcomes import ArmOutcome, OutcomeMatured
from streams.engine.faults import Faults
from streams.market.arms import ArmState
from streams.market.pending import ArmPrediction, Pending
from streams.scoring import baselines


def outcome(
    pending: Pending,
    record_id: str,
    ts_event: int,
    mid: float,
    symbol: str,
    horizon_ns: int,
    features_hash: str,
    rules: tuple[str, ...],
    features: tuple[str, ...],
    weights: dict[str, float],
    generation: int | UnsetType,
    silent: tuple[str, ...] | UnsetType = UNSET,
) -> OutcomeMatured:
    """Return the record of a prediction whose horizon has ended: what happened, and what each arm predicted.

    Args:
        pending: the prediction, as it was kept.
        record_id: id of the new record.
        ts_event: event time of the first tick at or after the end of the horizon, ns.
        mid: reference price at the end of the horizon, quote currency.
        symbol: symbol of the prediction.
        horizon_ns: how far ahead the prediction looked, ns.
        features_hash: digest of the features' names and parameters.
        rules: names of the rule strategies.
        features: names of the features, in the order of `pending.features`.
        weights: present weight of each expert (strategy or model) of the arm that is live.
        generation: how often the time or the price unit of the symbol has changed abruptly; unset if never.
        silent: what `silent_models` returned.
    """
    return_bps = (mid / pending.mid - 1.0) * 1e4
    cost_bps = pending.cost_bps
    live = pending.stances[0]
    experts = dict(zip(rules, pending.rules, strict=True))
    regime = pending.regime
    if live.own is not None:
        experts |= zip(live.own.strategies, live.own.rules, strict=True)
        regime = live.own.regime
    experts[MODEL] = live.opinion.of_model
    if live.models:
        experts |= zip(live.models, live.opinion.of_models, strict=True)
    return OutcomeMatured(
        id=record_id,
        prediction_id=pending.id,
        symbol=symbol,
        ts_event=ts_event,
        ts_prediction=pending.ts_event,
        horizon_ns=horizon_ns,
        mid=pending.mid,
        mid_matured=mid,
        return_bps=return_bps,
        label=1 if mid > pending.mid else -1 if mid < pending.mid else 0,
        regime=regime,
        arms=tuple(
            [
                ArmOutcome(
                    prediction.name,
                    prediction.version,
                    _leading(prediction, rules),
                    prediction.opinion.probability,
                    prediction.position,
                    prediction.position * return_bps,
                    prediction.position * return_bps - abs(prediction.position) * cost_bps,
                )
                for prediction in pending.stances
            ]
        ),
        experts=experts,
        features_hash=features_hash,
        features=dict(zip(features, pending.features, strict=True)),
        baselines=baselines.by_name(pending.called.opinions),
        cost_bps=cost_bps,
        weights=weights,
        generation=generation,
        silent=silent,
    )


def silent_models(faults: Faults, pending: Pending) -> tuple[str, ...] | UnsetType:
    """Return the further models of the live arm for which one half stood in when a prediction was made.

    An arm is one of the variants of the pipeline that run side by side on a symbol. Further models are those beside
    its logistic regression. A model counts if it said exactly one half, and has failed or lost its numbers in this arm.

    Args:
        faults: failures of the components of the symbol so far.
        pending: the prediction, as it was kept.

    Returns:
        Names of the models; unset: there are none, or the arm runs no more.
    """
    live = pending.stances[0]
    own = faults.of_arm(live.number) if live.models else {}
    if not own:
        return UNSET
    silent = [
        name
        for name, said in zip(live.models, live.opinion.of_models, strict=True)
        if said == 0.5 and (f"model {name}" in own or f"model {name} emptied" in own)
    ]
    return tuple(silent) or UNSET


def _leading(prediction: ArmPrediction, rules: tuple[str, ...]) -> str:
    """Name of the expert with the largest weight in an arm."""
    own, place = prediction.own, prediction.opinion.expert
    strategies = rules if own is None else own.strategies
    if place < len(strategies):
        return strategies[place]
    place -= len(strategies)
    return prediction.models[place - 1] if place else MODEL


def is_plain(outcome: OutcomeMatured) -> bool:
    """Whether an outcome surely stays the same when encoded as JSON and decoded, because its numbers are finite floats.

    False is also returned if the sum of finite numbers is too large for a float.

    >>> from msgspec.structs import replace
    >>> arm = ArmOutcome("live", "v1", "flat", 0.5, 0.0, 0.0, 0.0)
    >>> plain = OutcomeMatured("i", "p", "X", 2, 1, 1, 9.0, 9.0, 0.0, 0, "calm-range", (arm,), {}, "", {"spread": 1.0})
    >>> is_plain(plain), is_plain(replace(plain, features={"spread": float("inf")}))
    (True, False)
    """
    total = outcome.mid + outcome.mid_matured + outcome.return_bps + outcome.cost_bps
    for arm in outcome.arms:
        total += arm.probability + arm.position_size + arm.gross_bps + arm.net_bps
    numbers = [
        *outcome.experts.values(),
        *outcome.features.values(),
        *outcome.baselines.values(),
        *outcome.weights.values(),
    ]
    for number in numbers:
        if type(number) is not float:
            return False
        total += number
    # NaN and infinity differ from themselves; so does an overflow of the sum, which only costs the encoding.
    return total - total == 0.0


def learning_arms(arms: Sequence[ArmState], stances: Sequence[ArmPrediction]) -> list[tuple[ArmState, int]]:
    """Return the arms that learn from a prediction, each with the index of the opinion in `stances` that it uses.

    An arm is one of the variants of the pipeline that run side by side on a symbol. It learns with the opinion that it
    had when the prediction was made. If it started later as a copy of another arm, it learns with the opinion of that
    arm. If `stances` has neither opinion, the arm does not learn. Neither does it learn from an opinion that was formed
    in a world (features, regime and strategies) that it does not have.

    Args:
        arms: arms that run now.
        stances: opinion and position of each arm that ran when the prediction was made.
    """
    numbers = [prediction.number for prediction in stances]
    learners = []
    for arm in arms:
        number = arm.number if arm.number in numbers else arm.twin
        if number in numbers:
            place = numbers.index(number)
            if (arm.world is None) == (stances[place].own is None):
                learners.append((arm, place))
    return learners
