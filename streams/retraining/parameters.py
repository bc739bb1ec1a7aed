"""Parameters of retraining: the fits, the conditions on new models, and the test of a new model beside the live one."""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import force_setattr, replace

from streams.engine.bounds import Duration
from streams.experiments.declaration import Declaration, WatchParameters
from streams.experiments.parameters import ExperimentParameters

TRIAL = Declaration(
    apply="automatic",
    test=ExperimentParameters(
        primary="log_loss", worth=0.01, batch=100, expected=2_000.0, warmup=100, minimum_batches=20, longest=20_000
    ),
    watch=WatchParameters(run=10_000.0, canary=500, confirmed=5_000, block=20, calibration=0.05),
)
"""The test of a candidate in shadow, and the watch over it once it is live."""


class TreesFitParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How retrains fit ensembles of decision trees beside logistic regressions.

    Attributes:
        enabled: whether retrains fit trees. Fitting needs LightGBM; if it is not installed, a retrain goes
            on without trees and says so in its result.
        trees: largest number of trees of an ensemble.
        leaves: largest number of leaves of a tree.
        learning_rate: factor on what each tree adds to the log-odds.
        least_labels: smallest number of labels that trees are fitted to; with fewer, a retrain fits no
            trees.
        labels_a_tree: labels for each tree, so that few labels give few trees.
        least_labels_a_leaf: smallest number of labels in a leaf. Each label is learned twice, as it is and
            mirrored (for a market in which rises are falls), and counts twice here.
        l2: penalty on the squares of what leaves add to the log-odds (`lambda_l2` of LightGBM).
        rows: fraction of the labels that each tree is fitted to.
        columns: fraction of the features that each tree may look at.
        prior: starting weight of the trees in the mixture of a candidate, as in `mixture.prior`. It has no
            effect if `[market.mixture.prior]` itself gives a weight to `trees`.
    """

    enabled: bool = True
    trees: Annotated[int, Meta(ge=1, le=200)] = 100
    leaves: Annotated[int, Meta(ge=2, le=30)] = 8
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.06
    least_labels: Annotated[int, Meta(ge=20, le=1_000_000)] = 1_000
    labels_a_tree: Annotated[int, Meta(ge=1, le=1_000_000)] = 20
    least_labels_a_leaf: Annotated[int, Meta(ge=1, le=1_000_000)] = 80
    l2: Annotated[float, Meta(ge=0.0, le=1e6)] = 10.0
    rows: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.7
    columns: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.7
    prior: Annotated[float, Meta(gt=0.0, le=1e6)] = 16.0


class ModelsFitParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How retrains teach the models of `[market.models]` that learn (kinds `river` and `own`) anew.

    Attributes:
        enabled: whether retrains teach these models.
        least_labels: smallest number of labels that a model is taught; with fewer, a retrain teaches none.
        most_labels: largest number of labels that a model is taught, the newest; it bounds the time of a
            retrain. Each label is learned once.
        prior: starting weight of the taught model in the mixture of a candidate, as in `mixture.prior`. It
            has no effect if `[market.mixture.prior]` itself gives a weight to the model.
    """

    enabled: bool = True
    least_labels: Annotated[int, Meta(ge=20, le=1_000_000)] = 500
    most_labels: Annotated[int, Meta(ge=20, le=100_000)] = 2_000
    prior: Annotated[float, Meta(gt=0.0, le=1e6)] = 16.0


class RetrainParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of retrains and of the tests of candidates (retrained models).

    All counts are of outcomes in which the mid moved. The hold-out is the latest of these outcomes, which are kept out
    of the training. A gate is a condition that a candidate must meet on the hold-out.

    Attributes:
        labels: largest number of labels that a retrain uses.
        validation_share: fraction of the labels that becomes the hold-out; if a change in the market was found, a
            fraction of the labels since the change.
        least_validated, most_validated: bounds of the number of held-out labels; within these bounds the hold-out is
            made long enough to span 18 horizons.
        least_trained: smallest number of labels that a model is fitted to.
        learning_rate: learning rate of the fits; 0: the same as the learning rate of the running model.
        level: error rate of one gate, which is divided by the number of models compared. So a retrain proposes a
            candidate that is no better than the live version at most this often, however many models it compares.
        calibration_tolerance: tolerance of the gate on calibration, nats. The gate compares surprise: log-loss less the
            log-loss that the forecast itself leads to expect. The candidate's surprise may exceed the live version's by
            this much.
        candidates: largest number of candidates tested at the same time on one symbol.
        cool_down_ns: time after an automatic roll-back during which no automatic retrain starts, ns of event time.
        trial: experiment that tests a candidate beside the live version and monitors the candidate once it is live. The
            error rate of the experiment is divided by the number of its challengers, which is at least `candidates`.
        trees: how ensembles of trees are fitted, which are compared beside the logistic regressions.
        models: how models of `[market.models]` are taught anew, which are compared likewise.

    >>> RetrainParameters(candidates=3).trial.test.challengers, RetrainParameters(candidates=1).trial.test.challengers
    (3, 1)
    """

    labels: Annotated[int, Meta(ge=100, le=1_000_000)] = 20_000
    validation_share: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.4
    least_validated: Annotated[int, Meta(ge=20, le=1_000_000)] = 200
    most_validated: Annotated[int, Meta(ge=20, le=1_000_000)] = 2_000
    least_trained: Annotated[int, Meta(ge=20, le=1_000_000)] = 150
    learning_rate: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0
    level: Annotated[float, Meta(gt=0.0, lt=0.5)] = 0.1
    calibration_tolerance: Annotated[float, Meta(ge=0.0, le=0.5)] = 0.03
    candidates: Annotated[int, Meta(ge=1, le=3)] = 2
    cool_down_ns: Duration = 600_000_000_000
    trial: Declaration = TRIAL
    trees: TreesFitParameters = TreesFitParameters()
    models: ModelsFitParameters = ModelsFitParameters()

    def __post_init__(self) -> None:
        """Divide the error rate of the test by the number of candidates that may be tested at the same time."""
        test = self.trial.test
        if test.challengers < self.candidates:
            shared = replace(self.trial, test=replace(test, challengers=self.candidates))
            force_setattr(self, "trial", shared)
