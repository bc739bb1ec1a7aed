"""Fits models to the outcomes of a symbol, and makes the directives that run a fitted model live.

Directives are records in the log of ticks that start, promote or stop a variant of the pipeline.
"""

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
    """Collects the labels (directions of realised moves) of one symbol, and fits models to these labels.

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
        """Fit a model to all labels so far, and yield the directives that make it live.

        Directives are records in the log of ticks that start, promote or stop an arm, one of the variants of the
        pipeline that run side by side on a symbol. Here they start an arm with the model, make this arm live (its
        predictions are published), and stop the arm of the model fitted before, if there is one.

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
    """Return a new model that has learned the given labels.

    Args:
        labels: for each label the features, whether the mid moved up, and a weight from 0 to 1. They are learned in
            this order.
        parameters: parameters of the model, which starts from the weights `prior` in them.
        passes: how often the whole list of labels is learned.
    """
    learner = SignedLogisticLearner(replace(parameters, learns=True))
    model = signed_logistic.start(parameters)
    for _ in range(passes):
        for values, up, uniqueness in labels:
            learner.learn(model, values, up, uniqueness)
    return model
