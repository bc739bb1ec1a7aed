"""The outcomes of one symbol, reduced to what a retrain needs, as a list called the log.

A log ends with the last outcome that the retrain may use, and its first outcome is found by counting back from there.
So a log depends neither on how far back outcomes were read, nor on later outcomes.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.errors import TickloopError
from schemas.outcomes import OutcomeMatured
from streams.market.feature_users import vector_of_models
from streams.market.parameters import MarketParameters
from streams.scoring import label_uniqueness
from streams.scoring.baselines import BASELINES
from streams.scoring.label_uniqueness import UniquenessState

SPARE: Final = 1_000
"""Labels kept before the first that is trained on: uniqueness depends on some hundreds of earlier labels."""

OUTCOMES_A_LABEL: Final = 4
"""Outcomes kept for each label; if fewer of them move, a retrain has fewer labels."""


def begins_at(labels: Sequence[int], most: int) -> int:
    """Index in `labels` of the first outcome that a retrain needs; -1 if it needs more outcomes than there are.

    A retrain needs the latest `most + SPARE` outcomes in which the mid moved, where `SPARE` is 1,000, and all outcomes
    between these. It never needs more than the latest `4 * most + SPARE` outcomes in all.

    Args:
        labels: label of each outcome, the oldest first: sign of the move, 0 if the mid did not move.
        most: largest number of labels that a retrain learns from.

    >>> begins_at([1, -1] * 5_000, most=500), begins_at([1, -1] * 50, most=500), begins_at([0] * 5_000, most=500)
    (8500, -1, 2000)
    """
    moved = 0
    longest = OUTCOMES_A_LABEL * most + SPARE
    for back, label in enumerate(reversed(labels), 1):
        moved += label != 0
        if moved == most + SPARE or back == longest:
            return len(labels) - back
    return -1


class Labelled(Struct, frozen=True, array_like=True):
    """One outcome, reduced to what a retrain needs.

    Attributes:
        ts, matured: event times of the prediction and of its outcome, ns since 1970, UTC.
        label: sign of the move; 0 if the mid did not move.
        features: values of all features that models may look at, at prediction time: first those of the logistic
            regression, in the order of `vector_of_models`.
        rules: probability of an upward move by each rule strategy.
        live: probability of an upward move by the version that was live, whose predictions were published.
        version: name of the version that was live.
        baselines: probability of an upward move by each baseline.
        regime: regime at prediction time.
        return_bps: realised move, bps.
        cost_bps: cost of a round trip, bps.
        uniqueness: weight of the label in learning, 0 to 1; the more the label overlaps in time with earlier labels,
            the lower. 0 if the mid did not move, and until `OutcomeLog.last` computes the weight.
        horizon_ns: how far ahead the prediction looked, ns.
    """

    ts: int
    matured: int
    label: int
    features: list[float]
    rules: list[float]
    live: float
    version: str
    baselines: list[float]
    regime: str
    return_bps: float
    cost_bps: float
    uniqueness: float
    horizon_ns: int


class OutcomeLog:
    """Outcomes of one symbol, added in the order of their ids; the oldest are dropped when no retrain can need them.

    Args:
        market: parameters of the symbol.
        most: largest number of labels that a retrain learns from.
    """

    def __init__(self, market: MarketParameters, most: int) -> None:
        self._features = vector_of_models(market)
        self._rules = market.strategies.enabled
        self._most = most
        self._kept = OUTCOMES_A_LABEL * most + SPARE
        self._generation = 0
        self._labels: list[Labelled] = []

    def __len__(self) -> int:
        return len(self._labels)

    def add(self, outcome: OutcomeMatured) -> None:
        """Add one outcome; drop all earlier ones if event time or price unit of the symbol changed abruptly before it.

        Such a change shows in the outcome's `generation`, which differs from that of the outcomes before.

        Raises:
            TickloopError: the outcome lacks a feature or a strategy, so it was made with other parameters.
        """
        if outcome.generation and outcome.generation != self._generation:
            # Times of different generations cannot be compared, so training and hold-out could not be kept apart.
            self._generation = outcome.generation
            self._labels.clear()
        try:
            features = [outcome.features[name] for name in self._features]
            rules = [outcome.experts[name] for name in self._rules]
        except KeyError as missing:
            raise TickloopError(
                f"expected {missing} in outcome {outcome.id}; fix: read the log with the parameters it was made with"
            ) from missing
        self._labels.append(
            Labelled(
                ts=outcome.ts_prediction,
                matured=outcome.ts_event,
                label=outcome.label,
                features=features,
                rules=rules,
                live=outcome.arms[0].probability,
                version=outcome.arms[0].model_version,
                baselines=[outcome.baselines.get(name, 0.5) for name in BASELINES],
                regime=outcome.regime,
                return_bps=outcome.return_bps,
                cost_bps=outcome.cost_bps,
                uniqueness=0.0,
                horizon_ns=outcome.horizon_ns,
            )
        )
        # Dropped in large pieces: a slice each time would cost more than the rest.
        if len(self._labels) >= 2 * self._kept:
            del self._labels[: -self._kept]

    def last(self, until: int | None = None) -> Sequence[Labelled]:
        """The outcomes that a retrain uses, the oldest first, each with the weight (uniqueness) of its label.

        Args:
            until: event time, ns; only outcomes that were known at `until` are used. None: all outcomes.
        """
        found = self._labels if until is None else [each for each in self._labels if each.matured <= until]
        found = found[max(0, begins_at([each.label for each in found], self._most)) :]
        state, learn = UniquenessState(), label_uniqueness.update
        uniquenesses = [learn(state, each.ts, each.horizon_ns) if each.label else 0.0 for each in found]
        shown = OUTCOMES_A_LABEL * self._most
        return [
            replace(each, uniqueness=uniqueness)
            for each, uniqueness in zip(found[-shown:], uniquenesses[-shown:], strict=True)
        ]


def outcome_log(outcomes: Iterable[OutcomeMatured], market: MarketParameters, most: int) -> OutcomeLog:
    """An `OutcomeLog` filled with outcomes of one symbol.

    Args:
        outcomes: outcome records in the order of their ids.
        market: parameters of the symbol.
        most: largest number of labels that a retrain learns from.
    """
    log = OutcomeLog(market, most)
    for outcome in outcomes:
        log.add(outcome)
    return log
