"""The labelled log of one symbol: what a retrain needs of each outcome, and nothing else."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from schemas.errors import TickloopError
from schemas.outcomes import OutcomeMatured
from streams.market.baselines import BASELINES
from streams.market.overlap import Overlap, OverlapState
from streams.parameters import MarketParameters


class Labelled(Struct, frozen=True, array_like=True):
    """One outcome.

    Attributes:
        ts, matured: event times of the prediction and of its outcome, ns.
        label: sign of the move.
        features: of the model, in its order, as they were when it was predicted.
        rules: opinions of the rule strategies.
        live: stored probability of the version that was live.
        version: its name.
        baselines: their opinions.
        regime: at prediction time.
        return_bps, cost_bps: realised move, and cost of a round trip.
        worth: of the label, see `Overlap`; 0 where nothing moved.
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
    worth: float


class OutcomeLog:
    """Takes outcomes of one symbol in the order of their ids and keeps the last ones.

    Args:
        market: parameters of the symbol.
        most: outcomes that are kept.
    """

    def __init__(self, market: MarketParameters, most: int) -> None:
        self._features = market.model.features
        self._rules = market.strategies.enabled
        self._overlap = Overlap(market.horizon_ns)
        self._overlaps = OverlapState()
        self._most = most
        self._labels: list[Labelled] = []

    def __len__(self) -> int:
        return len(self._labels)

    def add(self, outcome: OutcomeMatured) -> None:
        """Take one outcome.

        Raises:
            TickloopError: it lacks a feature or an opinion: it was made with other parameters.
        """
        worth = self._overlap.learn(self._overlaps, outcome.ts_prediction) if outcome.label else 0.0
        try:
            features = [outcome.features[name] for name in self._features]
            rules = [outcome.experts[name] for name in self._rules]
        except KeyError as missing:
            raise TickloopError(
                f"expected {missing} in outcome {outcome.id}; fix: read the log with the parameters it was made with"
            ) from missing
        self._labels.append(
            Labelled(
                outcome.ts_prediction,
                outcome.ts_event,
                outcome.label,
                features,
                rules,
                outcome.arms[0].probability,
                outcome.arms[0].model_version,
                [outcome.baselines.get(name, 0.5) for name in BASELINES],
                outcome.regime,
                outcome.return_bps,
                outcome.cost_bps,
                worth,
            )
        )
        # Dropped in large pieces: a slice each time would cost more than the rest.
        if len(self._labels) >= 2 * self._most:
            del self._labels[: -self._most]

    def last(self, until: int | None = None) -> Sequence[Labelled]:
        """What is kept, the oldest first; with `until` only what had matured at that event time, ns."""
        found = self._labels if until is None else [each for each in self._labels if each.matured <= until]
        return found[-self._most :]


def outcome_log(outcomes: Iterable[OutcomeMatured], market: MarketParameters, most: int) -> OutcomeLog:
    """Log of `outcomes`, of one symbol."""
    log = OutcomeLog(market, most)
    for outcome in outcomes:
        log.add(outcome)
    return log
