"""Fits models to the outcomes of a symbol, and makes directives: records in the log of ticks that run a model live."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from schemas.models import ModelState
from schemas.outcomes import OutcomeMatured
from schemas.ticks import Directive
from streams.market.models import signed_logistic
from streams.market.models.parameters import SignedLogisticParameters
from streams.market.models.signed_logistic import SignedLogistic, SignedLogisticLearner
from streams.market.parameters import MarketParameters
from streams.scoring import label_uniqueness
from streams.scoring.label_uniqueness import UniquenessState

PASSES = 3
"""Passes over the labels of a fit."""

Label = tuple[list[float], bool, float]
"""Features of the model at prediction time, whether the mid moved up, and the uniqueness of the label, 0 to 1."""


class LabelledLog:
    """Collects the labels (directions of realised moves) of one symbol and fits models to them.

    Args:
        symbol: symbol of the outcomes.
        market: parameters of the symbol.
    """

    def __init__(self, symbol: str, market: MarketParameters) -> None:
        self.symbol = symbol
        self._parameters = market.model
        self._uniqueness = UniquenessState()
        self._labels: list[Label] = []
        self._fits = 0

    def add(self, outcome: OutcomeMatured) -> None:
        """Add the label of one outcome; an outcome in which the mid did not move has no label and is skipped."""
        if outcome.label:
            values = [outcome.features[name] for name in self._parameters.features]
            uniqueness = label_uniqueness.update(self._uniqueness, outcome.ts_prediction, outcome.horizon_ns)
            self._labels.append((values, outcome.label > 0, uniqueness))

    def promotion(self, ts_event: int) -> Iterator[Directive]:
        """Fit a model to all labels so far, and yield directives: records in the log of ticks that change what runs.

        They start the model, make it live, and stop the model that was fitted before, if there is one.

        Args:
            ts_event: event time of the directives, ns since 1970, UTC.
        """
        self._fits += 1
        version, before = f"fit-{self._fits}", f"fit-{self._fits - 1}" if self._fits > 1 else ""
        model = fit(self._labels, self._parameters)
        state = ModelState(version, signed_logistic.to_wire(model, self._parameters.features), before)
        arm, cause = f"arm-{self._fits}", "scheduled"
        yield Directive(
            id=f"start-{version}",
            symbol=self.symbol,
            ts_event=ts_event,
            action="start_arm",
            arm=arm,
            cause=cause,
            model=state,
        )
        yield Directive(
            id=f"promote-{version}", symbol=self.symbol, ts_event=ts_event, action="promote_arm", arm=arm, cause=cause
        )
        if before:
            yield Directive(
                id=f"stop-{before}", symbol=self.symbol, ts_event=ts_event, action="stop_arm", arm=before, cause=cause
            )


def fit(labels: Sequence[Label], parameters: SignedLogisticParameters, passes: int = PASSES) -> SignedLogistic:
    """A new model trained on labels in their order.

    Args:
        labels: for each label the features, whether the mid moved up, and a weight from 0 to 1.
        parameters: parameters of the model; it starts from their prior weights.
        passes: number of times that all labels are learned.
    """
    learner = SignedLogisticLearner(replace(parameters, learns=True))
    model = signed_logistic.start(parameters)
    for _ in range(passes):
        for values, up, uniqueness in labels:
            learner.learn(model, values, up, uniqueness)
    return model
