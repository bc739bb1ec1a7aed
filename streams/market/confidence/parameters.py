"""Parameters of the calibrators and of the rule to stand aside."""

from typing import Annotated

from msgspec import Meta, Struct

from streams.engine.bounds import MOST, MOST_KEPT, Positive


class TemperatureParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of temperature scaling.

    Attributes:
        memory: labels over which the information on the slope decays.
        prior: information that the slope of 1 starts with; one label of log-odds z adds p (1 - p) z^2.
        lowest, highest: bounds of the slope.
        trust: fraction of the distance from slope 1 that is applied at first.
        share: fraction of `trust` that returns to its start at a label of uniqueness 1 (fixed share).
    """

    memory: Annotated[int, Meta(ge=2, le=MOST)] = 5_000
    prior: Positive = 100.0
    lowest: Positive = 0.2
    highest: Positive = 3.0
    trust: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.1
    share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0005


class BinsParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of histogram binning.

    Attributes:
        bins: of equal width, over confidences from 0.5 to 1.
        memory: labels over which the counts of a bin decay.
        prior: labels that the confidence of a bin counts for, against its observed accuracy.
    """

    bins: Annotated[int, Meta(ge=1, le=100)] = 10
    memory: Annotated[int, Meta(ge=2, le=MOST)] = 1_000
    prior: Positive = 10.0


class ConformalParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the conformal sets.

    Attributes:
        coverage: fraction of moves whose side must be in the set.
        step: how far the level moves at each label.
        memory: labels that the scores are counted over.
    """

    coverage: Annotated[float, Meta(gt=0.5, lt=1.0)] = 0.9
    step: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.02
    memory: Annotated[int, Meta(ge=10, le=MOST_KEPT)] = 500
