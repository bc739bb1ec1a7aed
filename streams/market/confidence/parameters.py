"""Parameters of the two built-in calibrators and of the conformal sets."""

from typing import Annotated

from msgspec import Meta, Struct

from streams.engine.bounds import MOST, MOST_KEPT, Positive


class TemperatureParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the calibrator `temperature`, which multiplies log-odds by a learned slope.

    Attributes:
        memory: number of labels (known outcomes) over which the slope is learned; older labels fade.
        prior: information (inverse variance) on the slope at the start, when the slope is 1. A label adds
            `p * (1 - p) * z**2`, where z is the uncalibrated log-odds and p the probability calibrated with
            the full slope.
        lowest, highest: bounds of the slope.
        trust: fraction of the difference between the slope and 1 that is applied at the start; each label
            changes this fraction.
        share: how far the applied fraction returns towards `trust` at each label, as a fraction of the
            distance between the two; less at a label that overlaps others in time.
    """

    memory: Annotated[int, Meta(ge=2, le=MOST)] = 5_000
    prior: Positive = 100.0
    lowest: Positive = 0.2
    highest: Positive = 3.0
    trust: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.1
    share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0005


class BinsParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the calibrator `bins`, which corrects the probability of the predicted side bin by bin.

    Attributes:
        bins: number of bins of equal width, over confidences from 0.5 to 1.
        memory: number of labels (known outcomes) in a bin over which its accuracy is observed; older labels fade.
        prior: number of labels in a bin at which its observed accuracy counts as much as the uncalibrated confidence.
    """

    bins: Annotated[int, Meta(ge=1, le=100)] = 10
    memory: Annotated[int, Meta(ge=2, le=MOST)] = 1_000
    prior: Positive = 10.0


class ConformalParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the conformal sets, which hold the sides (up, down) that are probable enough.

    Attributes:
        coverage: fraction of moves whose side (up or down) is to be in the set.
        step: how fast the sets adapt. The fraction of labels that may be outside their sets changes at each label by
            `step * (1 - coverage - outside)`, where `outside` is 1 if the label's side was outside its set, else 0.
        memory: number of labels (known outcomes) over which scores are counted; older labels fade. A score is 1 less
            the probability of the side that came.
    """

    coverage: Annotated[float, Meta(gt=0.5, lt=1.0)] = 0.9
    step: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.02
    memory: Annotated[int, Meta(ge=10, le=MOST_KEPT)] = 500
